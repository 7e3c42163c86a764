"""Fine-tune an encoder on labelled sequences, and predict with a classifier."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from genomask.alphabet import decode
from genomask.analysis.prediction.probabilities import probabilities
from genomask.api.encoder import LoadedEncoder, load_encoder
from genomask.api.sequences import encoded
from genomask.api.settings import configured
from genomask.checks import require
from genomask.finetune.recipe import PreparedFinetuning, Recipe, classifier_module, episode_data, train
from genomask.finetune.settings import policy
from genomask.models.classifier import Classifier, classifier_folder, open_classifier
from genomask.tasks.episode import EPISODE_FILE, draw_episode
from genomask.tasks.examples import Benchmark, benchmark, crop
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
    loaded = encoder if isinstance(encoder, LoadedEncoder) else load_encoder(encoder)
    known = crop(labelled(frame, "fine_tune"), longest=loaded.longest, keep=config.finetune.crop)
    episode = episode_rows(known, task=task, shots=shots, seed=seed, rows=rows)
    rarest = int(np.bincount(known.pool.labels[episode]).min())
    recipe = Recipe(config.finetune, policy(rarest, config.fewshot, config.fs), config.trainer, seed)
    module = classifier_module(loaded.source, recipe, classes=len(known.classes))
    with fixed_order(config.trainer):
        train(PreparedFinetuning(module, episode_data(known, episode, recipe), recipe))
    module.model.config.id2label = dict(enumerate(known.classes))
    return Classifier(module.model.cpu().eval(), known.classes, loaded.tokens)


def episode_rows(
    known: Benchmark, *, task: str, shots: int | None, seed: int, rows: str | Path | Sequence[int] | None
) -> Int64[np.ndarray, " _episode"]:
    """The rows to learn from: as given, as a fine-tuning saved them, or drawn as a command draws them.

    Raises:
        FileNotFoundError: If the folder holds no saved episode.
        ValueError: If there are too few rows of a class, or a row is not in the frame.
    """
    if rows is None:
        return draw_episode(known.pool.labels, task=task, shots=shots, seed=seed)
    require(shots is None, "shots", "None where rows are given", shots)
    if isinstance(rows, str | Path):
        with (Path(rows).expanduser() / EPISODE_FILE).open(encoding="utf-8", newline="") as file:
            chosen = np.array([int(line["row"]) for line in csv.DictReader(file)], dtype=np.int64)
    else:
        chosen = np.asarray(rows, dtype=np.int64)
    inside = len(chosen) > 0 and chosen.min() >= 0 and chosen.max() < len(known.pool.labels)
    require(inside, "rows", f"row numbers from 0 to {len(known.pool.labels) - 1}", chosen.tolist())
    counts = np.bincount(known.pool.labels[chosen], minlength=len(known.classes))
    absent = [name for name, count in zip(known.classes, counts, strict=True) if not count]
    require(not absent, "rows", "an example of every class", f"none of class {', '.join(absent)}")
    return chosen


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


def labelled(frame: Any, function: str) -> Benchmark:
    """The rows of a data frame as a task, whose test set is its pool: nothing is scored on it.

    Raises:
        ValueError: If a column is missing, a sequence is not DNA, or there are fewer than two classes.
    """
    try:
        sequences, labels = list(frame["sequence"]), [str(label) for label in frame["label"]]
    except (KeyError, TypeError, IndexError):
        raise ValueError(f"{function} needs a data frame with the columns sequence and label.") from None
    require(len(sequences) == len(labels), function, "a label for every sequence", len(labels))
    rows = list(zip(map(decode, encoded(sequences)), labels, strict=True))
    return benchmark(rows, rows)
