"""How much likelier a k-mer is than its pieces: Eq. 1 and Eq. 2 (Sec. 4.1)."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from genomask.checks import require

RARE_COUNT: Final = 101  # c in Eq. 2 (Sec. 4.1)

_ROUNDING: Final = 1e-12  # sums of ten logarithms below 30 are exact to 1e-13; scores of 10-mers lie 1e-5 apart


def pmi(counts: Sequence[Int64[np.ndarray, " _kmers"]]) -> Float64[np.ndarray, " kmers"]:
    """Score every k-mer against its likeliest split into shorter pieces (Eq. 1).

    ``counts[n - 1]`` are occurrences of the ``4**n`` n-mers by base-4 code, for n = 1..k. Returns PMI in nats, ``-inf``
    for a k-mer that never occurs.

    Raises:
        ValueError: If k < 2, or a table has the wrong length or no counts.
    """
    return pmi_by_length(counts)[-1]


def pmi_by_length(counts: Sequence[Int64[np.ndarray, " _kmers"]]) -> list[Float64[np.ndarray, " _kmers"]]:
    """Score every n-mer for n = 2..k, each as :func:`pmi` of the counts up to n; entry ``n - 2`` is for n."""
    _require_two_lengths(counts)
    return _scores_against_splits([_log_prob(table, n) for n, table in enumerate(counts, start=1)])


def pmi_released(counts: Sequence[Int64[np.ndarray, " _kmers"]]) -> Float64[np.ndarray, " kmers"]:
    """Score every k-mer as in the ranking that the paper's authors published.

    It departs from Eq. 1 in three ways: pieces have one or two bases only; every probability is halved, so that each
    cut adds ln 2; and the k-mer itself counts ``floor(f / 10)`` times, so that one seen fewer than 10 times scores
    ``-inf``. Errors are those of :func:`pmi`, and that no k-mer occurs 10 times.
    """
    _require_two_lengths(counts)
    *shorter, scored = counts
    require(scored.max() >= 10, "the released ranking", "a k-mer that occurs 10 times", int(scored.max()))
    log_prob = [_log_prob(table, n) for n, table in enumerate([*shorter, scored // 10], start=1)]
    for too_long in log_prob[2:-1]:
        too_long.fill(-np.inf)
    return _scores_against_splits([whole - math.log(2) for whole in log_prob])[-1]


def normalized_pmi(
    scores: Float64[np.ndarray, " kmers"], count: Int64[np.ndarray, " kmers"], *, rare_count: int = RARE_COUNT
) -> Float64[np.ndarray, " kmers"]:
    """Discount the scores of rare k-mers (Eq. 2).

    A k-mer seen once is discounted to 0, since log 1 = 0: as Eq. 2 is printed, that raises a negative score. One that
    was never scored stays ``-inf``. ``scores`` are PMI in nats, ``count`` is f and ``rare_count`` c, at least 2.
    """
    require(rare_count >= 2, "rare_count", "at least 2 occurrences", rare_count)

    log_count = np.log(np.maximum(count, 1))
    with np.errstate(invalid="ignore"):
        normalized = log_count / (math.log(rare_count) + log_count) * scores
    normalized[scores == -np.inf] = -np.inf
    return normalized


def settle_ties(scores: Float64[np.ndarray, " kmers"]) -> Float64[np.ndarray, " kmers"]:
    """The scores, where those that only rounding tells apart are made equal."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    with np.errstate(invalid="ignore"):  # -inf less -inf is NaN, and no gap
        starts = np.append(True, ordered[:-1] - ordered[1:] > _ROUNDING)
    settled = np.empty_like(scores)
    settled[order] = ordered[starts][np.cumsum(starts) - 1]
    return settled


SCORERS: Final[Mapping[str, Callable[..., Float64[np.ndarray, " kmers"]]]] = {"eq1": pmi, "released": pmi_released}


def _scores_against_splits(log_prob: list[Float64[np.ndarray, " _kmers"]]) -> list[Float64[np.ndarray, " _kmers"]]:
    """Scores of the n-mers for n = 2..k; a k-mer without a probability, as it never occurs, has -inf."""
    # Eq. 1 forbids the identity split of the scored n-mer only; its pieces may stay whole.
    best, scores = [log_prob[0]], []
    for whole in log_prob[1:]:
        split = _likeliest_split(best)
        if len(whole) < len(log_prob[-1]):
            best.append(np.maximum(whole, split))
        with np.errstate(invalid="ignore"):
            score = np.subtract(whole, split, out=split)
        score[whole == -np.inf] = -np.inf
        scores.append(score)
    return scores


def _likeliest_split(best: list[Float64[np.ndarray, " _kmers"]]) -> Float64[np.ndarray, " kmers"]:
    """Log probability of the likeliest cut in two of what is one base longer than the pieces."""
    split = np.full(4 ** (len(best) + 1), -np.inf)
    for starts, ends in zip(best, reversed(best), strict=True):
        cut = split.reshape(len(starts), len(ends))
        np.maximum(cut, np.add.outer(starts, ends), out=cut)
    return split


def _log_prob(table: Int64[np.ndarray, " kmers"], n: int) -> Float64[np.ndarray, " kmers"]:
    require(len(table) == 4**n, f"the table of {n}-mers", f"{4**n} counts", len(table))
    total = int(table.sum())
    require(total > 0, f"the table of {n}-mers", "at least one occurrence", total)
    with np.errstate(divide="ignore"):
        return np.log(table / total)


def _require_two_lengths(counts: Sequence[Int64[np.ndarray, " _kmers"]]) -> None:
    require(len(counts) >= 2, "PMI", "counts for n = 1..k with k >= 2", f"{len(counts)} table(s)")
