"""How much likelier a k-mer is than its pieces: Eq. 1 and Eq. 2 (Sec. 4.1)."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from genomask.checks import require

RARE_COUNT: Final = 101  # c in Eq. 2 (Sec. 4.1)


def pmi(counts: Sequence[Int64[np.ndarray, " _kmers"]]) -> Float64[np.ndarray, " kmers"]:
    """Score every k-mer against its likeliest split into shorter pieces (Eq. 1).

    Args:
        counts: Occurrences of each n-mer for n = 1..k, indexed by base-4 code;
            ``counts[n - 1]`` has ``4**n`` entries.

    Returns:
        PMI in nats, ``-inf`` for a k-mer that never occurs.

    Raises:
        ValueError: If k < 2, or a table has the wrong length or no counts.
    """
    _require_two_lengths(counts)
    return _score_against_splits([_log_prob(table, n) for n, table in enumerate(counts, start=1)])


def pmi_released(counts: Sequence[Int64[np.ndarray, " _kmers"]]) -> Float64[np.ndarray, " kmers"]:
    """Score every k-mer as in the ranking that the paper's authors published.

    It departs from Eq. 1 in three ways. Pieces have one or two bases only; every probability is
    halved, so that each cut of a split adds ln 2; and the k-mer itself, of whatever length, counts
    ``floor(f / 10)`` times, so that one seen fewer than 10 times scores ``-inf``.

    Args:
        counts: As for :func:`pmi`.

    Returns:
        Score in nats, ``-inf`` for a k-mer that occurs fewer than 10 times.

    Raises:
        ValueError: As for :func:`pmi`, or if no k-mer occurs 10 times.
    """
    _require_two_lengths(counts)
    *shorter, scored = counts
    require(scored.max() >= 10, "the released ranking", "a k-mer that occurs 10 times", int(scored.max()))
    log_prob = [_log_prob(table, n) for n, table in enumerate([*shorter, scored // 10], start=1)]
    for too_long in log_prob[2:-1]:
        too_long.fill(-np.inf)
    return _score_against_splits([whole - math.log(2) for whole in log_prob])


def normalized_pmi(
    scores: Float64[np.ndarray, " kmers"],
    count: Int64[np.ndarray, " kmers"],
    *,
    rare_count: int = RARE_COUNT,
) -> Float64[np.ndarray, " kmers"]:
    """Discount the scores of rare k-mers (Eq. 2).

    A k-mer seen once is discounted to 0, since log 1 = 0: as Eq. 2 is printed, that raises a
    negative score. One that was never scored stays ``-inf``.

    Args:
        scores: PMI in nats, by code.
        count: Occurrences f, by code.
        rare_count: The constant c, at least 2.

    Raises:
        ValueError: If ``rare_count`` < 2.
    """
    require(rare_count >= 2, "rare_count", "at least 2 occurrences", rare_count)
    log_count = np.log(np.maximum(count, 1))
    discount = log_count / (math.log(rare_count) + log_count)
    return np.multiply(scores, discount, out=np.full_like(scores, -np.inf), where=scores > -np.inf)


SCORERS: Final[Mapping[str, Callable[..., Float64[np.ndarray, " kmers"]]]] = {
    "eq1": pmi,
    "released": pmi_released,
}


def _score_against_splits(log_prob: list[Float64[np.ndarray, " _kmers"]]) -> Float64[np.ndarray, " kmers"]:
    # Eq. 1 forbids the identity split of the k-mer only; its pieces may stay whole.
    best: list[Float64[np.ndarray, " _kmers"]] = []
    for whole in log_prob[:-1]:
        best.append(np.maximum(whole, _likeliest_split(best)))
    score = np.full_like(log_prob[-1], -np.inf)
    return np.subtract(log_prob[-1], _likeliest_split(best), out=score, where=log_prob[-1] > -np.inf)


def _likeliest_split(best: list[Float64[np.ndarray, " _kmers"]]) -> Float64[np.ndarray, " kmers"]:
    """Log probability of the likeliest cut in two of what is one base longer than the pieces."""
    split = np.full(4 ** (len(best) + 1), -np.inf)
    for left, right in zip(best, reversed(best), strict=True):
        np.maximum(split, np.add.outer(left, right).ravel(), out=split)
    return split


def _log_prob(table: Int64[np.ndarray, " kmers"], n: int) -> Float64[np.ndarray, " kmers"]:
    require(len(table) == 4**n, f"the table of {n}-mers", f"{4**n} counts", len(table))
    total = int(table.sum())
    require(total > 0, f"the table of {n}-mers", "at least one occurrence", total)
    return np.log(table / total, out=np.full(4**n, -np.inf), where=table > 0)


def _require_two_lengths(counts: Sequence[Int64[np.ndarray, " _kmers"]]) -> None:
    require(len(counts) >= 2, "PMI", "counts for n = 1..k with k >= 2", f"{len(counts)} table(s)")
