"""Classifiers at work on windows, and the scores of a variant from its two (DNABERT's formulas, Sec. A.4).

Every different window goes through a classifier once, in batches of like lengths, in fp32. Scores come from log
probabilities, in double precision: the odds of a probability that rounds to 0 or 1 stay finite, so nothing is clamped.
"""

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np
import torch
from jaxtyping import Float64, Int64

from genomask.analysis.variants.alleles import Bases
from genomask.checks import require_choice
from genomask.genome.sequences import reverse_complement
from genomask.models.export import Classifier
from genomask.models.forward import cls_logits

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


class Predictor(NamedTuple):
    """A classifier under the name that tables give it, and the index of the class that is meant."""

    name: str
    classifier: Classifier
    positive: int


class Distinct(NamedTuple):
    """Windows without repetition, longest first, and which of them every window given is."""

    windows: list[Bases]
    which: Int64[np.ndarray, " given"]


def predictor(name: str, classifier: Classifier, positive: str | None, device: torch.device) -> Predictor:
    """Put a classifier on a device.

    Raises:
        ValueError: If it has no such class.
    """
    chosen = classifier.classes[-1] if positive is None else positive
    require_choice(chosen, f"variants.positive (for {name})", classifier.classes)
    return Predictor(name, placed(classifier, device), classifier.classes.index(chosen))


def placed(classifier: Classifier, device: torch.device) -> Classifier:
    """The classifier, ready to predict on a device."""
    cast(torch.nn.Module, classifier.model).float().eval().to(device)
    return classifier


def distinct(windows: Sequence[Bases]) -> Distinct:
    """Find equal windows: those of the alleles of one site share their reference."""
    first: dict[bytes, int] = {}
    index = np.array([first.setdefault(bases.tobytes(), len(first)) for bases in windows], dtype=np.int64)
    unique = [np.frombuffer(text, dtype=np.uint8) for text in first]
    order = sorted(range(len(unique)), key=lambda row: -len(unique[row]))
    rank = np.argsort(np.array(order, dtype=np.int64))
    return Distinct([unique[row] for row in order], rank[index])


def predict(predictors: Sequence[Predictor], windows: Sequence[Bases], *, batch: int, both_strands: bool) -> list[Log]:
    """Logarithms of p and 1 - p of every window, from every predictor.

    Args:
        predictors: Classifiers, on one device.
        windows: Each at least k - 1 bases long and no longer than a classifier takes.
        batch: Windows at once.
        both_strands: Average the probabilities of a window and of its reverse complement.
    """
    if not windows:
        return [np.empty((0, 2)) for _ in predictors]
    strands = [*windows, *map(reverse_complement, windows)] if both_strands else list(windows)
    unique, which = distinct(strands)
    found = []
    for each in predictors:
        logs = log_probabilities(logits(each.classifier, unique, batch), each.positive)[which]
        found.append(mean_of_strands(*np.split(logs, 2)) if both_strands else logs)
    return found


@torch.inference_mode()
def logits(classifier: Classifier, windows: list[Bases], batch: int) -> Float64[np.ndarray, "windows classes"]:
    """Logits of windows that come longest first. The device is waited for once, at the end.

    Args:
        classifier: On its device.
        windows: Bases 0..4, none longer than the classifier takes.
        batch: Windows at once.
    """
    device = next(classifier.model.parameters()).device
    parts, pad = [], classifier.tokens.pad
    for start in range(0, len(windows), batch):
        rows = [classifier.tokens.ids(bases) for bases in windows[start : start + batch]]
        token_ids = classifier.tokens.pad_rows(rows).to(device)
        attention = None if len({len(row) for row in rows}) == 1 else token_ids != pad
        parts.append(cls_logits(classifier.model, token_ids, attention))
    return torch.cat(parts).cpu().double().numpy()


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
