"""Stop training when the loss becomes NaN or infinite, and save the offending batch."""

import sys
from collections import deque
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor

MOST_STEPS: Final = 50  # between two checks; as many batches are kept


class DivergedError(ValueError):
    """A loss became NaN or infinite."""


class StopOnDivergence(Callback):
    """Check the losses every so many steps, before a validation and before a checkpoint.

    A step only keeps its loss and its batch on the device, which is not waited for. So the training stops up to
    ``every`` steps after the step that diverged, and no checkpoint is written in between.

    Args:
        file: Where the batch of the step goes (``FILE-step=N.npz``); None keeps none.
        every: Steps between two checks.
        advice: What may help, for the message.
    """

    def __init__(self, file: Path | None, *, every: int, advice: str) -> None:
        self.file, self.every, self.advice = file, min(every, MOST_STEPS), advice
        self.recent: deque[tuple[int, Tensor, Any]] = deque(maxlen=MOST_STEPS)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,  # noqa: ARG002
        outputs: Any,
        batch: Any,
        *_: Any,
        **__: Any,
    ) -> None:
        """Keep the loss and the batch of a step."""
        self.recent.append((trainer.global_step, outputs["loss"].detach(), batch))
        if trainer.global_step % self.every == 0:
            self._check(trainer)

    def on_validation_start(self, trainer: Trainer, *_: Any, **__: Any) -> None:
        """Check before a perplexity is computed."""
        self._check(trainer)

    def on_train_epoch_end(self, trainer: Trainer, *_: Any, **__: Any) -> None:
        """Check before the weights become a result."""
        self._check(trainer)

    def on_save_checkpoint(self, trainer: Trainer, *_: Any, **__: Any) -> None:
        """Refuse to write a checkpoint of a training that has diverged."""
        self._stop_if_diverged(trainer)

    def _check(self, trainer: Trainer) -> None:
        self._stop_if_diverged(trainer)
        self.recent.clear()

    def _stop_if_diverged(self, trainer: Trainer) -> None:
        """Stop every process of the training if a loss of one is not finite; rank zero reports for all."""
        if not self.recent:
            return
        finite = torch.stack([loss for _, loss, _ in self.recent]).isfinite()
        everywhere = trainer.strategy.reduce(finite.float().min(), reduce_op="min")
        if torch.as_tensor(everywhere).item() == 1:
            return
        said = ""
        if not finite.all():
            step, loss, batch = self.recent[int(finite.int().argmin())]
            said = str(diverged(step, loss, batch, file=self.file, advice=self.advice))
        everyone = [trainer.strategy.broadcast(said, source) for source in range(trainer.world_size)]
        if trainer.global_rank > 0:
            sys.exit(0)
        raise DivergedError(next(words for words in everyone if words))


def diverged(step: int, loss: Tensor, batch: Any, *, file: Path | None, advice: str) -> DivergedError:
    """The error of a loss that is NaN or infinite; its batch is saved.

    Args:
        step: The step it happened at.
        loss: What it became.
        batch: A named tuple; its tensors are written as arrays.
        file: Where they go (``FILE-step=N.npz``); None keeps none.
        advice: What may help.
    """
    kept = ""
    if file is not None:
        path = file.with_name(f"{file.name}-step={step}.npz")
        path.parent.mkdir(parents=True, exist_ok=True)
        tensors = {name: value for name, value in batch._asdict().items() if isinstance(value, Tensor)}
        np.savez(path, allow_pickle=False, **{name: value.cpu().numpy() for name, value in tensors.items()})
        kept = f"Its batch is kept in {path}. "
    return DivergedError(f"The loss became {loss.item()} at step {step}. {kept}{advice}")
