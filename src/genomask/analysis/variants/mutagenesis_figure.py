"""Heat map of a saturation mutagenesis: positions from left to right, the four bases from top to bottom."""

import numpy as np
from jaxtyping import Float64
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from genomask.analysis.figure_style import look
from genomask.analysis.variants.mutagenesis import ROWS

PER_ROW = 100  # positions side by side


def mutagenesis_figure(
    values: Float64[np.ndarray, "rows bases"], sequence: str, *, first: int, title: str, label: str
) -> Figure:
    """Draw scores of all changes; a dot marks the base that is there.

    Args:
        values: As ``variants.mutagenesis.grid`` gives them.
        sequence: The letters of the sequence.
        first: Number of its first base.
        title: What was scored.
        label: What a colour means.
    """
    starts = range(0, len(sequence), PER_ROW)
    width = min(PER_ROW, len(sequence))
    limit = float(np.abs(values).max()) or 1.0
    colours = ScalarMappable(Normalize(-limit, limit), "RdBu_r")
    with look():
        figure = Figure(figsize=(max(4.0, 0.085 * width + 1.2), 0.9 + 0.95 * len(starts)))
        panels = figure.subplots(len(starts), 1, squeeze=False)[:, 0]
        for axes, start in zip(panels, starts, strict=True):
            part = values[:, start : start + PER_ROW]
            left, right = first + start - 0.5, first + start + part.shape[1] - 0.5
            axes.imshow(
                part, cmap=colours.cmap, norm=colours.norm, aspect="auto", interpolation="none",
                extent=(left, right, len(ROWS) - 0.5, -0.5),
            )  # fmt: skip
            there = [ROWS.index(base) for base in sequence[start : start + PER_ROW]]
            axes.plot(np.arange(len(there)) + first + start, there, linestyle="", marker=".", color="0.3", ms=3)
            axes.set(yticks=range(len(ROWS)), yticklabels=list(ROWS), xlim=(left, left + width))
            axes.grid(visible=False)
            axes.ticklabel_format(axis="x", style="plain", useOffset=False)
        panels[0].set_title(title, fontsize="medium")
        panels[-1].set_xlabel("position")
        figure.colorbar(colours, ax=list(panels), label=label, aspect=12 * len(starts), pad=0.01)
    return figure
