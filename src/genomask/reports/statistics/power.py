"""Power of paired comparisons: the true differences that they are able to find."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from typing import cast

from scipy import stats
from scipy.optimize import brentq

from genomask.reports.statistics.pretrainings import StandardError, Variances

SIGNIFICANCE = 0.05
POWER = 0.8
PRETRAININGS = range(2, 51)  # numbers of pretrainings that a plan may hold


def power(difference: float, error: StandardError) -> float:
    """Power of the two-sided t test at 0.05 against a true mean difference."""
    shift = abs(difference) / error.value
    bound = stats.t.isf(SIGNIFICANCE / 2, error.freedom)
    # Beyond a shift of 5 the wrong side's share is below 1e-8, and scipy's value for it may be NaN.
    wrong_side = stats.nct.cdf(-bound, error.freedom, shift) if shift < 5 else 0.0
    return float(stats.nct.sf(bound, error.freedom, shift) + wrong_side)


def paired_power(difference: float, sd: float, n: int) -> float:
    """Power of the paired t test over n draws.

    Args:
        difference: True mean of the differences, in units of the score.
        sd: Standard deviation of the differences, more than 0.
        n: Draws, at least 2.

    Raises:
        ValueError: If sd or n is too small.
    """
    if sd <= 0 or n < 2:
        raise ValueError(f"Power needs sd > 0 and n >= 2; found sd={sd} and n={n}.")
    return power(difference, StandardError(sd / n**0.5, n - 1))


def minimal_detectable_difference(errors: Sequence[StandardError]) -> float:
    """Smallest true difference that the test finds with probability 0.8, in units of the score."""
    return max(error.value * _detectable(error.freedom) for error in errors)


@cache
def _detectable(freedom: int | float) -> float:
    """The smallest difference found with probability 0.8, in standard errors."""
    farthest = 60.0  # where even one degree of freedom has a power of 0.99
    return cast(float, brentq(lambda shift: power(shift, StandardError(1.0, freedom)) - POWER, 0, farthest))


def planned_power(difference: float, spread: Variances, pretrainings: int, draws: int) -> float:
    """Approximate power of a plan, with Satterthwaite's degrees of freedom at the expected mean squares.

    Args:
        difference: True mean difference.
        spread: Variances of the paired differences, as ``variances`` estimates them.
        pretrainings: How many of each arm, at least 2.
        draws: Episodes that every pretraining meets, at least 2.
    """
    between = draws * spread.pretraining + spread.rest
    among = pretrainings * spread.draw + spread.rest
    total = between + among - spread.rest
    squares = between**2 / (pretrainings - 1) + among**2 / (draws - 1)
    freedom = total**2 / (squares + spread.rest**2 / ((pretrainings - 1) * (draws - 1)))
    return power(difference, StandardError((total / (pretrainings * draws)) ** 0.5, freedom))


def pretrainings_needed(difference: float, spread: Variances, *, draws: int) -> int | None:
    """Fewest pretrainings an arm with a power of 0.8; None if 50 are too few."""
    place = bisect_left(PRETRAININGS, True, key=lambda n: planned_power(difference, spread, n, draws) >= POWER)
    return PRETRAININGS[place] if place < len(PRETRAININGS) else None
