"""Scores of a classifier on a test set, or a reason why there are none."""

from typing import NamedTuple

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


class Scores(NamedTuple):
    """Accuracy, AUC (one against the rest, macro, beyond two classes), macro F1, Matthews' coefficient.

    ``collapsed`` says that every prediction was the same class, a known failure of few-shot fine-tuning.
    """

    accuracy: float
    auc: float
    f1: float
    mcc: float
    collapsed: bool


def score(probability: Float[Tensor, "rows classes"], labels: Int64[Tensor, " rows"]) -> Scores:
    """Score class probabilities (Sec. 5.2).

    Raises:
        ValueError: If a probability is not a number, or a class is absent from the labels, where AUC is
            undefined (torchmetrics would answer 0).
    """
    classes = probability.shape[1]
    _check_finite(probability)
    absent = sorted(set(range(classes)) - set(labels.unique().tolist()))
    if absent:
        raise ValueError(f"AUC needs every class in the test set; class indices {absent} are absent.")
    predicted = probability.argmax(dim=1)
    collapsed = len(predicted.unique()) == 1
    mcc = multiclass_matthews_corrcoef(predicted, labels, classes).item()
    return Scores(
        accuracy=multiclass_accuracy(predicted, labels, classes, average="micro").item(),
        auc=_auc(probability, labels),
        f1=multiclass_f1_score(predicted, labels, classes, average="macro").item(),
        mcc=0.0 if collapsed else mcc,  # torchmetrics' answer for a constant varies with the balance
        collapsed=collapsed,
    )


def _check_finite(predicted: Float[Tensor, "rows classes"]) -> None:
    if not predicted.isfinite().all():
        raise ValueError("The classifier's predictions are not all numbers: the fine-tuning diverged.")


def _auc(probability: Float[Tensor, "rows classes"], labels: Int64[Tensor, " rows"]) -> float:
    if probability.shape[1] == 2:
        return binary_auroc(probability[:, 1], labels).item()
    return torch.as_tensor(multiclass_auroc(probability, labels, probability.shape[1])).item()


def score_targets(
    predicted: Float[Tensor, "rows targets"], targets: Float[Tensor, "rows targets"], kind: str
) -> dict[str, float]:
    """Scores of tasks whose rows have no class of their own.

    Returns:
        ``regression``: Pearson's and Spearman's correlation (0 for a constant prediction) and R2. ``multilabel``: AUROC
        and AUPRC, means over the labels that some test rows have and some lack, and how many these are.

    Raises:
        ValueError: If a prediction is not a finite number.
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
