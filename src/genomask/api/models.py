"""Embed sequences with a pretrained encoder, probe or fine-tune it on labelled ones, and predict with a classifier."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32, Float64

from genomask.analysis.predictor import probabilities
from genomask.api.sequences import encoded, episode_rows, labelled
from genomask.checks import require, require_choice, require_packages
from genomask.experiment.run import configured
from genomask.finetune.classifiers import MOST_STEPS, Probe
from genomask.finetune.embedding import POOLS, batches, check_lengths, embed_batch
from genomask.finetune.recipe import Recipe, classifier_module, episode_data, train, trained_model
from genomask.finetune.settings import policy
from genomask.finetune.shallow import Predict, fit_probe
from genomask.models.bert import Encoder, load_encoder
from genomask.models.export import Classifier, classifier_folder, open_classifier
from genomask.tasks.examples import crop, pack
from genomask.training.host import fixed_order


def embed(
    encoder: Encoder | str | Path,
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
    loaded = encoder if isinstance(encoder, Encoder) else load_encoder(encoder)
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
    """Logistic regression on an encoder's embeddings: its ``classes`` (labels as text, numbers in numeric order),
    the frozen ``encoder``, ``options`` of how it embeds, and the ``model``, which gives class probabilities of
    embeddings."""

    classes: tuple[str, ...]
    encoder: Encoder
    options: Mapping[str, Any]
    model: Predict

    def predict(self, sequences: Iterable[Any]) -> Float64[np.ndarray, "rows classes"]:
        """Class probabilities of every sequence, in the order of ``classes``."""
        return self.model(embed(self.encoder, sequences, **self.options))


def probe(
    encoder: Encoder | str | Path,
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
        encoder, frame, shots, task, rows: As for ``fine_tune``.
        seed: Draws the shots, and the folds that choose C.
        inverse_penalty: scikit-learn's C; None chooses it by cross-validation within the shots.
        pooling, long, both_strands: As for ``embed``.

    Raises:
        ValueError: If a sequence is not DNA or too long, there are fewer than two classes or too few examples.
    """
    require_packages("probe", "sklearn", extra="baselines")
    loaded = encoder if isinstance(encoder, Encoder) else load_encoder(encoder)
    known = labelled(frame, "probe")
    chosen = known.pool.take(episode_rows(known, task=task, shots=shots, seed=seed, rows=rows))
    options: dict[str, Any] = {"pooling": pooling, "long": long, "both_strands": both_strands}
    settings = Probe("probe", pooling, None, standardise=True, inverse_penalty=inverse_penalty, max_steps=MOST_STEPS)
    model = fit_probe(settings, embed(loaded, chosen.rows(), **options), chosen.labels, seed=seed)
    return FittedProbe(known.classes, loaded, options, model)


def fine_tune(
    encoder: Encoder | str | Path,
    frame: Mapping[str, Iterable[Any]] | Any,
    *,
    shots: int | None = None,
    seed: int = 0,
    task: str = "data frame",
    rows: str | Path | Sequence[int] | None = None,
    settings: Sequence[str] = (),
) -> Classifier:
    """Fine-tune an encoder on a data frame, as ``stage=finetune`` does (Sec. 5.3).

    Args:
        encoder: From ``load_encoder``, or its folder. It is not changed.
        frame: A pandas DataFrame, or anything with the columns ``sequence`` and ``label``.
        shots: Examples of every class to draw; None takes all rows.
        seed: Draws the shots, the head, dropout and the order of the examples.
        task: Names the draw of the shots: with a command's ``task.name`` and its training table, the same shots.
        rows: The rows to learn from, instead of a draw: the folder of a result, or row numbers from 0.
        settings: Words of the command line, such as ``["fs=on", "finetune.crop=center", "trainer=cpu"]``.

    Returns:
        The classifier: its ``model``, its ``classes`` (labels as text, numbers in numeric order) and ``tokens``.

    Raises:
        ValueError: If a sequence is not DNA or too long, there are fewer than two classes or too few
            examples, or a setting is wrong.
    """
    config = configured([*settings, f"seed={seed}"])
    pool = config.finetune.pool
    require(pool == "cls", "fine_tune", "finetune.pool=cls, which classifiers read", pool)
    loaded = encoder if isinstance(encoder, Encoder) else load_encoder(encoder)
    known = crop(labelled(frame, "fine_tune"), longest=loaded.longest, keep=config.finetune.crop)
    episode = episode_rows(known, task=task, shots=shots, seed=seed, rows=rows)
    rarest = int(np.bincount(known.pool.labels[episode]).min())
    recipe = Recipe(config.finetune, policy(rarest, config.fewshot, config.fs), config.trainer, seed)
    data = episode_data(known, episode, recipe)
    module = classifier_module(loaded, recipe, data)
    with fixed_order(config.trainer):
        train(module, data, recipe)
    return Classifier(trained_model(module, known.classes).cpu().eval(), known.classes, loaded.tokens)


def load_classifier(folder: str | Path) -> Classifier:
    """Load what a fine-tuning with ``finetune.save_model=true`` kept: ``runs/finetune/NAME``. Raises
    FileNotFoundError if there is no such folder, or the fine-tuning kept no classifier; ValueError if it holds
    another kind of model, or is damaged."""
    return open_classifier(classifier_folder(folder), any_kind=True)


def predict(
    classifier: Classifier | str | Path, sequences: Iterable[str], *, both_strands: bool = False, batch: int = 32
) -> Float64[np.ndarray, "rows classes"]:
    """Class probabilities of every sequence, in the order of ``classifier.classes``; NaN where no base is known.

    For files, and for windows along a genome, there is ``genomask predict``.

    Args:
        classifier: From ``fine_tune`` or ``load_classifier``, or the folder of a fine-tuning.
        sequences: Letters, or k-mers separated by blanks.
        both_strands: Average the probabilities of a sequence and of its reverse complement.
        batch: Sequences at once; no effect beyond rounding.

    Raises:
        ValueError: If a sequence is not DNA, or shorter or longer than the classifier takes.
    """
    chosen = classifier if isinstance(classifier, Classifier) else load_classifier(classifier)
    given = encoded(sequences)
    needed = f"{chosen.shortest} to {chosen.longest} bases"
    for bases in given:
        require(chosen.shortest <= len(bases) <= chosen.longest, "A sequence", needed, len(bases))
    return probabilities(chosen, given, batch=batch, both_strands=both_strands)
