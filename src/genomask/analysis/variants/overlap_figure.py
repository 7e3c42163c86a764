"""Figure 2: agreement of score lists at the top, by how much of the top is looked at."""

from collections.abc import Sequence
from itertools import groupby

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from genomask.analysis.figure_style import MASKING_COLOUR, look
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
