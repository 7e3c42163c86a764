"""Masked language modelling (Sec. 3, "MLM training") as a LightningModule."""

import math
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final, cast

import torch
from lightning import Callback, LightningModule
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.strategies import ParallelStrategy
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import LambdaLR
from transformers import PreTrainedModel

from genomask.corpus.datamodule import ValidationBatch
from genomask.corpus.steps import StepBatch
from genomask.masking.base import Masking, Validation
from genomask.models.forward import has_fast_path
from genomask.pretrain.meter import Meter
from genomask.pretrain.settings import PretrainSettings
from genomask.pretrain.step import base_nats, logits_of, loss_sum, micro_batches
from genomask.seeds import derived_seed
from genomask.tokens.base import Tokens
from genomask.training.checkpoints import DivergedError, StopOnDivergence
from genomask.training.sharded import ShardedStrategy, set_gathered, shard
from genomask.training.trainer import adamw

ADVICE: Final = "Lower pretrain.learning_rate, or warm up longer (wc=on)."
METRICS: Final = ("perplexity", "perplexity_common", "nats_per_base", "nats_per_base_common")


class PretrainModule(LightningModule):
    """Pretrain an encoder on masked sequences; one training step is one optimiser step.

    Batches arrive masked. A step's sequences go through the encoder in micro-batches. The loss is the weighted mean
    over all masked tokens of the step, whatever the micro-batches (DNABERT's scripts average the means of
    micro-batches). Everything drawn in a step is a function of (seed, step), so that a resumed training repeats it
    exactly. No step waits for the device, but to log. ``masking`` is the strategy that masks the batches, if
    validations are to change it.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokens: Tokens,
        *,
        settings: PretrainSettings,
        warmup_steps: int,
        seed: int,
        masking: Masking | None = None,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.model, self.tokens = model, tokens
        self.settings, self.warmup_steps, self.seed = settings, warmup_steps, seed
        self.meter = Meter(model, every=settings.log_every)
        self.diverged: Path | None = None  # where the batch goes whose loss is NaN or infinite
        self.sums: dict[str, list[Tensor]] = {}  # of nats, by metric and batch, on the device
        self.counts: dict[str, int] = {}  # of the tokens or bases that they belong to
        self.masking = masking if masking is not None and masking.state_dict() else None

    def configure_model(self) -> None:
        """Spread the model over the processes of a sharded training."""
        if isinstance(self.trainer.strategy, ShardedStrategy):
            assert self.device_mesh is not None
            shard(self.model, self.device_mesh["data_parallel"])
            self.meter.masked_layer = has_fast_path(self.model)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimizer, schedule = adamw(
            self.model,
            self.settings,
            learning_rate=self.settings.learning_rate,
            warmup_steps=self.warmup_steps,
            max_steps=self.settings.max_steps,
            schedule=self.settings.schedule,
        )
        return [optimizer], [schedule]

    def configure_callbacks(self) -> list[Callback]:
        return [StopOnDivergence(self.diverged, every=self.settings.log_every, advice=ADVICE), self.meter]

    def training_step(self, batch: StepBatch) -> Tensor:
        """Accumulate the gradient over micro-batches, then update the weights; returns the loss of this process."""
        torch.manual_seed(derived_seed(self.seed, "dropout", self.global_step, self.global_rank))
        optimizer, schedule = cast(LightningOptimizer, self.optimizers()), cast(LambdaLR, self.lr_schedulers())
        rate = float(schedule.get_last_lr()[0])
        total, parts = self._total_weight(batch), micro_batches(batch)
        loss = torch.zeros((), device=self.device)
        for number, part in enumerate(parts, start=1):
            with self._no_exchange_before_the_last(number, len(parts)):
                logits = logits_of(self.model, part)
                share = loss_sum(logits, part) / total
                self.manual_backward(share * self.trainer.world_size)
            loss += share.detach()
        if self.settings.clip_norm > 0:  # by hand, as the optimiser is fused
            clip_grad_norm_(self.model.parameters(), self.settings.clip_norm)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        self.meter.add(batch)
        self._log_step(loss, batch, rate)
        return loss

    def on_validation_epoch_start(self) -> None:
        set_gathered(self.model, True)
        self.dna = torch.from_numpy(self.tokens.random_ids).to(self.device)
        self.sums, self.counts = {name: [] for name in METRICS}, dict.fromkeys(METRICS, 0)
        kmers = 4 ** (self.masking.counted_k if self.masking else 0)
        self.misses = torch.zeros(2, kmers + 1, dtype=torch.float64, device=self.device)  # the last: no k-mer

    def validation_step(self, batch: ValidationBatch) -> None:
        """Measure the loss of tokens and of bases, under the model's own masking and the common one (Fig. 1)."""
        for suffix, masked in (("", batch.own), ("_common", batch.common)):
            (part,) = micro_batches(masked)
            logits = logits_of(self.model, part)
            if masked.codes is not None:
                missed = 1 - (-cross_entropy(logits, part.targets, reduction="none")).exp()
                added = torch.stack((missed, torch.ones_like(missed))).double()
                self.misses.index_add_(1, masked.codes, added)
            of_tokens = loss_sum(logits, part._replace(weights=None)), masked.work.masked
            of_bases = base_nats(logits, masked, self.dna, self.tokens.mask)
            for name, (nats, count) in (("perplexity", of_tokens), ("nats_per_base", of_bases)):
                self.sums[f"{name}{suffix}"].append(nats)
                self.counts[f"{name}{suffix}"] += count

    def on_validation_epoch_end(self) -> None:
        """Log perplexities and nats per hidden base, and tell the strategy; DivergedError if one is NaN or infinite."""
        set_gathered(self.model, False)
        found: dict[str, float] = {}
        for name, parts in self.sums.items():
            zero = torch.zeros((), dtype=torch.float64, device=self.device)
            own = torch.stack([sum(parts, zero), zero + self.counts[name]])
            nats, count = torch.as_tensor(self.trainer.strategy.reduce(own, reduce_op="sum")).tolist()
            mean = nats / max(count, 1)
            if not math.isfinite(mean):
                raise DivergedError(f"The validation loss ({name}) became {mean}. {ADVICE}")
            found[name] = math.exp(mean) if name.startswith("perplexity") else mean
            self.log(f"validation/{name}", found[name], sync_dist=True)
        if self.masking is not None and self.trainer.state.fn == TrainerFn.FITTING:
            misses = torch.as_tensor(self.trainer.strategy.reduce(self.misses, reduce_op="sum"))[:, :-1]
            self.masking.observe(Validation(found["perplexity"], *misses.cpu().numpy()))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["masking"] = {} if self.masking is None else self.masking.state_dict()
        checkpoint["masked"] = list(self.meter.masked)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        if self.masking is not None:
            self.masking.load_state_dict(checkpoint["masking"])
        self.meter.earlier = checkpoint["masked"]

    def _total_weight(self, batch: StepBatch) -> Tensor | float:
        """Sum of the weights of the step's masked tokens, over all ranks."""
        if self.trainer.world_size == 1:
            return max(batch.work.weight, 1e-9)
        own = torch.tensor(batch.work.weight, device=self.device)
        return torch.as_tensor(self.trainer.strategy.reduce(own, reduce_op="sum")).clamp(min=1e-9)

    def _no_exchange_before_the_last(self, number: int, count: int):
        strategy = self.trainer.strategy
        if isinstance(strategy, ParallelStrategy) and number < count:
            return strategy.block_backward_sync()
        return nullcontext()

    def _log_step(self, loss: Tensor, batch: StepBatch, rate: float) -> None:
        """Log now and then: reading a number makes the device wait."""
        if self.global_step % self.settings.log_every:
            return
        share = batch.work.masked / max(batch.work.content, 1)
        # Every rank has summed its own part of the loss, and the log averages over ranks.
        values = {"loss": loss * self.trainer.world_size, "masked_share": share, "learning_rate": rate}
        self.log_dict({f"pretrain/{name}": value for name, value in values.items()}, prog_bar=True, sync_dist=True)
