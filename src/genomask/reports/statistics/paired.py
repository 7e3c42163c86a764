"""Two arms that met the same k-shot draws, compared draw by draw; p-values corrected over a table."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from genomask.reports.statistics.power import minimal_detectable_difference
from genomask.reports.statistics.pretrainings import equivalence, interval, p_value, standard_errors
from genomask.reports.statistics.summary import Interval, check_finite
from genomask.seeds import generator

EXACT_UP_TO = 14  # differences: 2**14 sign flips are 2 MB
RANDOM_FLIPS = 99_999
ROUNDING = 1e-12  # sums of the same differences in another order
BOUND = 0.01  # of the score: two arms that differ by less are called equivalent


class Comparison(NamedTuple):
    """Differences of one arm to another over the draws that both met.

    With one pretraining an arm, interval and tests are over draws and speak of these encoders only; with
    several they are of the mixed model of :mod:`.pretrainings`, and speak of pretrainings still to come.

    Attributes:
        n: Draws that both arms met.
        pretrainings: Pretrainings that stand behind every draw.
        difference: Mean of the paired differences.
        sd: Standard deviation over draws, pretrainings averaged first; None below two draws.
        interval: 95 % interval of the mean difference; None where it is undefined.
        p: Two-sided p of no difference: the sign-flip test's with one pretraining, else the mixed model's.
        equivalent: p of two one-sided tests that the true difference is within the bound.
        permutation: Two-sided p of the sign-flip test of the mean over draws; None below two draws.
        improvement: Share of draws on which the arm is ahead, half of the ties included.
        detectable: Smallest true difference that the t test behind the interval finds with power 0.8.
        reason: Why something above is None; empty where nothing is.
    """

    n: int
    pretrainings: int
    difference: float
    sd: float | None
    interval: Interval | None
    p: float | None
    equivalent: float | None
    permutation: float | None
    improvement: float
    detectable: float | None
    reason: str


def compare(
    ours: Float[np.ndarray, "*_pretrainings draws"],
    baseline: Float[np.ndarray, "*_others _draws"],
    *,
    bound: float = BOUND,
) -> Comparison:
    """Compare scores that stand for the same draws in the same order; a row of a matrix is a pretraining.

    Raises:
        ValueError: If the arrays differ in length, are empty, or hold a value that is not finite.
    """
    if ours.shape[-1] != baseline.shape[-1]:
        raise ValueError(f"A paired comparison needs equal lengths; found {ours.shape[-1]} and {baseline.shape[-1]}.")
    check_finite(ours)
    check_finite(baseline)
    differences = np.atleast_2d(ours - baseline)
    pretrainings, n = differences.shape
    by_draw, mean = differences.mean(axis=0), float(differences.mean())
    errors = standard_errors(differences)
    permutation = sign_flip(by_draw)
    return Comparison(
        n=n,
        pretrainings=pretrainings,
        difference=mean,
        sd=None if n < 2 else float(by_draw.std(ddof=1)),
        interval=interval(mean, errors),
        p=permutation if pretrainings == 1 else p_value(mean, errors),
        equivalent=equivalence(mean, errors, bound=bound),
        permutation=permutation,
        improvement=float((by_draw > 0).mean() + (by_draw == 0).mean() / 2),
        detectable=minimal_detectable_difference(errors) if errors else None,
        reason=_reason(by_draw),
    )


def sign_flip(differences: Float[np.ndarray, " draws"]) -> float | None:
    """Two-sided p of the paired permutation test of the mean.

    Exact up to ``EXACT_UP_TO`` differences, otherwise from random flips, the observed one counted among them.
    None below two differences.
    """
    n = len(differences)
    if n < 2:
        return None
    observed = abs(differences.sum()) - ROUNDING
    if n <= EXACT_UP_TO:
        flips = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        return float((np.abs((1 - 2 * flips) @ differences) >= observed).mean())
    hits = int((np.abs(_random_signs(n) @ differences) >= observed).sum())
    return (hits + 1) / (RANDOM_FLIPS + 1)


@lru_cache(maxsize=2)
def _random_signs(n: int) -> Float[np.ndarray, "flips draws"]:
    return generator(0, "sign flips").choice([-1.0, 1.0], size=(RANDOM_FLIPS, n))


def _reason(differences: Float[np.ndarray, " draws"]) -> str:
    if len(differences) < 2:
        return "one shared draw: no spread, no test"
    if np.ptp(differences) == 0:
        return "every difference is 0" if differences[0] == 0 else "every difference is the same: no interval"
    return ""


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction; None (no test was possible) stays None and does not count.

    Raises:
        ValueError: If a p-value is outside [0, 1].
    """
    tested = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    if tested and not (tested[0][0] >= 0 and tested[-1][0] <= 1):
        raise ValueError(f"p-values lie between 0 and 1; found {tested[0][0]} to {tested[-1][0]}.")
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for step, (p, place) in enumerate(tested):
        largest = max(largest, min(1.0, p * (len(tested) - step)))
        corrected[place] = largest
    return corrected
