"""Embed sequences with a pretrained encoder, and probe it on labelled ones."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32, Float64

from genomask.api.sequences import encoded, episode_rows, labelled
from genomask.checks import require, require_choice, require_packages
from genomask.finetune.classifiers import Probe
from genomask.finetune.embedding import POOLS, LoadedEncoder, batches, check_lengths, embed_batch, load_encoder
from genomask.finetune.shallow import MOST_STEPS, Predict, fit_probe
from genomask.tasks.examples import pack


def embed(
    encoder: LoadedEncoder | str | Path,
    sequences: Iterable[Any],
    *,
    pooling: str = "mean",
    layers: str = "last",
    long: str = "refuse",
    both_strands: bool = False,
    batch: int = 4096,
) -> Float32[np.ndarray, "rows *layers hidden"]:
    """Embed every sequence as one vector, as ``stage=embed`` does.

    Args:
        encoder: From ``load_encoder``, or its folder.
        sequences: Letters, k-mers separated by blanks, or bases 0..4.
        pooling: ``mean`` or ``max`` over the tokens of bases, or ``cls``: the features of [CLS], which pretraining
            alone does not train to mean anything.
        layers: ``last``, or ``all``: the token embeddings and every layer, an axis of their own.
        long: A sequence longer than the encoder takes is an error (``refuse``), or cut into windows whose vectors are
            averaged (``window``).
        both_strands: Average the vectors of a sequence and of its reverse complement; of maxima, keep the larger.
        batch: Bases with padding that go through the encoder together; no effect beyond rounding.

    Raises:
        ValueError: If a sequence is not DNA, or shorter or longer than the encoder takes.
    """
    require_choice(pooling, "pooling", POOLS)
    require_choice(layers, "layers", ("last", "all"))
    require_choice(long, "long", ("refuse", "window"))
    require(batch >= 1, "batch", "at least 1", batch)
    loaded = encoder if isinstance(encoder, LoadedEncoder) else load_encoder(encoder)
    given = encoded(sequences)
    table = pack(given, np.zeros(len(given), dtype=np.int64))
    check_lengths(loaded, table.lengths, long=long)
    config = loaded.model.config
    shape = (len(given), config.num_hidden_layers + 1 if layers == "all" else 1, config.hidden_size)
    found = np.empty(shape, dtype=np.float32)
    for part in batches(table.lengths, longest=loaded.longest, tokens=batch, both_strands=both_strands):
        rows, vectors = embed_batch(loaded, part, table.bases, table.offsets, layers=layers, pools=(pooling,))
        found[rows] = vectors[pooling]
    return found if layers == "all" else found[:, 0]


class FittedProbe(NamedTuple):
    """Logistic regression on an encoder's embeddings.

    Attributes:
        classes: Labels as text, numbers in numeric order.
        encoder: The frozen encoder.
        options: How it embeds: ``pooling``, ``long`` and ``both_strands``.
        model: Class probabilities of embeddings.
    """

    classes: tuple[str, ...]
    encoder: LoadedEncoder
    options: Mapping[str, Any]
    model: Predict

    def predict(self, sequences: Iterable[Any]) -> Float64[np.ndarray, "rows classes"]:
        """Class probabilities of every sequence, in the order of ``classes``."""
        return self.model(embed(self.encoder, sequences, **self.options))


def probe(
    encoder: LoadedEncoder | str | Path,
    frame: Mapping[str, Iterable[Any]] | Any,
    *,
    shots: int | None = None,
    seed: int = 0,
    task: str = "data frame",
    rows: str | Path | Sequence[int] | None = None,
    pooling: str = "mean",
    inverse_penalty: float | None = None,
    long: str = "refuse",
    both_strands: bool = False,
) -> FittedProbe:
    """Fit a probe on a data frame, as ``classifier=probe`` does: seconds, where a fine-tuning takes minutes.

    Args:
        encoder: From ``load_encoder``, or its folder.
        frame: A pandas DataFrame, or anything with the columns ``sequence`` and ``label``.
        shots: Examples of every class to draw; None takes all rows.
        seed: Draws the shots, and the folds that choose C.
        task: Names the draw of the shots: with a command's ``task.name`` and its training table, the same shots.
        rows: The rows to learn from, instead of a draw: the folder of a result, or row numbers from 0.
        pooling: As for ``embed``.
        inverse_penalty: scikit-learn's C; None chooses it by cross-validation within the shots.
        long: As for ``embed``.
        both_strands: As for ``embed``.

    Raises:
        ValueError: If a sequence is not DNA or too long, there are fewer than two classes or too few examples.
    """
    require_packages("probe", "sklearn", extra="baselines")
    loaded = encoder if isinstance(encoder, LoadedEncoder) else load_encoder(encoder)
    known = labelled(frame, "probe")
    chosen = known.pool.take(episode_rows(known, task=task, shots=shots, seed=seed, rows=rows))
    options: dict[str, Any] = {"pooling": pooling, "long": long, "both_strands": both_strands}
    texts = [chosen.bases[start:stop] for start, stop in pairwise(chosen.offsets)]
    settings = Probe("probe", pooling, None, standardise=True, inverse_penalty=inverse_penalty, max_steps=MOST_STEPS)
    model = fit_probe(settings, embed(loaded, texts, **options), chosen.labels, seed=seed)
    return FittedProbe(known.classes, loaded, options, model)
