"""Cross-validation inside a k-shot episode: how to choose a variant when there is no development set."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from genomask.checks import require
from genomask.finetune.metrics import score, score_targets
from genomask.seeds import generator
from genomask.tasks.datamodule import EpisodeDataModule
from genomask.tasks.examples import TARGET_SCORES, Benchmark, check_test_set


def draw_folds(labels: Int64[np.ndarray, " rows"], *, folds: int, seed: int) -> list[Int64[np.ndarray, " _fold"]]:
    """Split rows into folds at random, so that every fold has its share of every class.

    Raises:
        ValueError: If a class has fewer examples than there are folds.
    """
    draw, dealt = generator(seed, "folds"), np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rows = draw.permutation(np.flatnonzero(labels == label))
        require(len(rows) >= folds, "Cross-validation", f"{folds} examples of every class", len(rows))
        dealt[rows] = np.arange(len(rows)) % folds
    return [np.flatnonzero(dealt == fold) for fold in range(folds)]


def fold_data(data: EpisodeDataModule, *, folds: int, seed: int) -> list[EpisodeDataModule]:
    """An episode's folds as the test sets of episodes that hold the other folds; none for 0 folds.

    Args:
        data: The episode; its test set is left alone.
        folds: Number of folds.
        seed: Draws the folds.

    Raises:
        ValueError: If a class has fewer examples than there are folds, or a fold could not be scored.
    """
    labels, targets, found = np.array(data.episode.labels), data.targets[0], []
    for held in draw_folds(labels, folds=folds, seed=seed) if folds else []:
        known = None if targets is None else (targets, targets[held])
        task = Benchmark(data.episode, data.episode.take(held), data.classes, kind=data.kind, targets=known)
        check_test_set(task, targets=True, name="A fold of finetune.cross_validate")
        rest = np.setdiff1d(np.arange(len(labels)), held)
        sizes = {"batch_size": data.batch_size, "evaluation_batch": data.evaluation_batch}
        found.append(EpisodeDataModule(task, rest, **sizes, seed=data.seed))
    return found


def cross_validate(
    folds: Sequence[EpisodeDataModule], predict: Callable[[EpisodeDataModule], Tensor]
) -> dict[str, object]:
    """Score every example of an episode by a classifier that was trained on the other folds.

    Args:
        folds: From ``fold_data``.
        predict: Trains on the episode that it is given, returns predictions of its test set.

    Returns:
        The number of folds, accuracy over all examples, and AUC averaged over the folds, as classifiers of
        different folds do not share a scale; of tasks without classes, all scores averaged over the folds.
    """
    found, sizes = [], [len(fold.test.labels) for fold in folds]
    for fold in folds:
        targets, predicted = fold.targets[1], predict(fold)
        if targets is None:
            scores = score(predicted, torch.from_numpy(np.array(fold.test.labels)))
            found.append({"accuracy": scores.accuracy, "auc": scores.auc})
        else:
            scores = score_targets(predicted, torch.from_numpy(targets), fold.kind)
            found.append({name: scores[name] for name in TARGET_SCORES[fold.kind]})
    weights = {"accuracy": sizes}
    means = {name: np.average([each[name] for each in found], weights=weights.get(name)) for name in found[0]}
    return {"folds": len(folds), **{name: float(mean) for name, mean in means.items()}}
