"""Differences over pretrainings and draws: what their mean is worth for pretrainings and draws still to come."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import special

from genomask.reports.statistics.summary import Interval, quantile


class StandardError(NamedTuple):
    """A standard error of a mean, and the degrees of freedom with which it was estimated."""

    value: float
    freedom: int | float


class Variances(NamedTuple):
    """Variances of paired differences: between pretrainings, between draws, and of what is left."""

    pretraining: float
    draw: float
    rest: float


def variances(differences: Float[np.ndarray, "pretrainings draws"]) -> Variances:
    """Estimate the variances from the mean squares; an estimate below 0 is 0."""
    pretrainings, draws = differences.shape
    between, among, rest = _mean_squares(differences)
    return Variances(max(0.0, (between - rest) / draws), max(0.0, (among - rest) / pretrainings), rest)


def standard_errors(differences: Float[np.ndarray, "pretrainings draws"]) -> list[StandardError]:
    """Standard errors of the mean difference; an interval or a test takes the most cautious of them.

    Every pretraining meets the same draws, so the two are crossed: d = mean + pretraining + draw + rest, all
    random. With mean squares MS, the mean has the variance (MS(pretraining) + MS(draw) - MS(rest)) / (P E), and
    Satterthwaite's degrees of freedom; it is never less than either factor alone gives. The second entry is
    Student's over the pretrainings' means, which guards against a variance that two pretrainings estimate as 0
    by luck. A mixed model was chosen over a bootstrap that resamples pretrainings, then draws: of 1,500 simulated
    comparisons of 2, 3 and 5 pretrainings with 10 draws and an effect of the pretraining as large as the rest,
    the bootstrap's 95 % intervals held the true difference in 79, 87 and 90 %, as it cannot know more
    pretrainings than it has; these in 94 % and more.

    Empty with one pretraining and one draw, and where all differences are equal.
    """
    pretrainings, draws = differences.shape
    if np.ptp(differences) == 0:
        return []
    if 1 in differences.shape:
        return [_student(differences.ravel())]
    between, among, rest = _mean_squares(differences)
    total = between + among - rest
    if total > max(between, among):
        squares = between**2 / (pretrainings - 1) + among**2 / (draws - 1)
        freedom = total**2 / (squares + rest**2 / ((pretrainings - 1) * (draws - 1)))
    else:
        total, freedom = max((between, pretrainings - 1), (among, draws - 1))
    errors = [StandardError((total / differences.size) ** 0.5, freedom)]
    means = differences.mean(axis=1)
    return [*errors, _student(means)] if np.ptp(means) else errors


def interval(mean: float, errors: list[StandardError]) -> Interval | None:
    """The widest of the 95 % intervals; None without a standard error."""
    if not errors:
        return None
    half = max(error.value * quantile(error.freedom) for error in errors)
    return Interval(mean - half, mean + half)


def p_value(mean: float, errors: list[StandardError]) -> float | None:
    """The largest two-sided p against a mean of 0; None without a standard error."""
    return max((float(2 * special.stdtr(e.freedom, -abs(mean) / e.value)) for e in errors), default=None)


def equivalence(mean: float, errors: list[StandardError], *, bound: float) -> float | None:
    """p of two one-sided tests: small where the true difference lies between -bound and bound.

    None without a standard error.
    """
    return max((float(special.stdtr(e.freedom, (abs(mean) - bound) / e.value)) for e in errors), default=None)


def _student(values: Float[np.ndarray, " values"]) -> StandardError:
    return StandardError(float(values.std(ddof=1)) / len(values) ** 0.5, len(values) - 1)


def _mean_squares(differences: Float[np.ndarray, "pretrainings draws"]) -> tuple[float, float, float]:
    """Mean squares of pretrainings, of draws, and of the rest."""
    pretrainings, draws = differences.shape
    own = differences.mean(axis=1, keepdims=True) - differences.mean()
    drawn = differences.mean(axis=0, keepdims=True) - differences.mean()
    rest = differences - differences.mean() - own - drawn
    return (
        float(draws * (own**2).sum() / (pretrainings - 1)),
        float(pretrainings * (drawn**2).sum() / (draws - 1)),
        float((rest**2).sum() / ((pretrainings - 1) * (draws - 1))),
    )
