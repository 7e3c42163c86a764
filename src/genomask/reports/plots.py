"""Scores as plots, in plotly's plain JSON, which the page draws."""

from typing import Any

import numpy as np

from genomask.reports.cells import Cell
from genomask.reports.collect import SCORES
from genomask.reports.compare import BaselineComparison
from genomask.reports.document import Plot
from genomask.reports.lines import GREY, colour_of, line_styles, masking_of, series
from genomask.reports.scores import TITLES, model_title
from genomask.reports.statistics.summary import Interval


def learning_curves(cells: list[Cell]) -> list[Plot]:
    """Accuracy and AUC against shots, mean and 95 % interval, one plot for every model, task and score."""
    plots = []
    for model, task in dict.fromkeys((cell.model, cell.task) for cell in cells):
        own = [cell for cell in cells if (cell.model, cell.task) == (model, task)]
        lines = series(own)
        styles = line_styles({name: masking_of(line) for name, line in lines.items()})
        for score in SCORES:
            data = [_line(name, line, score, styles[name]) for name, line in lines.items()]
            data += [trace for name, line in lines.items() for trace in _paper(line, score, styles[name])]
            axes = {"xaxis": _shots_axis(own), "yaxis": {"title": {"text": TITLES[score]}}}
            plots.append(Plot(f"{model_title(model)}, {task}: {TITLES[score]}", data, axes, 420))
    return plots


def _line(name: str, line: list[Cell], score: str, style: dict[str, Any]) -> dict[str, Any]:
    found = [cell.summary(score) for cell in line]
    intervals = [
        cell.interval(score) or Interval(summary.mean, summary.mean) for cell, summary in zip(line, found, strict=True)
    ]
    above = [interval.high - summary.mean for interval, summary in zip(intervals, found, strict=True)]
    below = [summary.mean - interval.low for interval, summary in zip(intervals, found, strict=True)]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [_x(cell) for cell in line],
        "y": [summary.mean for summary in found],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": above,
            "arrayminus": below,
            "thickness": 1.5,
        },
        "text": [f"n = {summary.n}, sd {summary.sd or 0:.3f}" for summary in found],
        "hovertemplate": "%{y:.3f} (%{text})<extra>%{fullData.name}, %{x} shots</extra>",
        **style,
    }


def _paper(line: list[Cell], score: str, style: dict[str, Any]) -> list[dict[str, Any]]:
    printed = [(cell, cell.printed) for cell in line]
    points = [(_x(cell), *map(float, getattr(found, score)), found.variant) for cell, found in printed if found]
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
    result = next(iter(cell.runs.values())).result
    return result["n_train"] / len(result["classes"])


def _shots_axis(cells: list[Cell]) -> dict[str, Any]:
    ticks = dict(sorted({_x(cell): str(cell.shots) for cell in cells}.items()))
    span = [np.log10(min(ticks) / 1.4), np.log10(max(ticks) * 1.4)]
    return {
        "type": "log", "range": span, "tickvals": list(ticks), "ticktext": list(ticks.values()),
        "title": {"text": "examples per class"},
    }  # fmt: skip


def differences(pairs: list[BaselineComparison]) -> list[Plot]:
    """Every paired difference to the baseline with its 95 % interval, one plot for every model and score."""
    plots = []
    for model in sorted({pair.cell.model for pair in pairs}):
        found = [pair for pair in pairs if pair.comparisons and pair.cell.model == model]
        for score in SCORES if found else ():
            data = [_forest(found, score)]
            axes = {
                "xaxis": {"title": {"text": f"difference in {TITLES[score]}"}, "zeroline": True},
                "yaxis": {"range": [len(found) - 0.4, -0.6], "automargin": True, "tickfont": {"size": 11}},
                "showlegend": False,
            }
            plots.append(Plot(f"{model_title(model)}: {TITLES[score]}", data, axes, 130 + 42 * len(found)))
    return plots


def _forest(pairs: list[BaselineComparison], score: str) -> dict[str, Any]:
    found = [pair.comparisons[score] for pair in pairs]
    high = [item.interval.high - item.difference if item.interval else 0 for item in found]
    low = [item.difference - item.interval.low if item.interval else 0 for item in found]
    colours = [colour_of(masking_of([pair.cell])) for pair in pairs]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [item.difference for item in found],
        "y": [f"{p.cell.label}<br>{p.cell.task}, {p.cell.shots} shots" for p in pairs],
        "error_x": {"type": "data", "symmetric": False, "array": high, "arrayminus": low, "color": GREY},
        "marker": {"size": 10, "color": colours},
        "text": [f"n = {item.n}" for item in found],
        "hovertemplate": "%{x:+.3f} (%{text})<extra>%{y}</extra>",
    }
