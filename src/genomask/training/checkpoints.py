"""Checkpoints for exact resumption, written atomically and verified by hash; and a stop where the loss becomes NaN."""

import signal
import sys
from collections import deque
from pathlib import Path
from pickle import UnpicklingError
from types import FrameType
from typing import Any, Final

import numpy as np
import torch
from lightning import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO
from torch import Tensor

from genomask.checks import one_line
from genomask.console import say
from genomask.files import sha256, sync, whole
from genomask.models.checkpoint import CORRUPTION_ERRORS, unpickled

MOST_STEPS: Final = 50  # between two checks; as many batches are kept


class DivergedError(ValueError):
    """A loss became NaN or infinite."""


class StopOnDivergence(Callback):
    """Check the losses every so many steps, before a validation and before a checkpoint.

    Steps do not wait for the device, so that the training stops up to ``every`` steps after the one that diverged, with
    no checkpoint in between. ``file`` is where the batch of that step goes (``FILE-step=N.npz``); None keeps none.
    """

    def __init__(self, file: Path | None, *, every: int, advice: str) -> None:
        self.file, self.every, self.advice = file, min(every, MOST_STEPS), advice
        self.recent: deque[tuple[int, Tensor, Any]] = deque(maxlen=MOST_STEPS)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, *_: Any, **__: Any  # noqa: ARG002
    ) -> None:  # fmt: skip
        self.recent.append((trainer.global_step, outputs["loss"].detach(), batch))
        if trainer.global_step % self.every == 0:
            self._check(trainer)

    def _check(self, trainer: Trainer, *_: Any, **__: Any) -> None:
        """Stop every process of the training if a loss of one is not finite; rank zero reports for all."""
        if not self.recent:
            return
        finite = torch.stack([loss for _, loss, _ in self.recent]).isfinite()
        everywhere = trainer.strategy.reduce(finite.float().min(), reduce_op="min")
        if torch.as_tensor(everywhere).item() == 1:
            self.recent.clear()
            return
        said = "" if finite.all() else self._report(*self.recent[int(finite.int().argmin())])
        everyone = [trainer.strategy.broadcast(said, source) for source in range(trainer.world_size)]
        if trainer.global_rank > 0:
            sys.exit(0)
        raise DivergedError(next(words for words in everyone if words))

    on_validation_start = on_train_epoch_end = on_save_checkpoint = _check

    def _report(self, step: int, loss: Tensor, batch: Any) -> str:
        """Save the tensors of the batch, a named tuple, and say what happened."""
        kept = ""
        if self.file is not None:
            path = self.file.with_name(f"{self.file.name}-step={step}.npz")
            path.parent.mkdir(parents=True, exist_ok=True)
            tensors = {name: value for name, value in batch._asdict().items() if isinstance(value, Tensor)}
            np.savez(path, allow_pickle=False, **{name: value.cpu().numpy() for name, value in tensors.items()})
            kept = f"Its batch is kept in {path}. "
        return f"The loss became {loss.item()} at step {step}. {kept}{self.advice}"


HASH = ".sha256"  # a file beside a checkpoint
CHECKPOINTS = "checkpoints"  # the folder of a training's checkpoints
RESUMABLE = f"{CHECKPOINTS}/step=*.ckpt"
# What loading raises if a checkpoint is intact but holds another state than this training's; what has other causes.
BAD_STATE_ERRORS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError, AssertionError)
UNRELATED_ERRORS = (DivergedError, torch.OutOfMemoryError, torch.AcceleratorError)


class AtomicCheckpoints(TorchCheckpointIO):
    """Checkpoints that are complete or absent, whenever the process is killed, and refused when damaged."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write beside the final name with a hash, ask the disk to keep both, then rename."""
        final = Path(path)
        final.parent.mkdir(parents=True, exist_ok=True)
        assert storage_options is None, "a local file has none"
        with whole(final, RuntimeError) as part:
            with part.open("wb") as file:
                torch.save(checkpoint, file)
            Path(f"{path}{HASH}").write_text(sha256(part), encoding="ascii")
            sync(Path(f"{path}{HASH}"))
        sync(final.parent)

    def load_checkpoint(
        self,
        path: str | Path,
        map_location: Any = None,  # noqa: ARG002 - Lightning's signature; it is the CPU here
        weights_only: bool | None = True,  # noqa: ARG002 - it is always true here
    ) -> dict[str, Any]:
        """Read a checkpoint whose bytes are those that were written, or raise ValueError; nothing in it is executed."""
        hashed = Path(f"{path}{HASH}")
        if not hashed.is_file():
            raise _damaged(path, f"its hash, {hashed.name}, is missing")
        if hashed.read_bytes() != sha256(Path(path)).encode():
            raise _damaged(path, "its content has changed since it was written")
        try:
            checkpoint = unpickled(Path(path))
        except UnpicklingError as error:
            raise _damaged(path, "it holds more than numbers and their names; none of it was run") from error
        except CORRUPTION_ERRORS as error:
            raise _damaged(path, one_line(str(error)) or type(error).__name__) from error
        if not isinstance(checkpoint, dict):
            raise _damaged(path, f"it holds a {type(checkpoint).__name__}, not the state of a training")
        return checkpoint

    def remove_checkpoint(self, path: str | Path) -> None:
        super().remove_checkpoint(path)
        Path(f"{path}{HASH}").unlink(missing_ok=True)


class ResumePoints(Checkpoint):
    """Keep the newest checkpoint: every so many steps, and when the process is told to stop.

    A checkpoint is taken as a step begins, when weights, optimiser, schedule, logs, validations and epochs agree. So
    SIGINT and SIGTERM wait for the end of a step (a second SIGINT does not), and an error leaves the last checkpoint.
    """

    def __init__(self, directory: Path, *, every: int) -> None:
        self.directory, self.every = directory, every
        self.kept = 0  # the step of the newest checkpoint
        self.stop_requested = self.stepped = False
        self.handlers: dict[int, Any] = {}

    def on_train_start(self, trainer: Trainer, *_: Any, **__: Any) -> None:
        """Take signals over, unless a shell or ``nohup`` has them ignored."""
        self.kept = trainer.global_step  # a resumed training begins with one
        _check_states(trainer)
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) != signal.SIG_IGN:
                self.handlers[number] = signal.signal(number, self._stop_soon)

    def on_train_batch_start(self, trainer: Trainer, *_: Any, **__: Any) -> None:
        # Lightning counts a step too many when it goes on from here; loggers number their lines by it.
        trainer.fit_loop.epoch_loop._batches_that_stepped = trainer.global_step
        stop = self.stop_requested
        if trainer.world_size > 1:  # all processes stop before the same step
            stop = trainer.strategy.reduce_boolean_decision(stop, all=False)
        if trainer.global_step > self.kept and (stop or trainer.global_step % self.every == 0):
            self._save(trainer)
        if stop:
            raise KeyboardInterrupt

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        self.stepped = True

    def on_train_end(self, *_: Any, **__: Any) -> None:
        """Restore the signal handlers, and obey a signal that came after the last step began."""
        self._restore_handlers()
        if self.stop_requested:
            raise KeyboardInterrupt

    def on_exception(self, *_: Any, **__: Any) -> None:
        self._restore_handlers()

    def _save(self, trainer: Trainer) -> None:
        for logger in trainer.loggers:
            logger.save()  # what a training that goes on from here does not log again
        trainer.save_checkpoint(self.directory / f"step={trainer.global_step}.ckpt")
        trainer.strategy.remove_checkpoint(self.directory / f"step={self.kept}.ckpt")
        self.kept = trainer.global_step

    def _stop_soon(self, number: int, frame: FrameType | None) -> None:
        if self.stop_requested and number == signal.SIGINT:
            signal.default_int_handler(number, frame)
        self.stop_requested = True

    def _restore_handlers(self) -> None:
        while self.handlers:
            number, handler = self.handlers.popitem()
            signal.signal(number, handler)


def _check_states(trainer: Trainer) -> None:
    """Refuse optimiser states that do not fit their weights: the fused step would write beyond their end."""
    for optimizer in trainer.optimizers:
        for weight, states in optimizer.state.items():
            for name, state in states.items():
                expected, shape = [] if name == "step" else list(weight.shape), list(state.shape)
                if shape != expected:
                    raise ValueError(f"{name} has the shape {shape}, its weight {expected}")


def newest_checkpoint(directory: Path) -> Path | None:
    """The checkpoint with most steps that an interrupted training left behind, if any."""
    named = ((path.stem.removeprefix("step="), path) for path in directory.glob("step=*.ckpt"))
    steps = {int(step): path for step, path in named if step.isdecimal()}
    return steps[max(steps)] if steps else None


def log_folder(directory: Path, newest: Path | None) -> Path:
    """Where a training logs; a resumed one keeps the first curve, and goes on in a folder of its own."""
    return directory / (f"log-from-{newest.stem}" if newest else "log")


def train_from(fit: Trainer, module: LightningModule, data: LightningDataModule, newest: Path | None) -> None:
    """Train to the end, from a checkpoint if there is one; ValueError if it is damaged or leads nowhere."""
    if newest is not None:
        say(newest.stem.replace("step=", "resume at step "))
    try:
        fit.fit(module, datamodule=data, ckpt_path=newest)
    except BAD_STATE_ERRORS as error:
        points = fit.checkpoint_callback
        stepped = isinstance(points, ResumePoints) and points.stepped
        unrelated = stepped or isinstance(error, UNRELATED_ERRORS)
        if newest is None or unrelated or str(newest) in str(error):
            raise
        raise _damaged(newest, f"{type(error).__name__}: {one_line(str(error))}") from error
    if newest is not None and fit.global_step != fit.estimated_stepping_batches:
        raise _damaged(newest, f"it led to {fit.global_step} steps, not {fit.estimated_stepping_batches}")


def _damaged(path: str | Path, reason: str) -> ValueError:
    return ValueError(f"{path} is damaged: {reason}. Remove it to have the training begin anew.")
