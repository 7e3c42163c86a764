"""Scores of a classifier on a test set, or within its episode; or a reason why there are none."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torchmetrics.functional.classification import (
    binary_auroc,
    binary_average_precision,
    multiclass_accuracy,
    multiclass_auroc,
    multiclass_f1_score,
    multiclass_matthews_corrcoef,
)
from torchmetrics.functional.regression import pearson_corrcoef, r2_score, spearman_corrcoef

from genomask.checks import require
from genomask.seeds import generator
from genomask.tasks.datamodule import EpisodeDataModule
from genomask.tasks.examples import TARGET_SCORES, Benchmark, check_test_set


class Scores(NamedTuple):
    """Accuracy, AUC (of several classes, each against the rest), macro F1, Matthews' coefficient.

    A ``collapsed`` classifier predicts one class alone, a known failure of few-shot fine-tuning.
    """

    accuracy: float
    auc: float
    f1: float
    mcc: float
    collapsed: bool


def score(probability: Float[Tensor, "rows classes"], labels: Int64[Tensor, " rows"]) -> Scores:
    """Score class probabilities (Sec. 5.2); ValueError if one is NaN, or a class is absent, where AUC is undefined."""
    classes = probability.shape[1]
    _check_finite(probability)
    absent = sorted(set(range(classes)) - set(labels.unique().tolist()))
    if absent:
        raise ValueError(f"AUC needs every class in the test set; class indices {absent} are absent.")
    predicted = probability.argmax(dim=1)
    collapsed = len(predicted.unique()) == 1
    mcc = multiclass_matthews_corrcoef(predicted, labels, classes).item()
    both = classes == 2
    auc = binary_auroc(probability[:, 1], labels) if both else multiclass_auroc(probability, labels, classes)
    assert isinstance(auc, Tensor)  # not one for each class
    return Scores(
        accuracy=multiclass_accuracy(predicted, labels, classes, average="micro").item(),
        auc=auc.item(),
        f1=multiclass_f1_score(predicted, labels, classes, average="macro").item(),
        mcc=0.0 if collapsed else mcc,  # torchmetrics' answer for a constant varies with the balance
        collapsed=collapsed,
    )


def _check_finite(predicted: Float[Tensor, "rows classes"]) -> None:
    if not predicted.isfinite().all():
        raise ValueError("The classifier's predictions are not all numbers: the fine-tuning diverged.")


def score_targets(
    predicted: Float[Tensor, "rows targets"], targets: Float[Tensor, "rows targets"], kind: str
) -> dict[str, float]:
    """Scores of tasks whose rows have no class of their own; a prediction that is not a finite number is a ValueError.

    Of a ``regression``, Pearson's and Spearman's correlation (0 for a constant prediction) and R2. Of a ``multilabel``
    task, AUROC and AUPRC, means over the labels that some test rows have and some lack, and how many these are.
    """
    _check_finite(predicted)
    if kind == "regression":
        guess, value = predicted[:, 0].double(), targets[:, 0].double()
        varies = bool((guess != guess[0]).any())
        pearson, spearman = (float(f(guess, value)) if varies else 0.0 for f in (pearson_corrcoef, spearman_corrcoef))
        return {"pearson": pearson, "spearman": spearman, "r2": float(r2_score(guess, value))}
    known = [(predicted[:, at], labels.long()) for at, labels in enumerate(targets.T) if 0 < labels.mean() < 1]
    auroc, auprc = ([float(f(*pair)) for pair in known] for f in (binary_auroc, binary_average_precision))
    return {"auc": sum(auroc) / len(known), "auprc": sum(auprc) / len(known), "labels_scored": len(known)}


def draw_folds(labels: Int64[np.ndarray, " rows"], *, folds: int, seed: int) -> list[Int64[np.ndarray, " _fold"]]:
    """Split rows into folds at random, so that every fold has its share of every class."""
    draw, dealt = generator(seed, "folds"), np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rows = draw.permutation(np.flatnonzero(labels == label))
        require(len(rows) >= folds, "Cross-validation", f"{folds} examples of every class", len(rows))
        dealt[rows] = np.arange(len(rows)) % folds
    return [np.flatnonzero(dealt == fold) for fold in range(folds)]


def fold_data(data: EpisodeDataModule, *, folds: int, seed: int) -> list[EpisodeDataModule]:
    """An episode's folds as test sets of episodes that hold the other folds; ValueError if one cannot be scored."""
    labels, found = np.array(data.episode.labels), []
    for held in draw_folds(labels, folds=folds, seed=seed) if folds else []:
        task = Benchmark(data.episode, data.episode.take(held), data.classes, kind=data.kind)
        check_test_set(task, targets=True, name="A fold of finetune.cross_validate")
        rest = np.setdiff1d(np.arange(len(labels)), held)
        sizes = {"batch_size": data.batch_size, "evaluation_batch": data.evaluation_batch}
        found.append(EpisodeDataModule(task, rest, **sizes, seed=data.seed))
    return found


def cross_validate(
    folds: Sequence[EpisodeDataModule], predict: Callable[[EpisodeDataModule], Tensor]
) -> dict[str, object]:
    """Score every example of an episode by a classifier that was trained on the other folds.

    ``predict`` trains on an episode and returns predictions of its test set. Returns the number of folds, accuracy over
    all examples, and AUC averaged over the folds, as classifiers of different folds do not share a scale; of tasks
    without classes, all scores averaged over the folds.
    """
    found, sizes = [], [len(fold.test.labels) for fold in folds]
    for fold in folds:
        targets, predicted = fold.test.targets, predict(fold)
        if targets is None:
            scores = score(predicted, torch.from_numpy(np.array(fold.test.labels)))
            found.append({"accuracy": scores.accuracy, "auc": scores.auc})
        else:
            scores = score_targets(predicted, torch.from_numpy(targets), fold.kind)
            found.append({name: scores[name] for name in TARGET_SCORES[fold.kind]})
    weights = {"accuracy": sizes}
    means = {name: np.average([each[name] for each in found], weights=weights.get(name)) for name in found[0]}
    return {"folds": len(folds), **{name: float(mean) for name, mean in means.items()}}
