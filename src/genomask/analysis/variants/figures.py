"""Figures of variants: agreement of score lists at the top (Figure 2), and heat maps of saturation mutagenesis."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from jaxtyping import Float64
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from genomask.analysis.figure_style import MASKING_COLOUR, look
from genomask.analysis.variants.mutagenesis import ROWS
from genomask.analysis.variants.overlap import Overlap


def overlap_figure(rows: Sequence[Overlap]) -> Figure:
    """Draw one line with its band for every pair of lists, and the line of chance."""
    with look():
        figure = Figure(figsize=(5.2, 3.4))
        axes = figure.subplots()
        references = {row.reference for row in rows}
        for (one, other), group in groupby(rows, key=lambda row: (row.classifier, row.reference)):
            points = list(group)
            tops = [row.top for row in points]
            name = one if len(references) == 1 else f"{one} and {other}"
            colour = MASKING_COLOUR.get(one) if len(references) == 1 else None
            (line,) = axes.plot(tops, [row.overlap for row in points], marker="o", color=colour, label=name)
            bands = [row.low for row in points], [row.high for row in points]
            axes.fill_between(tops, *bands, color=line.get_color(), alpha=0.2, linewidth=0)
        longest = max(rows, key=lambda row: row.top)
        ends = [0, longest.top]
        axes.plot(ends, [top / longest.total for top in ends], color="0.4", linestyle="--", label="chance")
        axes.set(xlabel="N", ylim=(0, 1), xlim=(0, longest.top * 1.03))
        whom = f" with {references.pop()}" if len(references) == 1 else ""
        axes.set_ylabel(f"overlap of the top N{whom}")
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1))
        axes.set_title(f"{longest.total:,} alleles; bands: 95 % of resamples", fontsize="medium")
        axes.legend()
    return figure


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
