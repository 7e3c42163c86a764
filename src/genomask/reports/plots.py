"""Scores as plots, in plotly's plain JSON, which the page draws."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from genomask.reports.answer import Gain, gains
from genomask.reports.cells import Cell
from genomask.reports.compare import BaselineComparison
from genomask.reports.document import Plot
from genomask.reports.lines import GREY, colour_of, line_styles, series
from genomask.reports.statistics.summary import Interval


def learning_curves(cells: list[Cell], titles: Mapping[str, str]) -> list[Plot]:
    """Scores against shots, mean and 95 % interval, one plot for every task and score.

    Empty where no row has several numbers of shots: the tables say as much.
    """
    plots = []
    for score, title in titles.items():
        for task in dict.fromkeys(cell.task for cell in cells):
            own = [cell for cell in cells if cell.task == task and score in cell.scores]
            lines = series(own)
            if all(len(line) < 2 for line in lines.values()):
                continue
            styles = line_styles({name: line[0].kind for name, line in lines.items()})
            data = [_line(name, line, score, styles[name]) for name, line in lines.items()]
            data += [trace for name, line in lines.items() for trace in _paper(line, score, styles[name])]
            axes = {"xaxis": _shots_axis(own), "yaxis": {"title": {"text": title}}}
            plots.append(Plot(task, data, axes, 380 + 9 * len(lines), title))
    return plots


def _line(name: str, line: list[Cell], score: str, style: dict[str, Any]) -> dict[str, Any]:
    summaries = [cell.summary(score) for cell in line]
    intervals = [
        cell.interval(score) or Interval(item.mean, item.mean) for cell, item in zip(line, summaries, strict=True)
    ]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [_x(cell) for cell in line],
        "y": [_round(item.mean) for item in summaries],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [_round(end.high - item.mean) for end, item in zip(intervals, summaries, strict=True)],
            "arrayminus": [_round(item.mean - end.low) for end, item in zip(intervals, summaries, strict=True)],
            "thickness": 1.5,
        },
        "text": [
            f"{cell.label}<br>n = {item.n}, sd {item.sd or 0:.3f}" for cell, item in zip(line, summaries, strict=True)
        ],
        "hovertemplate": "%{y:.3f} at %{x} shots<br>%{text}<extra></extra>",
        **style,
    }


def _round(value: float) -> float:
    return round(value, 5)


def _paper(line: list[Cell], score: str, style: dict[str, Any]) -> list[dict[str, Any]]:
    printed = [(cell, cell.printed) for cell in line]
    points = [
        (_x(cell), *map(float, getattr(row, score)), row.variant) for cell, row in printed if row and score != "mcc"
    ]
    if not points:
        return []
    x, mean, sd, names = zip(*points, strict=True)
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": f"paper: {names[0]}",
            "visible": "legendonly",
            "x": x,
            "y": mean,
            "error_y": {"type": "data", "array": sd, "thickness": 1},
            "marker": {"symbol": "diamond-open", "size": 10, "color": style["line"]["color"]},
            "hovertemplate": "%{y:.3f}<extra>%{fullData.name} (sd)</extra>",
        }
    ]


def _x(cell: Cell) -> float:
    """Examples per class; for the full training set, its size over the number of classes."""
    if isinstance(cell.shots, int):
        return float(cell.shots)
    return cell.result["n_train"] / len(cell.result["classes"])


def _shots_axis(cells: list[Cell]) -> dict[str, Any]:
    ticks = dict(sorted({_x(cell): str(cell.shots) for cell in cells}.items()))
    span = [np.log10(min(ticks) / 1.4), np.log10(max(ticks) * 1.4)]
    return {
        "type": "log", "range": span, "tickvals": list(ticks), "ticktext": list(ticks.values()),
        "title": {"text": "examples per class"},
    }  # fmt: skip


def forest(title: str, pairs: list[BaselineComparison], titles: Mapping[str, str]) -> list[Plot]:
    """Differences to a baseline with their 95 % intervals, one plot for every score; empty without a difference."""
    plots = []
    for score, name in titles.items():
        rows = gains(pairs, score)
        if rows:
            axes = {
                "xaxis": {"title": {"text": f"difference in {name}"}, "zeroline": True},
                "yaxis": {"range": [len(rows) - 0.4, -0.6], "automargin": True, "tickfont": {"size": 11}},
                "showlegend": False,
            }
            plots.append(Plot(title, [_forest(rows)], axes, 110 + 30 * len(rows), name))
    return plots


def _forest(rows: list[Gain]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [_round(row.difference) for row in rows],
        "y": [row.label for row in rows],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_round(row.interval.high - row.difference) if row.interval else 0 for row in rows],
            "arrayminus": [_round(row.difference - row.interval.low) if row.interval else 0 for row in rows],
            "color": GREY,
        },
        "marker": {"size": 10, "color": [colour_of(row.kind) for row in rows]},
        "text": [row.n for row in rows],
        "hovertemplate": "%{x:+.3f} (%{text})<extra>%{y}</extra>",
    }
