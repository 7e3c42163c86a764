"""How many of the N variants that one classifier scores highest are among those of another (Fig. 2)."""

from collections.abc import Mapping, Sequence
from itertools import combinations, groupby
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from genomask.analysis.figure_style import MASKING_COLOUR, look
from genomask.checks import require
from genomask.seeds import generator

_MIDDLE: Final = (2.5, 97.5)  # percentiles of the bootstrap: a band of 95 %


class Overlap(NamedTuple):
    """Share of the ``top`` alleles that two lists have in common, and of unrelated lists (``chance``)."""

    classifier: str
    reference: str
    top: int
    total: int
    overlap: float
    low: float
    high: float
    chance: float


def overlaps(
    lists: Mapping[str, Float64[np.ndarray, " alleles"]],
    *,
    reference: str | None,
    tops: Sequence[int],
    resamples: int,
    seed: int,
) -> list[Overlap]:
    """Compare score lists over the same alleles; the highest scores count.

    Equal scores come in an order that is drawn for each list by itself: an order shared by both, such as
    that of the file, would make lists with many equal scores agree.

    Args:
        lists: Scores by the name of their classifier.
        reference: The list that all others are compared with; None compares every pair.
        tops: Numbers of alleles; one above the total stands for the total.
        resamples: How often the alleles are drawn again, with replacement, for the bands.
        seed: Draws the order among equal scores, and the resamples.

    Raises:
        ValueError: If the reference is none of the lists, or there are no alleles.
    """
    if reference is not None:
        require(reference in lists, "variants.reference", f"one of {', '.join(lists)}", reference)
    total = len(next(iter(lists.values())))
    require(total, "An overlap", "alleles that were scored", total)
    sizes = np.unique(np.minimum(tops, total))
    orders = {name: order(score, generator(seed, "ties", name)) for name, score in lists.items()}
    found = []
    others = [(name, reference) for name in lists if name != reference] if reference else combinations(lists, 2)
    for one, other in others:
        both = orders[one], orders[other]
        exact = shared(*both, np.ones(total, dtype=np.int64), sizes)
        draw = generator(seed, "overlap", one, other)
        weights = (np.bincount(draw.integers(total, size=total), minlength=total) for _ in range(resamples))
        low, high = np.percentile([shared(*both, weight, sizes) for weight in weights], _MIDDLE, axis=0)
        bands = zip(sizes.tolist(), exact.tolist(), low.tolist(), high.tolist(), strict=True)
        found += [Overlap(one, other, top, total, same, least, most, top / total) for top, same, least, most in bands]
    return found


def order(score: Float64[np.ndarray, " alleles"], draw: np.random.Generator) -> Int64[np.ndarray, " alleles"]:
    """Alleles from the highest score down, equal ones in a drawn order."""
    return np.lexsort((draw.permutation(len(score)), -score))


def shared(
    one: Int64[np.ndarray, " alleles"],
    other: Int64[np.ndarray, " alleles"],
    weight: Int64[np.ndarray, " alleles"],
    sizes: Int64[np.ndarray, " sizes"],
) -> Float64[np.ndarray, " sizes"]:
    """Share of the first ``sizes`` alleles of two orders that is in both; each is there ``weight`` times."""
    before = np.empty((2, len(weight)), dtype=np.int64)
    for row, first in zip(before, (one, other), strict=True):
        row[first] = weight[first].cumsum() - weight[first]
    common = [np.clip(size - before, 0, weight).min(axis=0).sum() / size for size in sizes]
    return np.array(common, dtype=np.float64)


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
