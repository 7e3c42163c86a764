"""Average ranks over many cells, and the critical difference between them (Demsar, 2006)."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats

from genomask.reports.statistics.power import SIGNIFICANCE


class RankComparison(NamedTuple):
    """Methods over blocks, where a block is a cell in which every method was scored.

    Attributes:
        blocks: How many cells.
        average: Average rank of every method, 1 the best, in the order of the columns.
        friedman: p of Friedman's test that all methods rank alike; None below three methods.
        critical: Nemenyi's critical difference of average ranks at 0.05.
        cliques: Groups of methods (columns, best first) that do not differ by more than ``critical``.
    """

    blocks: int
    average: list[float]
    friedman: float | None
    critical: float
    cliques: list[list[int]]


def compare_ranks(scores: Float[np.ndarray, "blocks methods"]) -> RankComparison:
    """Rank the methods in every block, the highest score first; ties share their ranks' mean.

    Raises:
        ValueError: If there are fewer than two blocks or methods, or a score is not finite.
    """
    blocks, methods = scores.shape
    if blocks < 2 or methods < 2 or not np.isfinite(scores).all():
        raise ValueError(f"Ranks need finite scores of 2 methods in 2 blocks; found {methods} in {blocks}.")
    average = stats.rankdata(-scores, axis=1).mean(axis=0)
    critical = critical_difference(methods, blocks)
    tied = bool((np.ptp(scores, axis=1) == 0).all())
    friedman = None if methods < 3 or tied else float(stats.friedmanchisquare(*scores.T).pvalue)
    return RankComparison(blocks, average.tolist(), friedman, critical, _cliques(average, critical))


def critical_difference(methods: int, blocks: int) -> float:
    """Nemenyi's critical difference: Tukey's studentised range over sqrt(2), times the ranks' spread."""
    tukey = stats.studentized_range.isf(SIGNIFICANCE, methods, np.inf)
    return float(tukey / 2**0.5 * (methods * (methods + 1) / (6 * blocks)) ** 0.5)


def _cliques(average: Float[np.ndarray, " methods"], critical: float) -> list[list[int]]:
    """Runs of neighbours in rank no wider than the critical difference, none inside another."""
    order = np.argsort(average, kind="stable")
    ranks, last, found = average[order], -1, []
    for first, rank in enumerate(ranks):
        end = int(np.searchsorted(ranks, rank + critical, side="right"))
        if end - first > 1 and end > last:
            found.append(order[first:end].tolist())
            last = end
    return found
