"""Means of scores and of paired differences: spread, intervals, tests and power over draws and pretrainings."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple, cast

import numpy as np
from jaxtyping import Float
from scipy import special, stats
from scipy.optimize import brentq

from genomask.seeds import generator

CONFIDENCE = 0.95
ROUNDING = 1e-12  # sums of the same differences in another order
EXACT_UP_TO = 14  # differences: 2**14 sign flips are 2 MB
RANDOM_FLIPS = 99_999
BOUND = 0.01  # of the score: two arms that differ by less are called equivalent
SIGNIFICANCE, POWER = 0.05, 0.8
PRETRAININGS = range(2, 51)  # numbers of pretrainings that a plan may hold

Matrix = Float[np.ndarray, "pretrainings draws"]


class Interval(NamedTuple):
    """A confidence interval of a mean."""

    low: float
    high: float


class Summary(NamedTuple):
    """Scores of one cell: ``sd`` has n - 1 in its denominator; what n does not allow is None."""

    n: int
    mean: float
    sd: float | None
    interquartile_mean: float | None  # without the lowest and highest quarter (Agarwal et al., 2021)
    interval: Interval | None  # Student's, of the mean


class StandardError(NamedTuple):
    """A standard error of a mean, and its degrees of freedom."""

    value: float
    freedom: int | float


class Variances(NamedTuple):
    """Variances of paired differences: between pretrainings, between draws, and the rest."""

    pretraining: float
    draw: float
    rest: float


class Comparison(NamedTuple):
    """Differences of one arm to another over the draws that both met; what n does not allow is None.

    With one pretraining an arm, interval and tests are over draws and speak of these encoders only; with
    several they are over pretrainings and draws, and speak of pretrainings still to come.
    """

    n: int  # draws
    pretrainings: int
    difference: float  # mean of the paired differences
    sd: float | None  # over draws, pretrainings averaged first
    interval: Interval | None  # 95 %, of the mean difference
    p: float | None  # two-sided: the sign-flip test's with one pretraining, else the mixed model's
    equivalent: float | None  # p of two one-sided tests that the true difference is within the bound
    permutation: float | None  # two-sided p of the sign-flip test of the mean over draws
    improvement: float  # share of draws on which the arm is ahead, half of the ties included
    detectable: float | None  # smallest true difference that the t test behind the interval finds with power 0.8
    reason: str  # why something above is None


def summarise(values: Float[np.ndarray, " draws"]) -> Summary:
    """Summarise the scores of one cell; ValueError if there is none, or one that is not finite."""
    _check_finite(values)
    sd, cut = float(values.std(ddof=1)) if len(values) > 1 else None, len(values) // 4
    middle = float(np.sort(values)[cut : len(values) - cut].mean()) if cut else None
    return Summary(len(values), float(values.mean()), sd, middle, t_interval(values))


def _check_finite(values: np.ndarray) -> None:
    if not values.size:
        raise ValueError("A summary needs at least one value; found none.")
    if not np.isfinite(values).all():
        raise ValueError(f"A summary needs finite values; found {values[~np.isfinite(values)][0]}.")


def t_interval(values: Float[np.ndarray, " draws"]) -> Interval | None:
    """Student's interval of the mean at 95 %; None below two values, and where all are equal.

    A BCa bootstrap, tried in its place, held the true mean of 3 normal values in 73 %, of 10 in 89 % of samples.
    """
    return interval(float(values.mean()), standard_errors(values[None]))


def interval(mean: float, errors: list[StandardError]) -> Interval | None:
    """The widest of the 95 % intervals; None without a standard error."""
    if not errors:
        return None
    half = max(error.value * float(special.stdtrit(error.freedom, (1 + CONFIDENCE) / 2)) for error in errors)
    return Interval(mean - half, mean + half)


def p_value(mean: float, errors: list[StandardError]) -> float | None:
    """The largest two-sided p against a mean of 0; None without a standard error."""
    return max((float(2 * special.stdtr(e.freedom, -abs(mean) / e.value)) for e in errors), default=None)


def standard_errors(differences: Matrix) -> list[StandardError]:
    """Standard errors of the mean difference; an interval or a test takes the most cautious of them.

    Every pretraining meets the same draws, so the two are crossed: d = mean + pretraining + draw + rest, all
    random. With mean squares MS, the mean has the variance (MS(pretraining) + MS(draw) - MS(rest)) / (P E), and
    Satterthwaite's degrees of freedom; it is never less than either factor alone gives. The second entry is
    Student's over the pretrainings' means, which guards against a variance that two pretrainings estimate as 0
    by luck. docs/reports.md says why this model was chosen over a bootstrap of both levels.

    Empty with one pretraining and one draw, and where all differences are equal.
    """
    pretrainings, draws = differences.shape
    if np.ptp(differences) == 0:
        return []
    if 1 in differences.shape:
        return [_student(differences.ravel())]
    between, among, rest = _mean_squares(differences)
    if between + among - rest > max(between, among):
        errors = [_crossed_error(between, among, rest, pretrainings, draws)]
    else:
        total, freedom = max((between, pretrainings - 1), (among, draws - 1))
        if total < ROUNDING * rest:  # both means are equal by chance, as on small test sets
            total, freedom = rest, (pretrainings - 1) * (draws - 1)
        errors = [StandardError((total / differences.size) ** 0.5, freedom)]
    means = differences.mean(axis=1)
    return [*errors, _student(means)] if np.ptp(means) else errors


def variances(differences: Matrix) -> Variances:
    """Estimate the variances from the mean squares; an estimate below 0 is 0."""
    pretrainings, draws = differences.shape
    between, among, rest = _mean_squares(differences)
    return Variances(max(0.0, (between - rest) / draws), max(0.0, (among - rest) / pretrainings), rest)


def _crossed_error(between: float, among: float, rest: float, pretrainings: int, draws: int) -> StandardError:
    total = between + among - rest
    squares = between**2 / (pretrainings - 1) + among**2 / (draws - 1)
    freedom = total**2 / (squares + rest**2 / ((pretrainings - 1) * (draws - 1)))
    return StandardError((total / (pretrainings * draws)) ** 0.5, freedom)


def _student(values: Float[np.ndarray, " values"]) -> StandardError:
    return StandardError(float(values.std(ddof=1)) / len(values) ** 0.5, len(values) - 1)


def _mean_squares(differences: Matrix) -> tuple[float, float, float]:
    """Mean squares of pretrainings, of draws, and of the rest."""
    pretrainings, draws = differences.shape
    own, drawn = (differences.mean(axis=axis, keepdims=True) - differences.mean() for axis in (1, 0))
    rest = differences - differences.mean() - own - drawn
    between, among = draws * (own**2).sum() / (pretrainings - 1), pretrainings * (drawn**2).sum() / (draws - 1)
    return float(between), float(among), float((rest**2).sum() / ((pretrainings - 1) * (draws - 1)))


def compare(
    ours: Float[np.ndarray, "*_pretrainings draws"],
    baseline: Float[np.ndarray, "*_others _draws"],
    *,
    bound: float = BOUND,
) -> Comparison:
    """Compare scores that stand for the same draws in the same order; a row of a matrix is a pretraining.

    ValueError if the arrays differ in length, are empty, or hold a value that is not finite.
    """
    if ours.shape[-1] != baseline.shape[-1]:
        raise ValueError(f"A paired comparison needs equal lengths; found {ours.shape[-1]} and {baseline.shape[-1]}.")
    _check_finite(ours)
    _check_finite(baseline)
    differences = np.atleast_2d(ours - baseline)
    pretrainings, n = differences.shape
    by_draw, mean, reason = differences.mean(axis=0), float(differences.mean()), ""
    if n < 2:
        reason = "one shared draw: no spread, no test"
    elif np.ptp(by_draw) == 0:
        reason = f"every difference is {'0' if by_draw[0] == 0 else 'the same: no interval'}"
    errors, permutation = standard_errors(differences), sign_flip(by_draw)
    # Two one-sided tests: small where the true difference lies between -bound and bound.
    outside = [float(special.stdtr(error.freedom, (abs(mean) - bound) / error.value)) for error in errors]
    return Comparison(
        n=n,
        pretrainings=pretrainings,
        difference=mean,
        sd=None if n < 2 else float(by_draw.std(ddof=1)),
        interval=interval(mean, errors),
        p=permutation if pretrainings == 1 else p_value(mean, errors),
        equivalent=max(outside, default=None),
        permutation=permutation,
        improvement=float((by_draw > 0).mean() + (by_draw == 0).mean() / 2),
        detectable=minimal_detectable_difference(errors) if errors else None,
        reason=reason,
    )


def sign_flip(differences: Float[np.ndarray, " draws"]) -> float | None:
    """Two-sided p of the paired permutation test of the mean; None below two differences.

    Exact up to ``EXACT_UP_TO`` differences, otherwise from random flips, the observed one counted among them.
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


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction (ValueError outside [0, 1]); None (no test) stays None and does not count."""
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
    shift, bound = abs(difference) / error.value, stats.t.isf(SIGNIFICANCE / 2, error.freedom)
    # Beyond a shift of 5 the wrong side's share is below 1e-8, and scipy's value for it may be NaN.
    wrong_side = stats.nct.cdf(-bound, error.freedom, shift) if shift < 5 else 0.0
    return float(stats.nct.sf(bound, error.freedom, shift) + wrong_side)


def minimal_detectable_difference(errors: Sequence[StandardError]) -> float:
    """Smallest true difference that the test finds with probability 0.8, in units of the score."""
    return max(error.value * _detectable(error.freedom) for error in errors)


@cache
def _detectable(freedom: int | float) -> float:
    """The same in standard errors; at 60 of them even one degree of freedom has a power of 0.99."""
    return cast(float, brentq(lambda shift: power(shift, StandardError(1.0, freedom)) - POWER, 0, 60.0))


def planned_power(difference: float, spread: Variances, pretrainings: int, draws: int) -> float:
    """Approximate power of a plan with at least two pretrainings an arm and two draws, at the expected mean squares."""
    between, among = draws * spread.pretraining + spread.rest, pretrainings * spread.draw + spread.rest
    return power(difference, _crossed_error(between, among, spread.rest, pretrainings, draws))


def pretrainings_needed(difference: float, spread: Variances, *, draws: int) -> int | None:
    """Fewest pretrainings an arm with a power of 0.8; None if 50 are too few."""
    place = bisect_left(PRETRAININGS, True, key=lambda n: planned_power(difference, spread, n, draws) >= POWER)
    return PRETRAININGS[place] if place < len(PRETRAININGS) else None
