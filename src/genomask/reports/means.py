"""Means of scores and of differences: spread, intervals and tests over draws, or over pretrainings and draws."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import special

CONFIDENCE = 0.95
ROUNDING = 1e-12  # sums of the same differences in another order


class Interval(NamedTuple):
    """A confidence interval of a mean."""

    low: float
    high: float


class Summary(NamedTuple):
    """One cell: ``sd`` has n - 1 in its denominator; what n does not allow is None."""

    n: int
    mean: float
    sd: float | None
    interquartile_mean: float | None


class StandardError(NamedTuple):
    """A standard error of a mean, and the degrees of freedom with which it was estimated."""

    value: float
    freedom: int | float


class Variances(NamedTuple):
    """Variances of paired differences: between pretrainings, between draws, and of what is left."""

    pretraining: float
    draw: float
    rest: float


def summarise(values: Float[np.ndarray, " draws"]) -> Summary:
    """Summarise the scores of one cell.

    Raises:
        ValueError: If there is no value, or one that is not finite.
    """
    check_finite(values)
    sd = None if len(values) < 2 else float(values.std(ddof=1))
    return Summary(len(values), float(values.mean()), sd, interquartile_mean(values))


def interquartile_mean(values: Float[np.ndarray, " draws"]) -> float | None:
    """Mean without the lowest and highest quarter (Agarwal et al., 2021); None below four values.

    A quarter is rounded down to whole values, so ten values lose two at each end.
    """
    cut = len(values) // 4
    return float(np.sort(values)[cut : len(values) - cut].mean()) if cut else None


def check_finite(values: np.ndarray) -> None:
    """Refuse an empty array, and values that are not finite.

    Raises:
        ValueError: Saying which of the two it is.
    """
    if not values.size:
        raise ValueError("A summary needs at least one value; found none.")
    if not np.isfinite(values).all():
        raise ValueError(f"A summary needs finite values; found {values[~np.isfinite(values)][0]}.")


def t_interval(values: Float[np.ndarray, " draws"]) -> Interval | None:
    """Student's interval of the mean at 95 %; None below two values, and where all are equal.

    A BCa bootstrap was tried in its place. In 600 samples of n normal values it held the true mean in 73 %
    (n = 3), 86 % (5), 89 % (10), 93 % (20); Student's in 95 to 97 %, and in 92 to 95 % of skewed ones.
    """
    if len(values) < 2 or np.ptp(values) == 0:
        return None
    return interval(float(values.mean()), [_student(values)])


def interval(mean: float, errors: list[StandardError]) -> Interval | None:
    """The widest of the 95 % intervals; None without a standard error."""
    if not errors:
        return None
    half = max(error.value * float(special.stdtrit(error.freedom, (1 + CONFIDENCE) / 2)) for error in errors)
    return Interval(mean - half, mean + half)


def p_value(mean: float, errors: list[StandardError]) -> float | None:
    """The largest two-sided p against a mean of 0; None without a standard error."""
    return max((float(2 * special.stdtr(e.freedom, -abs(mean) / e.value)) for e in errors), default=None)


def equivalence(mean: float, errors: list[StandardError], *, bound: float) -> float | None:
    """p of two one-sided tests: small where the true difference lies between -bound and bound.

    None without a standard error.
    """
    return max((float(special.stdtr(e.freedom, (abs(mean) - bound) / e.value)) for e in errors), default=None)


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
    if between + among - rest > max(between, among):
        errors = [crossed_error(between, among, rest, pretrainings, draws)]
    else:
        total, freedom = max((between, pretrainings - 1), (among, draws - 1))
        if total < ROUNDING * rest:  # both means are equal by chance, as on small test sets
            total, freedom = rest, (pretrainings - 1) * (draws - 1)
        errors = [StandardError((total / differences.size) ** 0.5, freedom)]
    means = differences.mean(axis=1)
    return [*errors, _student(means)] if np.ptp(means) else errors


def crossed_error(between: float, among: float, rest: float, pretrainings: int, draws: int) -> StandardError:
    """Standard error of the mean of crossed factors from their mean squares, with Satterthwaite's freedom."""
    total = between + among - rest
    squares = between**2 / (pretrainings - 1) + among**2 / (draws - 1)
    freedom = total**2 / (squares + rest**2 / ((pretrainings - 1) * (draws - 1)))
    return StandardError((total / (pretrainings * draws)) ** 0.5, freedom)


def variances(differences: Float[np.ndarray, "pretrainings draws"]) -> Variances:
    """Estimate the variances from the mean squares; an estimate below 0 is 0."""
    pretrainings, draws = differences.shape
    between, among, rest = _mean_squares(differences)
    return Variances(max(0.0, (between - rest) / draws), max(0.0, (among - rest) / pretrainings), rest)


def _student(values: Float[np.ndarray, " values"]) -> StandardError:
    return StandardError(float(values.std(ddof=1)) / len(values) ** 0.5, len(values) - 1)


def _mean_squares(differences: Float[np.ndarray, "pretrainings draws"]) -> tuple[float, float, float]:
    """Mean squares of pretrainings, of draws, and of the rest."""
    pretrainings, draws = differences.shape
    own, drawn = (differences.mean(axis=axis, keepdims=True) - differences.mean() for axis in (1, 0))
    rest = differences - differences.mean() - own - drawn
    between, among = draws * (own**2).sum() / (pretrainings - 1), pretrainings * (drawn**2).sum() / (draws - 1)
    return float(between), float(among), float((rest**2).sum() / ((pretrainings - 1) * (draws - 1)))
