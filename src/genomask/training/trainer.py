"""Lightning's Trainer and the optimiser, set up the same way for pretraining and fine-tuning."""

import logging
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
import transformers
from lightning import Callback, Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Checkpoint, RichProgressBar
from lightning.pytorch.loggers import Logger
from lightning.pytorch.profilers import AdvancedProfiler, Profiler, PyTorchProfiler, SimpleProfiler
from lightning.pytorch.utilities import rank_zero_only

from genomask.console import console, progress
from genomask.training.checkpoints import AtomicCheckpoints
from genomask.training.host import prepare_host
from genomask.training.settings import TrainerSettings
from genomask.training.sharded import ShardedStrategy


def trainer(
    machine: TrainerSettings, *, precision: str, loggers: list[Logger], callbacks: list[Callback], **options: Any
) -> Trainer:
    """A Trainer on the configured machine; ``options`` are Trainer's own arguments.

    Raises:
        ValueError: If Lightning cannot train on that machine.
    """
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
    for name in (
        "lightning.pytorch.utilities.rank_zero",
        "lightning.pytorch.accelerators.cuda",
        "lightning.pytorch.trainer.connectors.checkpoint_connector",
        "lightning.fabric",
    ):
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
