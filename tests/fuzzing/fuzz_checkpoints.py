"""Checkpoints of a training: a sound one, spoilt ones, and what going on from them comes to."""

import hashlib
import io
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from compose import composed
from fuzz_models import SETTINGS, TOKENS, VALUES
from fuzz_spoil import BYTES, spoilt
from genomask.experiment.config.schema import Config
from genomask.finetune.module import ClassifierModule
from genomask.tasks.datamodule import EpisodeDataModule
from genomask.tasks.examples import benchmark
from genomask.training.checkpoints import HASH, ResumePoints, train_from
from genomask.training.trainer import trainer
from tiny_models import drawn_classifier

STEPS, STOP = 6, 4  # of three epochs, two steps each
TASK = benchmark([("ACGTACGTAC", "0"), ("GGGTTTCCCA", "1")] * 4, [("ACGTACGTAC", "0"), ("GGGT", "1")])


class StoppedError(Exception):
    """Ends a training before a step, as an error would."""


class Spoilt(NamedTuple):
    """A spoilt checkpoint; ``noted``: with the hash of its own bytes, as somebody who means harm would."""

    data: bytes
    noted: bool
    shaped: bool  # whether other values were saved whole, so that it may be a sound checkpoint of others


def train(folder: Path, newest: Path | None = None, *, stop: int | None = None) -> dict[str, Tensor]:
    """Train a tiny classifier to the end or to a step; returns its weights."""
    data = EpisodeDataModule(TASK, np.arange(8), batch_size=4, evaluation_batch=4, seed=0)
    config = _config()
    model = drawn_classifier(SETTINGS, TOKENS)
    module = ClassifierModule(model, settings=config.finetune, tokens=TOKENS, learning_rate=1e-3, seed=0)
    if stop is not None:
        module.training_step = _stopping(module, stop)
    fit = trainer(
        config.trainer,
        precision="32-true",
        loggers=[],
        callbacks=[ResumePoints(folder, every=2)],
        max_epochs=3,
        log_every_n_steps=1,
    )
    train_from(fit, module, data, newest)
    assert fit.global_step == STEPS
    return {name: weight.detach().clone() for name, weight in model.state_dict().items()}


@lru_cache
def _config() -> Config:
    return composed("trainer=cpu", "trainer.threads=1").config


def _stopping(module: ClassifierModule, stop: int) -> Any:
    real = module.training_step

    def step(batch: Any) -> Tensor:
        if module.global_step == stop:
            raise StoppedError
        return real(batch)

    return step


def sound_checkpoint(folder: Path) -> Path:
    """What a training that died leaves behind."""
    try:
        train(folder, stop=STOP)
    except StoppedError:
        return folder / f"step={STOP}.ckpt"
    raise AssertionError("it was to be stopped")


def spoil_checkpoint(data: bytes, draw: Random) -> Spoilt:
    """Spoil its bytes, with the hash beside it left or made anew; or replace or lose one of its values."""
    if draw.random() < 0.5:
        return Spoilt(spoilt(data, draw, BYTES), draw.random() < 0.7, shaped=False)
    found = torch.load(io.BytesIO(data), weights_only=True)
    holder, key = draw.choice(list(_places(found)))
    if draw.random() < 0.3:
        del holder[key]
    else:
        holder[key] = draw.choice([*VALUES, torch.zeros(3), torch.full((2, 2), float("nan"))])
    packed = io.BytesIO()
    torch.save(found, packed)
    return Spoilt(packed.getvalue(), noted=True, shaped=True)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every entry of every container in it."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def write_checkpoint(file: Path, data: bytes, *, noted: str) -> None:
    """A checkpoint with a hash beside it."""
    file.write_bytes(data)
    Path(f"{file}{HASH}").write_text(noted)


def digest(data: bytes) -> str:
    """The hash that fits."""
    return hashlib.sha256(data).hexdigest()
