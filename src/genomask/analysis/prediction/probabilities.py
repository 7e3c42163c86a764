"""Class probabilities of sequences, in batches of like lengths, in fp32."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, cast

import numpy as np
import torch
from jaxtyping import Float64

from genomask.analysis.prediction.windows import Window
from genomask.analysis.variants.predictor import distinct, logits
from genomask.analysis.variants.windows import Bases
from genomask.genome.sequences import reverse_complement
from genomask.models.classifier import Classifier

BUFFER: Final = 4096  # windows that are sorted by length together; 1.2 MB at 300 bp


def probabilities(
    classifier: Classifier, sequences: Sequence[Bases], *, batch: int, both_strands: bool = False
) -> Float64[np.ndarray, "rows classes"]:
    """Class probabilities (softmax of the logits) of every sequence, in their order.

    Args:
        classifier: On the device that is to compute.
        sequences: Bases 0..4, each at least k long and no longer than the classifier takes.
        batch: Sequences that go through the classifier at once.
        both_strands: Average the probabilities of a sequence and of its reverse complement.

    Raises:
        ValueError: If a logit is not a finite number.
    """
    if not sequences:
        return np.empty((0, len(classifier.classes)))
    strands = [*sequences, *map(reverse_complement, sequences)] if both_strands else list(sequences)
    unique, which = distinct(strands)
    found = logits(classifier, unique, batch)
    if not np.isfinite(found).all():
        raise ValueError("A classifier's logits are not all numbers: its fine-tuning diverged.")
    found = np.exp(found - np.logaddexp.reduce(found, axis=1, keepdims=True))[which]
    return (found[: len(sequences)] + found[len(sequences) :]) / 2 if both_strands else found


def predict_windows(
    classifier: Classifier, windows: Iterable[Window], *, batch: int, both_strands: bool
) -> Iterator[tuple[list[Window], Float64[np.ndarray, "rows classes"]]]:
    """Yield windows with their class probabilities, in their order; ``BUFFER`` of them are in memory."""
    left = iter(windows)
    while chunk := list(islice(left, BUFFER)):
        sequences = [window.bases for window in chunk]
        yield chunk, probabilities(classifier, sequences, batch=batch, both_strands=both_strands)


def placed(classifier: Classifier, device: torch.device) -> Classifier:
    """The classifier, ready to predict on a device."""
    cast(torch.nn.Module, classifier.model).float().eval().to(device)
    return classifier
