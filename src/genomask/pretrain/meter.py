"""What a pretraining gets done in a second: real bases and tokens, and operations of its matrix products."""

import time
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from torch.nn.functional import linear
from torch.utils.benchmark import Timer
from transformers import PreTrainedModel

from genomask.console import say
from genomask.corpus.steps import StepBatch, Work
from genomask.models.flops import shape_of, training_flops
from genomask.models.forward import has_fast_path
from genomask.models.products import wide_products
from genomask.training.host import has_bfloat16


class Meter(Callback):
    """Counts on the host what goes through the encoder, and logs rates; only stopping the time waits for the device.

    Rates are over the seconds spent in training since it began (or was resumed), without validation: those of the first
    device, times their number. ``batch_fill`` is the share of positions that are no [PAD]; ``model_flop_utilisation``
    the rate of operations over that of a large matrix product on the same device, which it can pass on a CPU that is
    shared.
    """

    def __init__(self, model: PreTrainedModel, *, every: int) -> None:
        self.shape, self.masked_layer, self.every = shape_of(model), has_fast_path(model), every
        self.done = Work(*[0] * len(Work._fields))
        self.earlier: tuple[int, int] = (0, 0)  # what ``masked`` was where a resumed training goes on from
        self.device: torch.device | None = None
        self.seconds, self.peak, self.devices = 0.0, 1.0, 1
        self.since: float | None = None  # when the time began to run; None while it stands still
        self.found: dict[str, float] = {}  # rates of the whole training

    def add(self, batch: StepBatch) -> None:
        """Count a step."""
        self.device = batch.input_ids.device
        sums: Any = map(sum, zip(self.done, batch.work, strict=True))
        self.done = Work(*sums)

    @property
    def masked(self) -> tuple[int, int]:
        """Masked tokens, and tokens of DNA, of all steps so far."""
        return self.earlier[0] + self.done.masked, self.earlier[1] + self.done.content

    @property
    def masked_share(self) -> float | None:
        """Masked tokens over tokens of DNA, of all steps so far; None before the first."""
        masked, content = self.masked
        return masked / content if content else None

    def clock(self, running: bool) -> None:
        """Let the time run or stand still; waits for the device, so that work under way is counted to its end."""
        if self.since is not None:
            if self.device is not None and self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            self.seconds += time.perf_counter() - self.since
        self.since = time.perf_counter() if running else None

    def read(self) -> dict[str, float]:
        """Rates since the first step; none before it. Waits for the device."""
        self.clock(self.since is not None)
        work = self.done
        if not (work.tokens and self.seconds):
            return {}
        queries, pairs = (work.masked, work.pairs) if self.masked_layer else (work.tokens, work.squares)
        counts = {"tokens": work.tokens, "squares": work.squares, "predicted": work.masked}
        flops = training_flops(self.shape, queries=queries, pairs=pairs, **counts)
        sums = {"bases_per_second": work.bases, "tokens_per_second": work.tokens, "flops_per_second": flops}
        return {
            "batch_fill": work.tokens / work.positions,
            "model_flop_utilisation": flops / self.seconds / self.peak,
            **{name: count / self.seconds * self.devices for name, count in sums.items()},
        }

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure the device, then let the time run."""
        dtype = torch.bfloat16 if trainer.precision == "bf16-mixed" else torch.float32
        if dtype is torch.bfloat16 and pl_module.device.type == "cpu" and not has_bfloat16():
            say("       this processor emulates bfloat16: pretrain.precision=32-true is many times as fast")
        self.peak, self.devices = matmul_peak(pl_module.device, dtype), trainer.world_size
        self.clock(True)

    def on_validation_start(self, *_: Any, **__: Any) -> None:
        self.clock(False)

    def on_validation_end(self, trainer: Trainer, *_: Any, **__: Any) -> None:
        self.clock(trainer.state.fn == TrainerFn.FITTING)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any, **__: Any) -> None:
        """Log now and then, when the training step has waited for the device anyway."""
        if trainer.global_step % self.every == 0:
            pl_module.log_dict({f"pretrain/{name}": value for name, value in self.read().items()})

    def on_train_end(self, *_: Any, **__: Any) -> None:
        self.clock(False)
        self.found = self.read()


def matmul_peak(device: torch.device, dtype: torch.dtype, *, seconds: float = 0.2) -> float:
    """Operations a second of a large matrix product on the device: the best of those that fit the time."""
    # Large enough for the peak, small enough for the time: a CPU may have to emulate bfloat16.
    size = 8192 if device.type == "cuda" else 1024 if dtype is torch.float32 else 256
    random = torch.Generator(device).manual_seed(0)  # the training's own draws stay as they are
    left, right = (torch.randn(size, size, device=device, generator=random).to(dtype) for _ in range(2))
    names = {"linear": linear, "left": left, "right": right}
    timer = Timer("linear(left, right)", globals=names, num_threads=torch.get_num_threads())
    with torch.no_grad(), wide_products(device):
        return 2 * size**3 / min(timer.blocked_autorange(min_run_time=seconds).times)
