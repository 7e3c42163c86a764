"""The scores of a classifier as W&B's own objects."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int64
from lightning.pytorch.loggers import Logger, WandbLogger
from torch import Tensor
from torchmetrics.functional.classification import binary_roc

if TYPE_CHECKING:
    from wandb import Run

ROC_POINTS = 51  # a class: enough for a curve, and light enough for thousands of runs


def log_scores(
    loggers: Sequence[Logger],
    scores: Mapping[str, float],
    predicted: Float[Tensor, "rows classes"],
    labels: Int64[Tensor, " rows"] | None,
) -> None:
    """Log the scores of a test set to every W&B run among the loggers; with ``labels``, ROC and confusion, too."""
    named = {f"test/{name}": value for name, value in scores.items()}
    for run in (logger.experiment for logger in loggers if isinstance(logger, WandbLogger)):
        import wandb

        run.summary.update(named | {"test/n": len(predicted)})
        row = _choices(run) | named
        charts: dict[str, Any] = {"test/row": wandb.Table(columns=list(row), data=[list(row.values())])}
        if labels is not None:
            columns, names = ["class", "false positive rate", "true positive rate"], range(predicted.shape[1])
            curve = wandb.Table(columns=[*columns], data=[*roc(predicted, labels)])
            charts["test/roc"] = wandb.plot.line(curve, columns[1], columns[2], stroke="class", title="ROC")
            classes, guesses = [*map(str, names)], predicted.argmax(dim=1).tolist()
            charts["test/confusion"] = wandb.plot.confusion_matrix(
                y_true=labels.tolist(), preds=guesses, class_names=classes, title="Confusion"
            )
        run.log(charts)


def roc(probability: Float[Tensor, "rows classes"], labels: Int64[Tensor, " rows"]) -> list[tuple[str, float, float]]:
    """Points of every class's curve against the rest (of two classes, the second's), evenly spaced."""
    classes = range(probability.shape[1]) if probability.shape[1] > 2 else (1,)
    points, grid = [], np.linspace(0, 1, ROC_POINTS)
    for number in classes:
        wrong, right, _ = binary_roc(probability[:, number], (labels == number).long())
        heights = np.interp(grid, wrong, right).tolist()
        points += [(str(number), x, y) for x, y in zip(grid.tolist(), heights, strict=True)]
    return points


def _choices(run: "Run") -> dict[str, Any]:
    """The choices that a row of a results table begins with."""
    config = run.config
    labels = {name: config["labels"][name] for name in ("wc", "hga", "fs")}
    seeds = {name: config[name] for name in ("shots", "seed", "pretrain_seed")}
    return {"task": config["task"]["name"], **config["shown"], **labels, **seeds}
