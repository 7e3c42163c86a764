"""Scores of a variant from what a classifier says of its two windows (DNABERT's formulas, Sec. A.4).

All of them come from log probabilities, in double precision: the odds of a probability that rounds to 0 or 1
stay finite, so nothing is clamped.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

Log = Float64[np.ndarray, "windows 2"]  # natural logarithms of p and of 1 - p


class Scores(NamedTuple):
    """One value an allele.

    Attributes:
        p_ref: Probability of the positive class with the reference allele.
        p_alt: The same with the alternative allele.
        delta: ``p_alt - p_ref``.
        abs_delta: Its size.
        diff: DNABERT's ``delta * max(p_ref, p_alt)``.
        log_odds: DNABERT's ``log2 odds(p_ref) - log2 odds(p_alt)``, in bits; above 0 is a loss.
    """

    p_ref: Float64[np.ndarray, " alleles"]
    p_alt: Float64[np.ndarray, " alleles"]
    delta: Float64[np.ndarray, " alleles"]
    abs_delta: Float64[np.ndarray, " alleles"]
    diff: Float64[np.ndarray, " alleles"]
    log_odds: Float64[np.ndarray, " alleles"]


def log_probabilities(logits: Float64[np.ndarray, "windows classes"], positive: int) -> Log:
    """Logarithms of p and 1 - p of the positive class under softmax.

    Raises:
        ValueError: If a logit is not a finite number.
    """
    if not np.isfinite(logits).all():
        raise ValueError("A classifier's logits are not all numbers: its fine-tuning diverged.")
    total = np.logaddexp.reduce(logits, axis=1)
    others = np.logaddexp.reduce(np.delete(logits, positive, axis=1), axis=1)
    return np.stack((logits[:, positive] - total, others - total), axis=1)


def mean_of_strands(forward: Log, reverse: Log) -> Log:
    """Logarithms of the mean probability of both strands."""
    return np.logaddexp(forward, reverse) - np.log(2)


def scores(reference: Log, alternative: Log) -> Scores:
    """Compare reference windows with alternative windows."""
    p_ref, p_alt = np.exp(reference[:, 0]), np.exp(alternative[:, 0])
    delta = p_alt - p_ref
    odds_ref, odds_alt = ((log[:, 0] - log[:, 1]) / np.log(2) for log in (reference, alternative))
    diff = delta * np.maximum(p_ref, p_alt)
    return Scores(p_ref, p_alt, delta, np.abs(delta), diff, odds_ref - odds_alt)
