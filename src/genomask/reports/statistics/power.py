"""What a paired comparison over n draws is able to see."""

from typing import cast

from scipy import stats
from scipy.optimize import brentq

SIGNIFICANCE = 0.05
POWER = 0.8


def paired_power(difference: float, sd: float, n: int) -> float:
    """Power of the two-sided paired t test at 0.05 against a true mean difference.

    Args:
        difference: True mean of the differences, in units of the score.
        sd: Standard deviation of the differences, more than 0.
        n: Draws, at least 2.

    Raises:
        ValueError: If sd or n is too small.
    """
    if sd <= 0 or n < 2:
        raise ValueError(f"Power needs sd > 0 and n >= 2; found sd={sd} and n={n}.")
    shift = abs(difference) / sd * n**0.5
    bound = stats.t.isf(SIGNIFICANCE / 2, n - 1)
    # Beyond a shift of 5 the wrong side's share is below 1e-8, and scipy's value for it may be NaN.
    wrong_side = stats.nct.cdf(-bound, n - 1, shift) if shift < 5 else 0.0
    return float(stats.nct.sf(bound, n - 1, shift) + wrong_side)


def minimal_detectable_difference(sd: float, n: int) -> float:
    """Smallest true difference that the test finds with probability 0.8, in units of the score."""
    farthest = 30 * sd  # where even two draws have a power of 0.99

    def missing(difference: float) -> float:
        return paired_power(difference, sd, n) - POWER

    return cast(float, brentq(missing, 0, farthest))
