"""Scores of a variant from its two windows (DNABERT's formulas, Sec. A.4), from log probabilities: odds stay finite."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float64

from genomask.analysis.predictor import Bases, logits, placed
from genomask.checks import require_choice
from genomask.models.export import Classifier

Log = Float64[np.ndarray, "windows 2"]  # natural logarithms of p and of 1 - p


class Scores(NamedTuple):
    """One value an allele."""

    p_ref: Float64[np.ndarray, " alleles"]  # probability of the positive class with the reference allele
    p_alt: Float64[np.ndarray, " alleles"]  # with the alternative allele
    delta: Float64[np.ndarray, " alleles"]  # p_alt - p_ref
    abs_delta: Float64[np.ndarray, " alleles"]
    diff: Float64[np.ndarray, " alleles"]  # DNABERT's delta * max(p_ref, p_alt)
    log_odds: Float64[np.ndarray, " alleles"]  # DNABERT's log2 odds(p_ref) - log2 odds(p_alt), in bits; above 0 a loss


class Predictor(NamedTuple):
    """A classifier under the name that tables give it, and the index of the class that is meant."""

    name: str
    classifier: Classifier
    positive: int


def predictor(name: str, classifier: Classifier, positive: str | None, device: torch.device) -> Predictor:
    """Put a classifier on a device; ValueError if it has no such class, which is the last one for None."""
    chosen = classifier.classes[-1] if positive is None else positive
    require_choice(chosen, f"variants.positive (for {name})", classifier.classes)
    return Predictor(name, placed(classifier, device), classifier.classes.index(chosen))


def predict(each: Predictor, windows: Sequence[Bases], *, batch: int, both_strands: bool) -> Log:
    """Logarithms of p and 1 - p of every window; of the mean p of both strands on request (see ``logits``)."""
    strands = logits(each.classifier, windows, batch=batch, both_strands=both_strands)
    return mean_of_strands([log_probabilities(own, each.positive) for own in strands])


def log_probabilities(logits: Float64[np.ndarray, "windows classes"], positive: int) -> Log:
    """Logarithms of p and 1 - p of the positive class under softmax."""
    total = np.logaddexp.reduce(logits, axis=1)
    others = np.logaddexp.reduce(np.delete(logits, positive, axis=1), axis=1)
    return np.stack((logits[:, positive] - total, others - total), axis=1)


def mean_of_strands(logs: Sequence[Log]) -> Log:
    """Logarithms of the mean probability of all strands."""
    return np.logaddexp.reduce(logs) - np.log(len(logs))


def scores(reference: Log, alternative: Log) -> Scores:
    """Compare reference windows with alternative windows."""
    p_ref, p_alt = np.exp(reference[:, 0]), np.exp(alternative[:, 0])
    delta = p_alt - p_ref
    odds_ref, odds_alt = ((log[:, 0] - log[:, 1]) / np.log(2) for log in (reference, alternative))
    return Scores(p_ref, p_alt, delta, np.abs(delta), delta * np.maximum(p_ref, p_alt), odds_ref - odds_alt)
