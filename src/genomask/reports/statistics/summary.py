"""What is said of one cell of a table: mean and sd as in the paper, and sturdier companions."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats

from genomask.seeds import generator

CONFIDENCE = 0.95
RESAMPLES = 9999


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


def summarise(values: Float[np.ndarray, " episodes"]) -> Summary:
    """Summarise the scores of one cell.

    Raises:
        ValueError: If there is no value, or one that is not finite.
    """
    check_finite(values)
    few = len(values) < 2
    return Summary(
        n=len(values),
        mean=float(values.mean()),
        sd=None if few else float(values.std(ddof=1)),
        interquartile_mean=interquartile_mean(values),
    )


def interquartile_mean(values: Float[np.ndarray, " episodes"]) -> float | None:
    """Mean without the lowest and highest quarter (Agarwal et al., 2021); None below four values.

    A quarter is rounded down to whole values, so ten values lose two at each end.
    """
    return float(stats.trim_mean(values, 0.25)) if len(values) >= 4 else None


def bootstrap_interval(values: Float[np.ndarray, " episodes"]) -> Interval | None:
    """BCa bootstrap interval of the mean at 95 %, the same on every call.

    None where resampling has nothing to work with: fewer than two values, or values that are all equal.
    """
    if len(values) < 2 or np.ptp(values) == 0:
        return None
    found = stats.bootstrap(
        (values,),
        np.mean,
        confidence_level=CONFIDENCE,
        n_resamples=RESAMPLES,
        method="BCa",
        rng=generator(0, "bootstrap"),
    ).confidence_interval
    return Interval(float(found.low), float(found.high))


def t_interval(values: Float[np.ndarray, " pretrainings"]) -> Interval | None:
    """Student's interval of the mean at 95 %, for the few values that a bootstrap is too narrow for.

    None below two values, and where all are equal.
    """
    if len(values) < 2 or np.ptp(values) == 0:
        return None
    low, high = stats.t.interval(CONFIDENCE, len(values) - 1, loc=values.mean(), scale=stats.sem(values))
    return Interval(float(low), float(high))


def check_finite(values: np.ndarray) -> None:
    """Refuse an empty array, and values that are not numbers.

    Raises:
        ValueError: Saying which of the two it is.
    """
    if not len(values):
        raise ValueError("A summary needs at least one value; found none.")
    if not np.isfinite(values).all():
        raise ValueError(f"A summary needs finite values; found {values[~np.isfinite(values)][0]}.")
