"""Encoders kept on the way of one pretraining."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning import Callback, Trainer
from lightning.pytorch.trainer.states import TrainerFn

Export = Callable[[Path, Mapping[str, float], int], None]


class KeepSteps(Callback):
    """Export the encoder at chosen steps, each after its validation.

    Args:
        steps: Optimiser steps; each must be one at which the training validates.
        directory: The encoders go to ``step=N`` below it.
        export: Writes the encoder into a folder, with the validation metrics and the number of steps.
    """

    def __init__(self, steps: Sequence[int], directory: Path, export: Export) -> None:
        self.steps, self.directory, self.export = frozenset(steps), directory, export

    def on_validation_end(self, trainer: Trainer, *_: Any, **__: Any) -> None:
        """Export, if this is such a step of the training."""
        if trainer.state.fn != TrainerFn.FITTING or trainer.global_step not in self.steps:
            return
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.export(step_folder(self.directory, trainer.global_step), metrics, trainer.global_step)


def step_folder(directory: Path, step: int) -> Path:
    """Where the encoder of a step is kept below that of its pretraining."""
    return directory / f"step={step}"
