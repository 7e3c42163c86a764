"""Masked language modelling (Sec. 3, "MLM training") as a LightningModule."""

from contextlib import nullcontext
from pathlib import Path
from typing import cast

import torch
from lightning import Callback, LightningModule
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.strategies import ParallelStrategy
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import LambdaLR
from torchmetrics import MeanMetric
from transformers import BertForMaskedLM

from genomask.corpus.steps import StepBatch
from genomask.masking.base import MaskedBatch, Masking, maskable
from genomask.masking.draws import sequence_keys
from genomask.models.settings import ModelSettings
from genomask.pretrain.meter import Meter
from genomask.pretrain.settings import PretrainSettings
from genomask.pretrain.step import loss_sum, micro_batches
from genomask.seeds import derived_seed
from genomask.tokens import tokenise
from genomask.training.divergence import StopOnDivergence
from genomask.training.trainer import adamw

VALIDATION_SEED = 2**31  # one fixed draw for every model, so that perplexities can be compared


class PretrainModule(LightningModule):
    """Pretrain an encoder under a masking strategy; one training step is one optimiser step.

    A step's sequences are masked together, then go through the encoder in micro-batches. The loss is the
    mean over all hidden tokens of the step, whatever the micro-batches; DNABERT's scripts average the means
    of micro-batches, which weighs tokens of micro-batches with few hidden tokens more.

    Everything drawn in a step is a function of (seed, step), so that a resumed training repeats it exactly.
    The host waits for the device once a step, for the number of hidden tokens; and now and then to log.

    Args:
        model: Encoder with its MLM head, tied.
        masking: The strategy under study.
        common: The one masking under which the perplexities of all models are compared (Fig. 1).
        settings: Optimiser and budget.
        shape: Shape of the encoder.
        warmup_steps: Optimiser steps until the full learning rate.
        seed: Draws masks and dropout.
    """

    def __init__(
        self,
        model: BertForMaskedLM,
        masking: Masking,
        common: Masking,
        *,
        settings: PretrainSettings,
        shape: ModelSettings,
        warmup_steps: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.model, self.masking, self.common = model, masking, common
        self.settings, self.k, self.warmup_steps, self.seed = settings, shape.k, warmup_steps, seed
        self.meter = Meter(shape, fast_path=settings.fast_path)
        self.diverged: Path | None = None  # where the batch goes at which the loss is no number
        self.loss, self.loss_common = MeanMetric(nan_strategy="error"), MeanMetric(nan_strategy="error")

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW with linear warmup and decay over the whole budget."""
        optimizer, schedule = adamw(
            self.model,
            learning_rate=self.settings.learning_rate,
            betas=(self.settings.beta1, self.settings.beta2),
            epsilon=self.settings.epsilon,
            weight_decay=self.settings.weight_decay,
            warmup_steps=self.warmup_steps,
            max_steps=self.settings.max_steps,
        )
        return [optimizer], [schedule]

    def configure_callbacks(self) -> list[Callback]:
        """Stop where the loss is no number."""
        advice = "Lower pretrain.learning_rate, or warm up longer (wc=on)."
        return [StopOnDivergence(self.diverged, every=self.settings.log_every, advice=advice)]

    def training_step(self, batch: StepBatch) -> Tensor:
        """Accumulate the gradient over the step's micro-batches, then update the weights once.

        Returns the loss, for those who watch it; on one of several processes, its own part of it.
        """
        torch.manual_seed(derived_seed(self.seed, "dropout", self.global_step, self.global_rank))
        optimizer, schedule = (
            cast(LightningOptimizer, self.optimizers()),
            cast(LambdaLR, self.lr_schedulers()),
        )
        token_ids = tokenise(batch.bases, batch.lengths, k=self.k)
        masked = self.masking(token_ids, sequence_keys(self.seed, batch.epoch, batch.segment))
        hidden = self.trainer.strategy.reduce(masked.hidden.sum(), reduce_op="sum")
        total = torch.as_tensor(hidden).clamp(min=1)
        parts = micro_batches(token_ids, masked, batch.cuts, k=self.k)

        loss = torch.zeros((), device=self.device)
        for number, part in enumerate(parts, start=1):
            with self._no_exchange_before_the_last(number, len(parts)):
                share = loss_sum(self.model, part, fast_path=self.settings.fast_path) / total
                self.manual_backward(share * self.trainer.world_size)
            loss += share.detach()

        if self.settings.clip_norm > 0:  # by hand, as the optimiser is fused
            clip_grad_norm_(self.model.parameters(), self.settings.clip_norm)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        self.meter.add(batch, token_ids, masked.hidden)
        self._log_step(loss, token_ids, masked, float(schedule.get_last_lr()[0]))
        return loss

    def validation_step(self, batch: StepBatch) -> None:
        """Measure perplexity under the model's own masking and under the common one (Fig. 1)."""
        token_ids = tokenise(batch.bases, batch.lengths, k=self.k)
        keys = sequence_keys(VALIDATION_SEED, batch.epoch, batch.segment)
        for metric, masking in ((self.loss, self.masking), (self.loss_common, self.common)):
            masked = masking(token_ids, keys)
            count = masked.hidden.sum()
            (part,) = micro_batches(token_ids, masked, batch.cuts, k=self.k)
            loss = loss_sum(self.model, part, fast_path=self.settings.fast_path)
            metric.update(loss / count.clamp(min=1), weight=count)

    def on_validation_epoch_end(self) -> None:
        """Log the perplexities, exp of the mean loss in nats per hidden token."""
        for name, metric in (("perplexity", self.loss), ("perplexity_common", self.loss_common)):
            self.log(f"validation/{name}", metric.compute().exp(), sync_dist=True)
            metric.reset()

    def _no_exchange_before_the_last(self, number: int, count: int):
        strategy = self.trainer.strategy
        if isinstance(strategy, ParallelStrategy) and number < count:
            return strategy.block_backward_sync()
        return nullcontext()

    def _log_step(self, loss: Tensor, token_ids: Tensor, masked: MaskedBatch, rate: float) -> None:
        """Log now and then: reading a number makes the device wait."""
        if self.global_step % self.settings.log_every:
            return
        hidden = masked.hidden.sum() / maskable(token_ids).sum()
        # Every rank has summed its own part of the loss, and the log averages over ranks.
        values = {"loss": loss * self.trainer.world_size, "hidden_share": hidden, "learning_rate": rate}
        self.log_dict({f"pretrain/{name}": value for name, value in values.items()}, prog_bar=True, sync_dist=True)
