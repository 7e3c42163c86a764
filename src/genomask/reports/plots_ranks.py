"""Rows ranked over all cells: the critical-difference diagram."""

from typing import Any

import numpy as np

from genomask.analysis.figure_style import COLOURS
from genomask.reports.cells import Cell
from genomask.reports.colours import GREY
from genomask.reports.document import Plot
from genomask.reports.scores import model_title
from genomask.reports.series import blocks, series
from genomask.reports.statistics.ranks import RankComparison, compare_ranks


def rank_methods(cells: list[Cell]) -> tuple[list[str], RankComparison] | None:
    """Average ranks by mean accuracy of the rows of one model; None where no two share two cells."""
    lines = series(cells)
    methods, places = blocks(lines)
    if not methods:
        return None
    by_place = {
        name: {(cell.task, cell.shots): cell.summary("accuracy").mean for cell in lines[name]} for name in methods
    }
    return methods, compare_ranks(np.array([[by_place[name][place] for name in methods] for place in places]))


def critical_differences(methods: list[str], found: RankComparison, model: str) -> Plot:
    """Critical-difference diagram: rows by average rank, joined by a bar where they do not differ."""
    names = [name.replace(" (", "<br>(", 1) for name in methods]  # short lines leave room on a phone
    ranked = sorted(range(len(methods)), key=lambda place: found.average[place])
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": [found.average[place] for place in ranked],
            "y": [names[place] for place in ranked],
            "text": [f"{found.average[place]:.2f}" for place in ranked],
            "textposition": "top center",
            "cliponaxis": False,
            "marker": {"size": 11, "color": COLOURS[0]},
            "hovertemplate": "average rank %{x:.2f}<extra>%{y}</extra>",
        }
    ]
    for clique in found.cliques:
        ranks = [found.average[place] for place in clique]
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": [np.mean(ranks)] * len(clique),
                "y": [names[place] for place in clique],
                "line": {"width": 5, "color": GREY},
                "opacity": 0.5,
                "hoverinfo": "skip",
            }
        )
    axes = {
        "xaxis": {"title": {"text": "average rank"}, "range": [0.4, len(methods) + 0.6]},
        "yaxis": {"autorange": "reversed", "automargin": True, "type": "category"},
        "showlegend": False,
    }
    return Plot(f"{model_title(model)}: critical difference {found.critical:.2f}", data, axes, 140 + 44 * len(methods))
