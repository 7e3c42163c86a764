"""Known motifs along a ranking: the running sum beside what permuted labels of like composition give."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from jaxtyping import Float64
from matplotlib.figure import Figure

from genomask.analysis.figure_style import COLOURS, look

PANEL: Final = (3.2, 2.6)  # inches

Curve = tuple[Float64[np.ndarray, " kmers"], Float64[np.ndarray, "2 kmers"]]  # running sum, band of the null


def running_sums(curves: Mapping[tuple[str, str], Curve]) -> Figure:
    """One panel a ranking and definition of a known motif; the band holds 90 % of permuted labels.

    Args:
        curves: By (ranking, definition), in the order of the panels.
    """
    names = list(curves)
    definitions = list(dict.fromkeys(definition for _, definition in names))
    rankings = list(dict.fromkeys(ranking for ranking, _ in names))
    with look():
        size = (PANEL[0] * len(definitions), PANEL[1] * len(rankings))
        figure = Figure(figsize=size)
        grid = figure.subplots(len(rankings), len(definitions), squeeze=False, sharex=True, sharey=True)
        for row, ranking in enumerate(rankings):
            for column, definition in enumerate(definitions):
                axes, (curve, band) = grid[row, column], curves[ranking, definition]
                rank = np.arange(1, len(curve) + 1)
                axes.fill_between(rank, *band, color=COLOURS[6], alpha=0.15, lw=0, label="permuted, 90 %")
                axes.plot(rank, curve, color=COLOURS[1], lw=1.2, label="known motifs")
                axes.axhline(0, color="black", lw=0.6)
                axes.set_title(f"{ranking}, {definition}", fontsize=9)
        for axes in grid[-1]:
            axes.set_xlabel("rank")
        for axes in grid[:, 0]:
            axes.set_ylabel("running sum")
        grid[0, 0].legend(loc="best", fontsize=8)
    return figure
