"""How many of the N variants that one classifier scores highest are among those of another (Fig. 2)."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

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
    for one, other in _pairs(list(lists), reference):
        both = orders[one], orders[other]
        exact = shared(*both, np.ones(total, dtype=np.int64), sizes)
        draw = generator(seed, "overlap", one, other)
        again = [shared(*both, _resample(draw, total), sizes) for _ in range(resamples)]
        low, high = np.percentile(again, _MIDDLE, axis=0)
        found += [
            Overlap(one, other, top, total, common, lowest, highest, top / total)
            for top, common, lowest, highest in zip(
                sizes.tolist(), exact.tolist(), low.tolist(), high.tolist(), strict=True
            )
        ]
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


def _pairs(names: list[str], reference: str | None) -> Iterator[tuple[str, str]]:
    if reference is None:
        yield from combinations(names, 2)
    else:
        yield from ((name, reference) for name in names if name != reference)


def _resample(draw: np.random.Generator, total: int) -> Int64[np.ndarray, " alleles"]:
    return np.bincount(draw.integers(total, size=total), minlength=total)
