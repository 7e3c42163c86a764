"""Classifiers at work on sequences, in batches of like lengths, in fp32."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, cast

import numpy as np
import torch
from jaxtyping import Float64, UInt8

from genomask.alphabet import OTHER
from genomask.analysis.prediction.windows import Window
from genomask.genome.sequences import reverse_complement
from genomask.models.export import Classifier, predictions
from genomask.models.forward import cls_logits

BUFFER: Final = 4096  # windows that are sorted by length together; 1.2 MB at 300 bp
Bases = UInt8[np.ndarray, " _bases"]


def placed(classifier: Classifier, device: torch.device) -> Classifier:
    """The classifier, ready to predict on a device."""
    cast(torch.nn.Module, classifier.model).float().eval().to(device)
    return classifier


@torch.inference_mode()
def logits(
    classifier: Classifier, sequences: Sequence[Bases], *, batch: int, both_strands: bool = False
) -> Float64[np.ndarray, "strands rows classes"]:
    """Logits of every sequence (bases 0..4) and, for ``both_strands``, of its reverse complement.

    Equal sequences, as the references of the alleles of one site, go through the classifier once, the longest first,
    ``batch`` at once. The device is waited for once, at the end. ValueError if a logit is not finite.
    """
    if not sequences:
        return np.empty((1 + both_strands, 0, len(classifier.classes)))
    strands = [*sequences, *map(reverse_complement, sequences)] if both_strands else sequences
    texts = [bases.tobytes() for bases in strands]
    unique = sorted(dict.fromkeys(texts), key=len, reverse=True)
    parts, pad, device = [], classifier.tokens.pad, next(classifier.model.parameters()).device
    for start in range(0, len(unique), batch):
        rows = [classifier.tokens.ids(np.frombuffer(text, dtype=np.uint8)) for text in unique[start : start + batch]]
        token_ids = classifier.tokens.pad_rows(rows).to(device)
        attention = None if len({len(row) for row in rows}) == 1 else token_ids != pad
        parts.append(cls_logits(classifier.model, token_ids, attention))
    found = torch.cat(parts).cpu().double().numpy()
    if not np.isfinite(found).all():
        raise ValueError("A classifier's logits are not all numbers: its fine-tuning diverged.")
    place = {text: row for row, text in enumerate(unique)}
    which = np.array([place[text] for text in texts], dtype=np.int64)
    return found[which].reshape(1 + both_strands, len(sequences), -1)


def probabilities(
    classifier: Classifier,
    sequences: Sequence[Bases],
    *,
    batch: int,
    both_strands: bool = False,
    max_unknown: float | None = 1.0,
) -> Float64[np.ndarray, "rows classes"]:
    """Probabilities of classes or labels, or the values of a regression, of every sequence, in their order.

    A sequence without information has NaN: one with a larger share of unknown bases than ``max_unknown`` (None: none
    has), or without a token that holds none. ``both_strands`` averages the predictions of both.
    """
    values = np.full((len(sequences), len(classifier.classes)), np.nan)
    known = [max_unknown is None or _is_informative(classifier, bases, max_unknown) for bases in sequences]
    if any(known):
        chosen = [bases for bases, good in zip(sequences, known, strict=True) if good]
        found = logits(classifier, chosen, batch=batch, both_strands=both_strands)
        strands = [predictions(torch.from_numpy(each), classifier.kind).numpy() for each in found]
        values[np.array(known)] = np.mean(strands, axis=0)
    return values


def predict_windows(
    classifier: Classifier, windows: Iterable[Window], *, batch: int, both_strands: bool, max_unknown: float = 1.0
) -> Iterator[tuple[list[Window], Float64[np.ndarray, "rows classes"]]]:
    """Yield windows with their ``probabilities``, in their order; ``BUFFER`` of them are in memory."""
    left = iter(windows)
    while chunk := list(islice(left, BUFFER)):
        sequences = [window.bases for window in chunk]
        found = probabilities(classifier, sequences, batch=batch, both_strands=both_strands, max_unknown=max_unknown)
        yield chunk, found


def _is_informative(classifier: Classifier, bases: Bases, max_unknown: float) -> bool:
    unknown = bases >= OTHER
    if not unknown.any():
        return True
    before = np.concatenate(([0], np.cumsum(unknown)))
    tokens = classifier.tokens.split(bases)
    whole = before[tokens.stop] == before[tokens.start]
    return bool(unknown.mean() <= max_unknown and whole.any())
