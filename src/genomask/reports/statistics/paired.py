"""Two arms that met the same k-shot draws, compared draw by draw."""

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np
from jaxtyping import Float
from scipy import stats

from genomask.reports.statistics.power import minimal_detectable_difference
from genomask.reports.statistics.summary import Interval, bootstrap_interval, check_finite
from genomask.seeds import generator

EXACT_UP_TO = 14  # differences: 2**14 sign flips are 2 MB
RANDOM_FLIPS = 99_999
ROUNDING = 1e-12  # sums of the same differences in another order


class Comparison(NamedTuple):
    """Differences of one arm to another over n shared draws.

    Attributes:
        n: Draws that both arms met.
        difference: Mean of the paired differences.
        sd: Their standard deviation; None below two.
        interval: BCa bootstrap interval of their mean at 95 %; None where it is undefined.
        wilcoxon: Two-sided p of the signed-rank test; None without a difference that is not 0.
        permutation: Two-sided p of the sign-flip test of the mean; None below two draws.
        improvement: Share of draws on which the arm is ahead, half of the ties included.
        detectable: Smallest true difference that a paired t test would find with power 0.8.
        reason: Why something above is None; empty where nothing is.
    """

    n: int
    difference: float
    sd: float | None
    interval: Interval | None
    wilcoxon: float | None
    permutation: float | None
    improvement: float
    detectable: float | None
    reason: str


def compare(ours: Float[np.ndarray, " episodes"], baseline: Float[np.ndarray, " _episodes"]) -> Comparison:
    """Compare scores that stand for the same draws in the same order.

    Raises:
        ValueError: If the arrays differ in length, are empty, or hold a value that is not finite.
    """
    if len(ours) != len(baseline):
        raise ValueError(f"A paired comparison needs equal lengths; found {len(ours)} and {len(baseline)}.")
    check_finite(ours)
    check_finite(baseline)
    differences = ours - baseline
    n, sd = len(differences), None if len(differences) < 2 else float(differences.std(ddof=1))
    return Comparison(
        n=n,
        difference=float(differences.mean()),
        sd=sd,
        interval=bootstrap_interval(differences),
        wilcoxon=signed_rank(differences),
        permutation=sign_flip(differences),
        improvement=float((differences > 0).mean() + (differences == 0).mean() / 2),
        detectable=minimal_detectable_difference(sd, n) if sd else None,
        reason=_reason(differences),
    )


def signed_rank(differences: Float[np.ndarray, " episodes"]) -> float | None:
    """Two-sided p of Wilcoxon's signed-rank test; zeros are dropped. None if fewer than two are left."""
    moved = differences[differences != 0]
    if len(moved) < 2:
        return None
    _, p = cast(tuple[float, float], stats.wilcoxon(moved))
    return float(p)


def sign_flip(differences: Float[np.ndarray, " episodes"]) -> float | None:
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
    signs = generator(0, "sign flips").choice([-1.0, 1.0], size=(RANDOM_FLIPS, n))
    hits = int((np.abs(signs @ differences) >= observed).sum())
    return (hits + 1) / (RANDOM_FLIPS + 1)


def _reason(differences: Float[np.ndarray, " episodes"]) -> str:
    if len(differences) < 2:
        return "one shared draw: no spread, no test"
    if np.ptp(differences) == 0:
        return "every difference is 0" if differences[0] == 0 else "every difference is the same: no interval"
    if (differences != 0).sum() < 2:
        return "one difference that is not 0: no signed-rank test"
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
