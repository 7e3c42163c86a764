"""Cross-validation inside a k-shot episode: how to choose a variant when there is no development set."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from genomask.checks import require
from genomask.finetune.metrics import score
from genomask.seeds import generator
from genomask.tasks.datamodule import EpisodeDataModule
from genomask.tasks.examples import Benchmark


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


def cross_validate(
    data: EpisodeDataModule,
    predict: Callable[[EpisodeDataModule], Tensor],
    *,
    folds: int,
    seed: int,
    classes: tuple[str, ...],
) -> dict[str, object]:
    """Score every example of an episode by a classifier that was trained on the other folds.

    Args:
        data: The episode; its test set is left alone.
        predict: Trains on the pool of the data that it is given, returns class probabilities of its test set.
        folds: Number of folds.
        seed: Draws the folds.
        classes: Names of the classes.

    Returns:
        The number of folds, accuracy over all examples, and AUC averaged over the folds, as classifiers of
        different folds do not share a scale.
    """
    labels = np.array(data.episode.labels)
    correct, aucs = 0.0, []
    for held in draw_folds(labels, folds=folds, seed=seed):
        rest = np.setdiff1d(np.arange(len(labels)), held)
        part = EpisodeDataModule(
            Benchmark(data.episode, data.episode.take(held), classes),
            rest,
            batch_size=data.batch_size,
            evaluation_batch=data.evaluation_batch,
            seed=data.seed,
        )
        found = score(predict(part), torch.from_numpy(labels[held]))
        correct += found.accuracy * len(held)
        aucs.append(found.auc)
    return {"folds": folds, "accuracy": correct / len(labels), "auc": float(np.mean(aucs))}
