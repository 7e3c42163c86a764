"""Checkpoints that a training goes on from exactly: whole or absent, checked, and taken between two steps."""

import signal
from pathlib import Path
from pickle import UnpicklingError
from types import FrameType
from typing import Any

import torch
from lightning import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

from genomask.checks import one_line
from genomask.files import sha256, sync, whole
from genomask.models.checkpoint import DAMAGE, unpickled
from genomask.training.divergence import DivergedError

HASH = ".sha256"  # a file beside a checkpoint
# What comes of a checkpoint that is whole, but holds other values than this training keeps; what does not.
UNFIT = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError, AssertionError)
OTHERS = (DivergedError, torch.OutOfMemoryError, torch.AcceleratorError)


class WholeCheckpoints(TorchCheckpointIO):
    """Checkpoints that are whole or absent, whenever the process is killed, and refused when damaged."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write beside the final name with a hash, ask the disk to keep both, then rename.

        Raises:
            OSError: Naming the file, if the disk is full or refuses to be written to.
        """
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
        """Read a checkpoint whose bytes are those that were written; nothing in it is executed.

        Raises:
            ValueError: Naming the file, if they are not, or it is no checkpoint.
        """
        noted = Path(f"{path}{HASH}")
        if not noted.is_file():
            raise _damaged(path, f"its hash, {noted.name}, is missing")
        if noted.read_bytes() != sha256(Path(path)).encode():
            raise _damaged(path, "its content has changed since it was written")
        try:
            found = unpickled(Path(path))
        except UnpicklingError as error:
            raise _damaged(path, "it holds more than numbers and their names; none of it was run") from error
        except DAMAGE as error:
            raise _damaged(path, one_line(str(error)) or type(error).__name__) from error
        if not isinstance(found, dict):
            raise _damaged(path, f"it holds a {type(found).__name__}, not the state of a training")
        return found

    def remove_checkpoint(self, path: str | Path) -> None:
        """Remove a checkpoint, then its hash."""
        super().remove_checkpoint(path)
        Path(f"{path}{HASH}").unlink(missing_ok=True)


class ResumePoints(Checkpoint):
    """Keep the newest checkpoint: every so many steps, and when the process is told to stop.

    A checkpoint is taken as a step begins, when all that belongs to the steps before is done: weights,
    optimiser and schedule agree, losses are logged, validations and epochs have ended. So SIGINT and SIGTERM
    wait for the end of a step (a second SIGINT does not), and an error leaves the last checkpoint as it is.

    Args:
        directory: Where checkpoints are kept.
        every: Steps between two of them.
    """

    def __init__(self, directory: Path, *, every: int) -> None:
        self.directory, self.every = directory, every
        self.kept = 0  # the step of the newest checkpoint
        self.asked_to_stop = self.stepped = False
        self.handlers: dict[int, Any] = {}

    def on_train_start(self, trainer: Trainer, *_: Any, **__: Any) -> None:
        """Take signals over, unless a shell or ``nohup`` has them ignored."""
        self.kept = trainer.global_step  # a resumed training begins with one
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) != signal.SIG_IGN:
                self.handlers[number] = signal.signal(number, self._stop_soon)

    def on_train_batch_start(self, trainer: Trainer, *_: Any, **__: Any) -> None:
        """Save, if it is time to, and stop, if that was asked for."""
        # Lightning counts a step too many when it goes on from here; loggers number their lines by it.
        trainer.fit_loop.epoch_loop._batches_that_stepped = trainer.global_step
        stop = self.asked_to_stop
        if trainer.world_size > 1:  # all processes stop before the same step
            stop = trainer.strategy.reduce_boolean_decision(stop, all=False)
        if trainer.global_step > self.kept and (stop or trainer.global_step % self.every == 0):
            self._save(trainer)
        if stop:
            raise KeyboardInterrupt

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        """Note that a step can be made from where this training began."""
        self.stepped = True

    def on_train_end(self, *_: Any, **__: Any) -> None:
        """Give signals back, and heed those that came too late for a step."""
        self._give_signals_back()
        if self.asked_to_stop:
            raise KeyboardInterrupt

    def on_exception(self, *_: Any, **__: Any) -> None:
        """Give signals back."""
        self._give_signals_back()

    def _save(self, trainer: Trainer) -> None:
        for logger in trainer.loggers:
            logger.save()  # what a training that goes on from here does not log again
        trainer.save_checkpoint(self._path(trainer.global_step))
        trainer.strategy.remove_checkpoint(self._path(self.kept))
        self.kept = trainer.global_step

    def _path(self, step: int) -> Path:
        return self.directory / f"step={step}.ckpt"

    def _stop_soon(self, number: int, frame: FrameType | None) -> None:
        if self.asked_to_stop and number == signal.SIGINT:
            signal.default_int_handler(number, frame)
        self.asked_to_stop = True

    def _give_signals_back(self) -> None:
        while self.handlers:
            number, handler = self.handlers.popitem()
            signal.signal(number, handler)


def train_from(fit: Trainer, module: LightningModule, data: LightningDataModule, newest: Path | None) -> None:
    """Train to the end, from a checkpoint if there is one.

    Raises:
        ValueError: Naming the checkpoint, if it is damaged, or no step can be made from it.
    """
    try:
        fit.fit(module, datamodule=data, ckpt_path=newest)
    except UNFIT as error:
        others = _stepped(fit) or isinstance(error, OTHERS)
        if newest is None or others or str(newest) in str(error):
            raise
        raise _damaged(newest, f"{type(error).__name__}: {one_line(str(error))}") from error
    if newest is not None and fit.global_step != fit.estimated_stepping_batches:
        raise _damaged(newest, f"it led to {fit.global_step} steps, not {fit.estimated_stepping_batches}")


def _stepped(fit: Trainer) -> bool:
    points = fit.checkpoint_callback
    return isinstance(points, ResumePoints) and points.stepped


def _damaged(path: str | Path, reason: str) -> ValueError:
    return ValueError(f"{path} is damaged: {reason}. Remove it to have the training begin anew.")
