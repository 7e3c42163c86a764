"""Scores of a classifier on a test set, or a reason why there are none."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torchmetrics.functional.classification import (
    binary_auroc,
    multiclass_accuracy,
    multiclass_auroc,
    multiclass_f1_score,
    multiclass_matthews_corrcoef,
)


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
    if not probability.isfinite().all():
        raise ValueError("The classifier's probabilities are not all numbers: the fine-tuning diverged.")
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


def _auc(probability: Float[Tensor, "rows classes"], labels: Int64[Tensor, " rows"]) -> float:
    if probability.shape[1] == 2:
        return binary_auroc(probability[:, 1], labels).item()
    return torch.as_tensor(multiclass_auroc(probability, labels, probability.shape[1])).item()
