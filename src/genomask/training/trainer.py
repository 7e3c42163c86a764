"""Lightning's Trainer and the optimiser, set up the same way for pretraining and fine-tuning."""

import logging
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import torch
import transformers
from lightning import Callback, Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Checkpoint, RichProgressBar
from lightning.pytorch.loggers import Logger
from lightning.pytorch.profilers import AdvancedProfiler, Profiler, PyTorchProfiler, SimpleProfiler
from lightning.pytorch.utilities import rank_zero_only
from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from transformers import get_constant_schedule_with_warmup, get_linear_schedule_with_warmup, get_wsd_schedule

from genomask.console import console, progress
from genomask.training.checkpoints import AtomicCheckpoints
from genomask.training.host import prepare_host
from genomask.training.settings import OptimiserSettings, TrainerSettings
from genomask.training.sharded import ShardedStrategy

DECAY_SHARE: Final = 0.1  # of the steps, at the end of warmup, stable, decay


def trainer(
    machine: TrainerSettings, *, precision: str, loggers: list[Logger], callbacks: list[Callback], **options: Any
) -> Trainer:
    """A Trainer on the configured machine; ``options`` are Trainer's own arguments. What it refuses is a ValueError."""
    _quiet()
    prepare_host(machine)
    if options.get("strategy") == "fsdp":  # which has no inference mode
        options |= {"strategy": ShardedStrategy(machine.devices * machine.nodes), "inference_mode": False}
    interactive = console.is_terminal
    try:
        return Trainer(
            accelerator=machine.accelerator,
            precision=precision,  # pyright: ignore[reportArgumentType]  (checked by the settings)
            logger=loggers,
            callbacks=[*callbacks, RichProgressBar(leave=False) if interactive else ProgressLines()],
            enable_progress_bar=interactive,
            enable_checkpointing=any(isinstance(callback, Checkpoint) for callback in callbacks),
            enable_model_summary=False,
            use_distributed_sampler=False,
            num_sanity_val_steps=0,
            plugins=[AtomicCheckpoints()],
            **options,
        )
    except MisconfigurationException as error:
        raise ValueError(f"trainer: {error}") from error


def adamw(
    module: nn.Module,
    settings: OptimiserSettings,
    *,
    learning_rate: float,
    warmup_steps: int,
    max_steps: int,
    schedule: str = "linear",
) -> tuple[AdamW, LambdaLR]:
    """AdamW with linear warmup, then a schedule.

    Biases and the weights of norms do not decay; embeddings do, as in DNABERT's scripts. Weights are updated in one
    fused pass, in a third of the time on a CPU; so a module clips its gradients by itself, as Lightning refuses to in
    mixed precision. ``linear`` decays to zero at ``max_steps``, ``constant`` stays, ``wsd`` decays in the last tenth of
    the steps.
    """
    decay, no_decay = [], []
    for parameter in module.parameters():
        if parameter.requires_grad:
            (decay if parameter.ndim > 1 else no_decay).append(parameter)
    groups = [{"params": decay, "weight_decay": settings.weight_decay}, {"params": no_decay, "weight_decay": 0.0}]
    betas = settings.beta1, settings.beta2
    optimizer = AdamW(groups, lr=learning_rate, betas=betas, eps=settings.epsilon, fused=True)
    if schedule == "constant":
        return optimizer, get_constant_schedule_with_warmup(optimizer, warmup_steps)
    if schedule == "wsd":
        steps = max(round(DECAY_SHARE * max_steps), 1)
        stable = max(max_steps - warmup_steps - steps, 0)
        return optimizer, get_wsd_schedule(
            optimizer, warmup_steps, steps, num_stable_steps=stable, decay_type="linear", min_lr_ratio=0.0
        )
    return optimizer, get_linear_schedule_with_warmup(optimizer, warmup_steps, max_steps)


class ProgressLines(Callback):
    """Say every half minute how far training and testing are, and how long they still take."""

    def __init__(self) -> None:
        self.open = ExitStack()
        self.seen = 0

    def on_train_start(self, trainer: Trainer, *_: Any, **__: Any) -> None:
        self.seen = trainer.global_step  # where a resumed training is
        left = int(trainer.estimated_stepping_batches) - self.seen
        self.advance = self.open.enter_context(progress("Training", left, unit="steps"))

    def on_train_batch_end(self, trainer: Trainer, *_: Any, **__: Any) -> None:
        self.advance(trainer.global_step - self.seen)
        self.seen = trainer.global_step

    def on_test_start(self, trainer: Trainer, *_: Any, **__: Any) -> None:
        total = sum(int(count) for count in trainer.num_test_batches)
        self.advance = self.open.enter_context(progress("Evaluating", total, unit="batches"))

    def on_test_batch_end(self, *_: Any, **__: Any) -> None:
        self.advance(1)

    def teardown(self, *_: Any, **__: Any) -> None:
        self.open.close()


def is_rank_zero() -> bool:
    """Whether this process is the first of its training, which alone writes artefacts."""
    return getattr(rank_zero_only, "rank", 0) == 0


def profiler(name: str | None, log: Path) -> Profiler | None:
    """Lightning's profiler of that name, which writes its report into the folder ``log``."""
    if name is None:
        return None
    if name == "pytorch":  # two steps, as a longer trace is hard to open
        steps = torch.profiler.schedule(wait=1, warmup=1, active=2)
        return PyTorchProfiler(log, "profile", schedule=steps, acc_events=True)
    return {"simple": SimpleProfiler, "advanced": AdvancedProfiler}[name](dirpath=log, filename="profile")


def _quiet() -> None:
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    transformers.utils.logging.disable_progress_bar()
    for message in (
        "does not have many workers",
        "smaller than the logging interval",
        "exists and is not empty",
        "The .srun. command is available",  # a sweep's jobs are started by submitit
        "LeafSpec.* is deprecated",
        "FSDP2-wrapped module .* returned a view tensor",  # nothing here changes logits in place
        "overridden .on_before_batch_transfer. in .LightningModule.",  # modules cut tokens, whoever has the data
    ):
        warnings.filterwarnings("ignore", message=f".*{message}")
