"""Fine-tune an encoder on labelled sequences, and predict with a classifier."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from genomask.analysis.prediction.probabilities import probabilities
from genomask.api.sequences import encoded, episode_rows, labelled
from genomask.api.settings import configured
from genomask.checks import require
from genomask.finetune.embedding import LoadedEncoder, load_encoder
from genomask.finetune.recipe import PreparedFinetuning, Recipe, classifier_module, episode_data, train, trained_model
from genomask.finetune.settings import policy
from genomask.models.classifier import Classifier, classifier_folder, open_classifier
from genomask.tasks.examples import crop
from genomask.training.host import fixed_order


def fine_tune(
    encoder: LoadedEncoder | str | Path,
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
        rows: The rows to learn from, instead of a draw: the folder of a fine-tuning, or row numbers from 0.
        settings: Words of the command line, such as ``["fs=on", "finetune.crop=center", "trainer=cpu"]``.

    Returns:
        The classifier: its ``model``, its ``classes`` (labels as text, numbers in numeric order) and ``tokens``.

    Raises:
        ValueError: If a sequence is not DNA or too long, there are fewer than two classes or too few
            examples, or a setting is wrong.
    """
    config = configured([*settings, f"seed={seed}"])
    require(
        config.finetune.pool == "cls", "fine_tune", "finetune.pool=cls, which classifiers read", config.finetune.pool
    )
    loaded = encoder if isinstance(encoder, LoadedEncoder) else load_encoder(encoder)
    known = crop(labelled(frame, "fine_tune"), longest=loaded.longest, keep=config.finetune.crop)
    episode = episode_rows(known, task=task, shots=shots, seed=seed, rows=rows)
    rarest = int(np.bincount(known.pool.labels[episode]).min())
    recipe = Recipe(config.finetune, policy(rarest, config.fewshot, config.fs), config.trainer, seed)
    data = episode_data(known, episode, recipe)
    module = classifier_module(loaded.source, recipe, data)
    with fixed_order(config.trainer):
        train(PreparedFinetuning(module, data, recipe))
    return Classifier(trained_model(module, known.classes).cpu().eval(), known.classes, loaded.tokens)


def load_classifier(folder: str | Path) -> Classifier:
    """Load what a fine-tuning with ``finetune.save_model=true`` kept: ``runs/finetune/NAME``.

    Raises:
        FileNotFoundError: If there is no such folder, or the fine-tuning kept no classifier.
        ValueError: If the folder holds another kind of model, or is damaged.
    """
    return open_classifier(classifier_folder(folder), any_kind=True)


def predict(
    classifier: Classifier | str | Path,
    sequences: Iterable[str],
    *,
    both_strands: bool = False,
    batch: int = 32,
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
