"""Classifiers at work on windows: every different window once, in batches of like lengths, in fp32."""

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np
import torch
from jaxtyping import Float64, Int64

from genomask.analysis.variants.scores import Log, log_probabilities, mean_of_strands
from genomask.analysis.variants.windows import Bases
from genomask.checks import require_choice
from genomask.genome.sequences import reverse_complement
from genomask.models.classifier import Classifier
from genomask.models.forward import cls_logits


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
    cast(torch.nn.Module, classifier.model).float().eval().to(device)
    return Predictor(name, classifier, classifier.classes.index(chosen))


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
