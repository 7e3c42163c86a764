"""Summaries of one cell of a table: mean and sd as in the paper, and Student's interval of the mean."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import special

CONFIDENCE = 0.95


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


def summarise(values: Float[np.ndarray, " draws"]) -> Summary:
    """Summarise the scores of one cell.

    Raises:
        ValueError: If there is no value, or one that is not finite.
    """
    check_finite(values)
    return Summary(
        n=len(values),
        mean=float(values.mean()),
        sd=None if len(values) < 2 else float(values.std(ddof=1)),
        interquartile_mean=interquartile_mean(values),
    )


def interquartile_mean(values: Float[np.ndarray, " draws"]) -> float | None:
    """Mean without the lowest and highest quarter (Agarwal et al., 2021); None below four values.

    A quarter is rounded down to whole values, so ten values lose two at each end.
    """
    cut = len(values) // 4
    return float(np.sort(values)[cut : len(values) - cut].mean()) if cut else None


def t_interval(values: Float[np.ndarray, " draws"]) -> Interval | None:
    """Student's interval of the mean at 95 %; None below two values, and where all are equal.

    A BCa bootstrap was tried in its place. In 600 samples of n normal values it held the true mean in 73 %
    (n = 3), 86 % (5), 89 % (10), 93 % (20); Student's in 95 to 97 %, and in 92 to 95 % of skewed ones.
    """
    if len(values) < 2 or np.ptp(values) == 0:
        return None
    half = float(values.std(ddof=1)) / len(values) ** 0.5 * quantile(len(values) - 1)
    return Interval(float(values.mean()) - half, float(values.mean()) + half)


def quantile(freedom: int | float, confidence: float = CONFIDENCE) -> float:
    """Half the width of Student's two-sided interval, in standard errors."""
    return float(special.stdtrit(freedom, (1 + confidence) / 2))


def check_finite(values: np.ndarray) -> None:
    """Refuse an empty array, and values that are not finite.

    Raises:
        ValueError: Saying which of the two it is.
    """
    if not values.size:
        raise ValueError("A summary needs at least one value; found none.")
    if not np.isfinite(values).all():
        raise ValueError(f"A summary needs finite values; found {values[~np.isfinite(values)][0]}.")
