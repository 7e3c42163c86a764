"""Predictions for sequences, in batches of like lengths, in fp32."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import numpy as np
import torch
from jaxtyping import Float64

from genomask.alphabet import OTHER
from genomask.analysis.prediction.windows import Window
from genomask.analysis.variants.alleles import Bases
from genomask.analysis.variants.predictor import distinct, logits
from genomask.genome.sequences import reverse_complement
from genomask.models.export import Classifier, predictions

BUFFER: Final = 4096  # windows that are sorted by length together; 1.2 MB at 300 bp


def probabilities(
    classifier: Classifier,
    sequences: Sequence[Bases],
    *,
    batch: int,
    both_strands: bool = False,
    max_unknown: float = 1.0,
) -> Float64[np.ndarray, "rows classes"]:
    """Probabilities of classes or labels, or the values of a regression, of every sequence, in their order.

    A sequence without information has NaN: one with too many unknown bases, or without a token that holds none.

    Args:
        classifier: On the device that is to compute.
        sequences: Bases 0..4, none shorter or longer than the classifier takes.
        batch: Sequences that go through the classifier at once.
        both_strands: Average the predictions of a sequence and of its reverse complement.
        max_unknown: Largest share of unknown bases in a sequence that has a value.

    Raises:
        ValueError: If a logit is not a finite number.
    """
    values = np.full((len(sequences), len(classifier.classes)), np.nan)
    informative = np.array([_is_informative(classifier, bases, max_unknown) for bases in sequences], dtype=bool)
    if informative.any():
        chosen = [bases for bases, good in zip(sequences, informative, strict=True) if good]
        values[informative] = predict_all(classifier, chosen, batch=batch, both_strands=both_strands)
    return values


def _is_informative(classifier: Classifier, bases: Bases, max_unknown: float) -> bool:
    unknown = bases >= OTHER
    if not unknown.any():
        return True
    before = np.concatenate(([0], np.cumsum(unknown)))
    tokens = classifier.tokens.split(bases)
    whole = before[tokens.stop] == before[tokens.start]
    return bool(unknown.mean() <= max_unknown and whole.any())


def predict_all(
    classifier: Classifier, sequences: Sequence[Bases], *, batch: int, both_strands: bool = False
) -> Float64[np.ndarray, "rows classes"]:
    """Predictions as ``probabilities`` gives them, for sequences without information too."""
    strands = [*sequences, *map(reverse_complement, sequences)] if both_strands else sequences
    unique, which = distinct(strands)
    found = logits(classifier, unique, batch)
    if not np.isfinite(found).all():
        raise ValueError("A classifier's logits are not all numbers: its fine-tuning diverged.")
    found = predictions(torch.from_numpy(found), classifier.kind).numpy()[which]
    return (found[: len(sequences)] + found[len(sequences) :]) / 2 if both_strands else found


def predict_windows(
    classifier: Classifier, windows: Iterable[Window], *, batch: int, both_strands: bool, max_unknown: float = 1.0
) -> Iterator[tuple[list[Window], Float64[np.ndarray, "rows classes"]]]:
    """Yield windows with their predictions, in their order; ``BUFFER`` of them are in memory."""
    left = iter(windows)
    while chunk := list(islice(left, BUFFER)):
        sequences = [window.bases for window in chunk]
        yield (
            chunk,
            probabilities(classifier, sequences, batch=batch, both_strands=both_strands, max_unknown=max_unknown),
        )
