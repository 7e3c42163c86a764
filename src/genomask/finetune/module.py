"""Sequence classification (Sec. 5.3) as a LightningModule."""

from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from lightning import Callback, LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer
from transformers import PreTrainedModel

from genomask.finetune.settings import FinetuneSettings
from genomask.models.export import predictions
from genomask.models.forward import cls_logits, mean_logits
from genomask.seeds import derived_seed
from genomask.tasks.datamodule import EpisodeDataModule, ExampleBatch
from genomask.tokens.base import Tokens, of_bases
from genomask.training.checkpoints import MOST_STEPS, StopOnDivergence
from genomask.training.trainer import adamw

ADVICE = "Lower fs.learning_rate, or see to it that the encoder is sound."  # for a loss that is NaN or infinite


class Objective(NamedTuple):
    """What the outputs of a network stand for: logits of classes or of labels, or z-scores of an episode's values."""

    kind: str = "classes"  # the task's: ``classes``, ``multilabel`` or ``regression``
    center: float = 0.0  # mean of the values of a regression
    scale: float = 1.0  # their standard deviation

    def loss(self, logits: Float[Tensor, "batch classes"], batch: ExampleBatch) -> Float[Tensor, ""]:
        """Mean over the batch: cross-entropy in nats (of labels one by one), or squared error of z-scores."""
        if batch.targets is None:
            return cross_entropy(logits, batch.labels)
        if self.kind == "multilabel":
            return binary_cross_entropy_with_logits(logits.float(), batch.targets)
        return mse_loss(logits.float(), (batch.targets - self.center) / self.scale)

    def predictions(self, logits: Float[Tensor, "batch classes"]) -> Float[Tensor, "batch classes"]:
        """Probabilities of classes or labels, or values in their own unit."""
        return predictions(logits.float(), self.kind) * self.scale + self.center


CLASSES: Final = Objective()


def objective_of(data: EpisodeDataModule) -> Objective:
    """What a network learns from an episode."""
    values = data.episode.targets
    if data.kind != "regression" or values is None:
        return Objective(data.kind)
    return Objective(data.kind, float(np.mean(values)), float(np.std(values)) or 1.0)  # values may all be the same


class EpisodeModule(LightningModule):
    """Train a network on an episode; the weights after the last epoch are the result. The seed draws dropout."""

    def __init__(
        self,
        model: nn.Module,
        *,
        settings: FinetuneSettings,
        learning_rate: float,
        seed: int,
        objective: Objective = CLASSES,
    ) -> None:
        super().__init__()
        self.model: Any = model
        self.settings, self.learning_rate, self.seed = settings, learning_rate, seed
        self.objective = objective
        self.predictions: list[Tensor] = []
        self.rows: list[Tensor] = []
        self.diverged: Path | None = None  # where the batch of a loss that is not finite goes
        self.epoch_loss, self.epoch_examples = torch.zeros(()), 0

    def logits(self, batch: ExampleBatch) -> Float[Tensor, "batch classes"]:
        """What the network says of a batch of sequences."""
        return self.model(batch.bases, batch.lengths)

    def configure_callbacks(self) -> list[Callback]:
        return [StopOnDivergence(self.diverged, every=MOST_STEPS, advice=ADVICE)]

    def configure_optimizers(self) -> OptimizerLRScheduler:
        max_steps = int(self.trainer.estimated_stepping_batches)
        optimizer, schedule = adamw(
            self,
            self.settings,
            learning_rate=self.learning_rate,
            warmup_steps=int(max_steps * self.settings.warmup_share),
            max_steps=max_steps,
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def configure_gradient_clipping(
        self, optimizer: Optimizer, gradient_clip_val: float | None = None, *_: Any, **__: Any  # noqa: ARG002
    ) -> None:  # fmt: skip
        """Clip to the trainer's norm by hand, as the optimiser is fused."""
        if gradient_clip_val:
            clip_grad_norm_(self.parameters(), gradient_clip_val)

    def training_step(self, batch: ExampleBatch) -> Tensor:
        torch.manual_seed(derived_seed(self.seed, "dropout", self.global_step))
        loss = self.objective.loss(self.logits(batch), batch)
        self.epoch_loss = self.epoch_loss + loss.detach() * len(batch.labels)
        self.epoch_examples += len(batch.labels)
        return loss

    def on_train_epoch_end(self) -> None:
        self.log("finetune/loss", self.epoch_loss / self.epoch_examples)
        self.epoch_loss, self.epoch_examples = torch.zeros(()), 0

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["epoch_loss"], checkpoint["epoch_examples"] = self.epoch_loss.clone(), self.epoch_examples

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.epoch_loss, self.epoch_examples = checkpoint["epoch_loss"], checkpoint["epoch_examples"]

    def test_step(self, batch: ExampleBatch) -> None:
        self.predictions.append(self.objective.predictions(self.logits(batch)))
        self.rows.append(batch.rows)

    def predicted(self) -> Float[Tensor, "rows classes"]:
        """Predictions of the test set, in its own order, after ``Trainer.test``."""
        rows, found = torch.cat(self.rows), torch.cat(self.predictions)
        return torch.empty_like(found).index_copy_(0, rows, found).cpu()


class ClassifierModule(EpisodeModule):
    """Fine-tune an encoder with pooler and classification head on its tokens."""

    def __init__(self, model: PreTrainedModel, *, tokens: Tokens, **training: Any) -> None:
        super().__init__(model, **training)
        self.tokens = tokens

    def on_before_batch_transfer(self, batch: ExampleBatch, dataloader_idx: int) -> ExampleBatch:
        del dataloader_idx
        return batch._replace(token_ids=self.tokens.batch(batch.bases, batch.lengths))

    def logits(self, batch: ExampleBatch) -> Float[Tensor, "batch classes"]:
        token_ids = batch.token_ids
        assert token_ids is not None, "on_before_batch_transfer cuts sequences into tokens"
        attention = token_ids != self.tokens.pad
        if self.settings.pool == "mean":
            return mean_logits(self.model, token_ids, attention, of_bases(self.tokens, attention))
        if self.settings.lora is not None:  # the fast path reads weights past the adapters
            return self.model(token_ids, attention_mask=attention).logits
        return cls_logits(self.model, token_ids, attention)
