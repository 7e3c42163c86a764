"""Scores and embeddings as plots, in plotly's plain JSON, which the page draws."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from genomask.analysis.figure_style import COLOURS, MASKING_COLOUR
from genomask.reports.answer import Gain
from genomask.reports.cells import Cell
from genomask.reports.collect import MOST_POINTS, TITLES, Embedding
from genomask.reports.document import Plot, Section
from genomask.reports.statistics import Interval

GREY: Final = "#888888"
DASHES: Final = ("solid", "dash", "dot", "dashdot")
MOST_PICTURES: Final = 6  # of embeddings of a task
EMBEDDED: Final = (
    "Mean embeddings of test sequences on their first two principal components (PCA), coloured by label: {shown} of "
    "{all} embeddings at hand, up to {most:,} sequences each. A picture and no score: classes that overlap on this "
    "plane may be told apart in others."
)


def colour_of(kind: str) -> str:
    """The colour of a masking; grey for others, and for black, which a dark page would swallow."""
    return MASKING_COLOUR.get(kind, GREY).replace("#000000", GREY)


def line_styles(kinds: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Styles of lines by name, given what each is coloured by: a masking, or a classifier."""
    spare = [colour for colour in reversed(COLOURS) if colour != "#000000"]
    strangers = [kind for kind in dict.fromkeys(kinds.values()) if kind not in MASKING_COLOUR]
    styles, seen = {}, {}
    for name, kind in kinds.items():
        nth = seen[kind] = seen.get(kind, -1) + 1
        colour = spare[strangers.index(kind) % len(spare)] if kind in strangers else colour_of(kind)
        styles[name] = {
            "line": {"color": colour, "dash": DASHES[nth % len(DASHES)], "width": 2},
            "marker": {"size": 7, "symbol": nth % 8, "color": colour},
        }
    return styles


def scatter(mode: str, x: Sequence[int | float], y: Sequence[int | float | str], **others: Any) -> dict[str, Any]:
    """Points, lines or both as a trace of plotly's."""
    return {"type": "scatter", "mode": mode, "x": x, "y": y, **others}


def titled(**titles: str) -> dict[str, Any]:
    """A layout whose axes have these titles."""
    return {axis: {"title": {"text": title}} for axis, title in titles.items()}


def series(cells: list[Cell]) -> dict[str, list[Cell]]:
    """Cells of one task by line: a row over its numbers of shots, FS on or off as the policy has it.

    Rows that were chosen among variants are in none.
    """
    lines: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        if not cell.chosen:
            lines[cell.name].append(cell)
    return lines


def curves_section(cells: list[Cell]) -> Section:
    """Scores against shots, one plot for every task and score in which a row has several numbers of shots."""
    plots = []
    for score, title in TITLES.items():
        for task in dict.fromkeys(cell.task for cell in cells):
            own = [cell for cell in cells if cell.task == task and score in cell.scores]
            lines = series(own)
            if all(len(line) < 2 for line in lines.values()):
                continue
            styles = line_styles({name: line[0].kind for name, line in lines.items()})
            data = [_line(name, line, score, styles[name]) for name, line in lines.items()]
            ticks = dict(sorted({_x(cell): str(cell.shots) for cell in own}.items()))
            layout = titled(xaxis="examples per class", yaxis=title)
            layout["xaxis"] |= {
                "type": "log",
                "range": [np.log10(min(ticks) / 1.4), np.log10(max(ticks) * 1.4)],
                "tickvals": list(ticks),
                "ticktext": list(ticks.values()),
            }
            plots.append(Plot(task, data, layout, 380 + 9 * len(lines), title))
    return Section("curves", "Scores against shots", ["Mean and 95 % interval over runs."], [], plots)


def _line(name: str, line: list[Cell], score: str, style: dict[str, Any]) -> dict[str, Any]:
    summaries = [cell.summary(score) for cell in line]
    said = [f"{cell.label}<br>n = {item.n}, sd {item.sd or 0:.3f}" for cell, item in zip(line, summaries, strict=True)]
    means = [item.mean for item in summaries]
    return scatter(
        "lines+markers", [_x(cell) for cell in line], np.round(means, 5).tolist(), name=name, text=said,
        error_y=_bars(means, [item.interval for item in summaries]) | {"thickness": 1.5},
        hovertemplate="%{y:.3f} at %{x} shots<br>%{text}<extra></extra>", **style,
    )  # fmt: skip


def _bars(means: list[float], intervals: list[Interval | None]) -> dict[str, Any]:
    """Error bars from means to the ends of their intervals."""
    ends = [interval or (mean, mean) for mean, interval in zip(means, intervals, strict=True)]
    low, high = np.abs(np.array(ends).T - means).round(5).tolist()
    return {"type": "data", "symmetric": False, "array": high, "arrayminus": low}


def _x(cell: Cell) -> float:
    """Examples per class; for the full training set, its size over the number of classes."""
    full = not isinstance(cell.shots, int)
    return cell.result["n_train"] / len(cell.result["classes"]) if full else float(cell.shots)


def forest(title: str, gains: Mapping[str, list[Gain]]) -> list[Plot]:
    """Differences to a baseline with their 95 % intervals, one plot for every score that has any."""
    plots = []
    for score, rows in ((score, rows) for score, rows in gains.items() if rows):
        means = [row.difference for row in rows]
        trace = scatter(
            "markers", np.round(means, 5).tolist(), [row.label for row in rows], text=[row.n for row in rows],
            error_x=_bars(means, [row.interval for row in rows]) | {"color": GREY},
            marker={"size": 10, "color": [colour_of(row.kind) for row in rows]},
            hovertemplate="%{x:+.3f} (%{text})<extra>%{y}</extra>",
        )  # fmt: skip
        layout = titled(xaxis=f"difference in {TITLES[score]}")
        layout["xaxis"]["zeroline"] = True
        layout["yaxis"] = {"range": [len(rows) - 0.4, -0.6], "automargin": True, "tickfont": {"size": 11}}
        layout["showlegend"] = False
        plots.append(Plot(title, [trace], layout, 110 + 30 * len(rows), TITLES[score]))
    return plots


def embeddings_section(found: list[Embedding]) -> Section:
    """A picture of every embedding, up to ``MOST_PICTURES`` a task."""
    by_task: dict[str, list[Embedding]] = defaultdict(list)
    for each in found:
        by_task[each.task].append(each)
    plots = [_embedding(each) for embeddings in by_task.values() for each in embeddings[:MOST_PICTURES]]
    note = EMBEDDED.format(shown=len(plots), all=len(found), most=MOST_POINTS)
    return Section("embeddings", "Embeddings", [note], [], plots)


def _embedding(embedding: Embedding) -> Plot:
    data = []
    for label, name in enumerate(embedding.classes):
        x, y = embedding.points[embedding.labels == label].round(4).T.tolist()
        marker = {"size": 5, "opacity": 0.6, "color": COLOURS[label % (len(COLOURS) - 1)]}
        data.append(scatter("markers", x, y, name=name, marker=marker))
    titles = [f"component {n}: {share:.0%} of the variance" for n, share in enumerate(embedding.explained, start=1)]
    return Plot(embedding.name, data, titled(xaxis=titles[0], yaxis=titles[1]), 420, embedding.task)
