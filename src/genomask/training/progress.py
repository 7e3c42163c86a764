"""Progress of a training as lines in a log file."""

from contextlib import ExitStack
from typing import Any

from lightning import Callback, LightningModule, Trainer

from genomask.console import progress


class ProgressLines(Callback):
    """Say every half minute how far training and testing are, and how long they still take."""

    def __init__(self) -> None:
        self.open = ExitStack()
        self.seen = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Begin to count optimiser steps, from where a resumed training is."""
        self.seen = trainer.global_step
        left = int(trainer.estimated_stepping_batches) - self.seen
        self.advance = self.open.enter_context(progress("Training", left, unit="steps"))

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:  # fmt: skip
        """Count the steps that were made."""
        del pl_module, outputs, batch, batch_idx
        self.advance(trainer.global_step - self.seen)
        self.seen = trainer.global_step

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Begin to count batches of the test set."""
        total = sum(int(count) for count in trainer.num_test_batches)
        self.advance = self.open.enter_context(progress("Evaluating", total, unit="batches"))

    def on_test_batch_end(  # noqa: PLR0917
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Count a batch."""
        del trainer, pl_module, outputs, batch, batch_idx, dataloader_idx
        self.advance(1)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:  # noqa: ARG002
        """Close the bars."""
        self.open.close()
