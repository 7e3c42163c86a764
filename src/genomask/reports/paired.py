"""Two arms that met the same k-shot draws, compared draw by draw; and the differences that such a test can find."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple, cast

import numpy as np
from jaxtyping import Float
from scipy import stats
from scipy.optimize import brentq

from genomask.reports.means import (
    ROUNDING,
    Interval,
    StandardError,
    Variances,
    check_finite,
    crossed_error,
    equivalence,
    interval,
    p_value,
    standard_errors,
)
from genomask.seeds import generator

EXACT_UP_TO = 14  # differences: 2**14 sign flips are 2 MB
RANDOM_FLIPS = 99_999
BOUND = 0.01  # of the score: two arms that differ by less are called equivalent
SIGNIFICANCE, POWER = 0.05, 0.8
PRETRAININGS = range(2, 51)  # numbers of pretrainings that a plan may hold


class Comparison(NamedTuple):
    """Differences of one arm to another over the draws that both met.

    With one pretraining an arm, interval and tests are over draws and speak of these encoders only; with
    several they are over pretrainings and draws, and speak of pretrainings still to come.

    Attributes:
        n: Draws.
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
        corrected[place] = largest = max(largest, min(1.0, p * (len(tested) - step)))
    return corrected


def power(difference: float, error: StandardError) -> float:
    """Power of the two-sided t test at 0.05 against a true mean difference."""
    shift = abs(difference) / error.value
    bound = stats.t.isf(SIGNIFICANCE / 2, error.freedom)
    # Beyond a shift of 5 the wrong side's share is below 1e-8, and scipy's value for it may be NaN.
    wrong_side = stats.nct.cdf(-bound, error.freedom, shift) if shift < 5 else 0.0
    return float(stats.nct.sf(bound, error.freedom, shift) + wrong_side)


def minimal_detectable_difference(errors: Sequence[StandardError]) -> float:
    """Smallest true difference that the test finds with probability 0.8, in units of the score."""
    return max(error.value * _detectable(error.freedom) for error in errors)


@cache
def _detectable(freedom: int | float) -> float:
    """The smallest difference found with probability 0.8, in standard errors."""
    farthest = 60.0  # where even one degree of freedom has a power of 0.99
    return cast(float, brentq(lambda shift: power(shift, StandardError(1.0, freedom)) - POWER, 0, farthest))


def planned_power(difference: float, spread: Variances, pretrainings: int, draws: int) -> float:
    """Approximate power of a plan with at least two pretrainings an arm and two draws, at the expected mean squares."""
    between, among = draws * spread.pretraining + spread.rest, pretrainings * spread.draw + spread.rest
    return power(difference, crossed_error(between, among, spread.rest, pretrainings, draws))


def pretrainings_needed(difference: float, spread: Variances, *, draws: int) -> int | None:
    """Fewest pretrainings an arm with a power of 0.8; None if 50 are too few."""
    place = bisect_left(PRETRAININGS, True, key=lambda n: planned_power(difference, spread, n, draws) >= POWER)
    return PRETRAININGS[place] if place < len(PRETRAININGS) else None
