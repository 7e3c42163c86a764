"""Figures of motifs: logos in bits, as in Figures 3 and 4, and known motifs along a ranking."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genomask.alphabet import BASES
from genomask.analysis.figure_style import COLOURS, look
from genomask.analysis.motifs.matrix import Matrix, information

# The usual colours of logos (green A, blue C, orange G, red T) in the palette's shades.
BASE_COLOUR: Final = {"A": COLOURS[2], "C": COLOURS[0], "G": COLOURS[4], "T": COLOURS[1]}
COLUMNS: Final = 3
CELL: Final = (2.3, 1.25)  # inches of one logo


def draw_logo(axes: Axes, matrix: Matrix, *, title: str = "") -> None:
    """Draw a motif: a position is as high as its information in bits, which the bases share."""
    import logomaker
    import pandas as pd

    heights = np.maximum(matrix * information(matrix)[:, None], 0)
    table = pd.DataFrame(heights, columns=list(BASES), index=np.arange(1, len(matrix) + 1))
    logomaker.Logo(table, ax=axes, color_scheme=BASE_COLOUR, show_spines=False)
    axes.set(ylim=(0, 2), yticks=(0, 1, 2), xticks=())
    axes.spines["left"].set_visible(True)
    axes.grid(visible=False)
    axes.set_title(title, fontsize=7.5, loc="left", pad=4)


def logo_sheet(records: Sequence[dict[str, Any]], *, title: str = "") -> Figure:
    """All motifs that hold, as ``genomask.analysis.motifs.tables.read_motifs`` reads them, in the order of their q.

    Above each logo stand its consensus, its share of held-out positives and negatives, and its best match
    in JASPAR with the match's q.
    """
    held = sorted((record for record in records if record["holds"]), key=lambda record: record["q"])
    rows = max(1, -(-len(held) // COLUMNS))
    with look(), mpl.rc_context({"font.size": 7.5}):
        figure = Figure(figsize=(COLUMNS * CELL[0], rows * CELL[1] + 0.3))
        figure.suptitle(title, fontsize=9)
        grid = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        widest = max((len(record["matrix"]) for record in held), default=1)
        for axes, record in zip(grid, held, strict=False):
            draw_logo(axes, np.array(record["matrix"]), title=caption(record))
            axes.set_xlim(0.5, widest + 0.5)  # letters of one width on the whole sheet
        for axes in grid[len(held) :]:
            axes.set_axis_off()
        if not held:
            grid[0].text(0, 0.5, "no motif holds", transform=grid[0].transAxes)
        for axes in grid[::COLUMNS]:
            axes.set_ylabel("bits")
    return figure


def caption(record: dict[str, Any]) -> str:
    """Consensus, held-out shares and best match of a motif, in two lines."""
    shares = [f"{part / whole:.0%}" for part, whole in (record["positives"], record["negatives"])]
    first = f"{record['name']}   {shares[0]} against {shares[1]}"
    if not record["matches"]:
        return first
    best = record["matches"][0]
    return f"{first}\n{best['name']}, q = {best['q']:.2g}"


PANEL: Final = (3.2, 2.6)  # inches

Curve = tuple[Float64[np.ndarray, " kmers"], Float64[np.ndarray, "2 kmers"]]  # running sum, band of the null


def running_sums(curves: Mapping[tuple[str, str], Curve]) -> Figure:
    """One panel a ranking and definition of a known motif; the band holds 90 % of permuted labels.

    Args:
        curves: By (ranking, definition), in the order of the panels.
    """
    rankings, definitions = (list(dict.fromkeys(names)) for names in zip(*curves, strict=True))
    with look():
        figure = Figure(figsize=(PANEL[0] * len(definitions), PANEL[1] * len(rankings)))
        grid = figure.subplots(len(rankings), len(definitions), squeeze=False, sharex=True, sharey=True)
        for (ranking, definition), (curve, band) in curves.items():
            axes = grid[rankings.index(ranking), definitions.index(definition)]
            rank = np.arange(1, len(curve) + 1)
            axes.fill_between(rank, *band, color=COLOURS[6], alpha=0.15, lw=0, label="permuted, 90 %")
            axes.plot(rank, curve, color=COLOURS[1], lw=1.2, label="known motifs")
            axes.axhline(0, color="black", lw=0.6)
            axes.set_title(f"{ranking}, {definition}", fontsize=9)
            axes.set(xlabel="rank", ylabel="running sum")
            axes.label_outer()
        grid[0, 0].legend(loc="best", fontsize=8)
    return figure
