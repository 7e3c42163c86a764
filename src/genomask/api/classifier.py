"""Fine-tune an encoder on labelled sequences, and predict with a classifier."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from genomask.alphabet import decode
from genomask.analysis.prediction.probabilities import probabilities
from genomask.api.encoder import LoadedEncoder, load_encoder
from genomask.api.sequences import encoded
from genomask.api.settings import configured
from genomask.checks import require
from genomask.finetune.module import ClassifierModule
from genomask.finetune.settings import policy
from genomask.models.bert import sequence_classifier
from genomask.models.classifier import Classifier, classifier_folder, open_classifier
from genomask.seeds import derived_seed
from genomask.tasks.datamodule import EpisodeDataModule
from genomask.tasks.episode import draw_episode
from genomask.tasks.examples import Benchmark, benchmark, crop
from genomask.training.host import fixed_order, sequences_at_once
from genomask.training.trainer import trainer

TASK = "data frame"  # names the draw of the shots


def fine_tune(
    encoder: LoadedEncoder | str | Path,
    frame: Mapping[str, Iterable[Any]] | Any,
    *,
    shots: int | None = None,
    seed: int = 0,
    settings: Sequence[str] = (),
) -> Classifier:
    """Fine-tune an encoder on a data frame, as ``stage=finetune`` does (Sec. 5.3).

    Args:
        encoder: From ``load_encoder``, or its folder. It is not changed.
        frame: A pandas DataFrame, or anything with the columns ``sequence`` and ``label``.
        shots: Examples of every class to draw; None takes all rows.
        seed: Draws the shots, the head, dropout and the order of the examples.
        settings: Words of the command line, such as ``["fs=on", "finetune.crop=center", "trainer=cpu"]``.

    Returns:
        The classifier: its ``model``, its ``classes`` (labels as text, numbers in numeric order) and ``k``.

    Raises:
        ValueError: If a sequence is no DNA or too long, there are fewer than two classes or too few
            examples, or a setting is wrong.
    """
    config = configured([*settings, f"seed={seed}"])
    loaded = encoder if isinstance(encoder, LoadedEncoder) else load_encoder(encoder)
    task = crop(_benchmark(frame), longest=loaded.longest, keep=config.finetune.crop)
    episode = draw_episode(task.pool.labels, task=TASK, shots=shots, seed=seed)
    chosen = policy(shots or int(np.bincount(task.pool.labels).min()), config.fewshot, config.fs)
    data = EpisodeDataModule(
        task,
        episode,
        batch_size=chosen.batch_size,
        evaluation_batch=sequences_at_once(config.trainer, config.finetune.evaluation_batch, cpu=8, gpu=256),
        seed=derived_seed(seed, "order of examples"),
    )
    model = sequence_classifier(
        loaded.source,
        classes=len(task.classes),
        seed=derived_seed(seed, "classification head"),
        hidden_dropout=config.finetune.hidden_dropout,
    )
    module = ClassifierModule(
        model, settings=config.finetune, k=loaded.k, learning_rate=chosen.learning_rate, seed=seed
    )
    fit = trainer(
        config.trainer,
        precision=config.finetune.precision,
        loggers=[],
        callbacks=[],
        devices=1,
        max_epochs=chosen.epochs,
        gradient_clip_val=config.finetune.clip_norm,
    )
    with fixed_order(config.trainer):
        fit.fit(module, datamodule=data)
    model.config.id2label = dict(enumerate(task.classes))
    return Classifier(model.cpu().eval(), task.classes, loaded.k)


def load_classifier(folder: str | Path) -> Classifier:
    """Load what a fine-tuning with ``finetune.save_model=true`` kept: ``runs/finetune/NAME``.

    Raises:
        FileNotFoundError: If there is no such folder, or the fine-tuning kept no classifier.
        ValueError: If the folder holds another kind of model, or is damaged.
    """
    return open_classifier(classifier_folder(folder))


def predict(
    classifier: Classifier | str | Path,
    sequences: Iterable[str],
    *,
    both_strands: bool = False,
    batch: int = 32,
) -> Float64[np.ndarray, "rows classes"]:
    """Class probabilities of every sequence, in the order of ``classifier.classes``.

    For files, and for windows along a genome, there is ``genomask predict``.

    Args:
        classifier: From ``fine_tune`` or ``load_classifier``, or the folder of a fine-tuning.
        sequences: Letters, or k-mers separated by blanks.
        both_strands: Average the probabilities of a sequence and of its reverse complement.
        batch: Sequences at once; no effect beyond rounding.

    Raises:
        ValueError: If a sequence is no DNA, or shorter or longer than the classifier takes.
    """
    chosen = classifier if isinstance(classifier, Classifier) else load_classifier(classifier)
    given = encoded(sequences)
    needed = f"{chosen.k} to {chosen.longest} bases"
    for bases in given:
        require(chosen.k <= len(bases) <= chosen.longest, "A sequence", needed, len(bases))
    return probabilities(chosen, given, batch=batch, both_strands=both_strands)


def _benchmark(frame: Any) -> Benchmark:
    """The rows as a task; its test set, which nothing here asks for, is the pool."""
    try:
        sequences, labels = list(frame["sequence"]), [str(label) for label in frame["label"]]
    except (KeyError, TypeError, IndexError):
        raise ValueError("fine_tune needs a data frame with the columns sequence and label.") from None
    require(len(sequences) == len(labels), "fine_tune", "a label for every sequence", len(labels))
    rows = list(zip(map(decode, encoded(sequences)), labels, strict=True))
    return benchmark(rows, rows)
