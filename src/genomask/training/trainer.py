"""Lightning's Trainer, checkpoints and loggers, set up the same way for pretraining and fine-tuning."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from lightning import Callback, Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Checkpoint, RichProgressBar
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only

from genomask.console import console, say
from genomask.experiment.config.schema import Config
from genomask.experiment.dashboards.identity import run_identity
from genomask.experiment.dashboards.scores import LogScores
from genomask.training.checkpoints import WholeCheckpoints
from genomask.training.memory import keep_freed_memory
from genomask.training.progress import SayProgress
from genomask.training.repeatability import on_gpu

WANDB_PATIENCE = 30  # seconds to wait for W&B before logging offline


def trainer(
    config: Config, *, precision: str, loggers: list[Logger], callbacks: list[Callback], **options: Any
) -> Trainer:
    """A Trainer on the configured machine; ``options`` are Trainer's own arguments."""
    _quiet()
    # Every shape of a batch has its own oneDNN primitive: with all 1,024 that are kept by default, a bf16
    # pretraining of LOGO grew to 4.5 GB; with 64 it took 4 % longer and stood at 2.4 GB.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    keep_freed_memory()
    if config.trainer.threads is not None:
        torch.set_num_threads(config.trainer.threads)
    interactive = console.is_terminal
    progress = RichProgressBar(leave=False) if interactive else SayProgress()
    try:
        return Trainer(
            accelerator=config.trainer.accelerator,
            precision=precision,  # pyright: ignore[reportArgumentType]  (checked by the settings)
            logger=loggers,
            callbacks=[*callbacks, LogScores(), progress],
            enable_progress_bar=interactive,
            enable_checkpointing=any(isinstance(callback, Checkpoint) for callback in callbacks),
            enable_model_summary=False,
            use_distributed_sampler=False,
            num_sanity_val_steps=0,
            plugins=[WholeCheckpoints()],
            **options,
        )
    except MisconfigurationException as error:
        raise ValueError(f"trainer: {error}") from error


def is_helper() -> bool:
    """Whether this process trains along with a first one, which alone writes artefacts."""
    return getattr(rank_zero_only, "rank", 0) > 0


def sequences_at_once(config: Config, chosen: int | None, *, cpu: int, gpu: int) -> int:
    """Sequences that go through the encoder together: as configured, or what suits the machine."""
    return chosen or (gpu if on_gpu(config) else cpu)


@contextmanager
def loggers(config: Config, directory: Path, *, job: str, name: str) -> Iterator[list[Logger]]:
    """Loggers of one job, all below one directory; each job is a W&B run of its own, also when it fails."""
    settings, chosen = config.logger, []
    if settings.csv:
        chosen.append(CSVLogger(directory.parent, name=directory.name, version=""))
    if settings.tensorboard:
        chosen.append(TensorBoardLogger(directory.parent, name=directory.name, version=""))
    if settings.wandb == "never" or is_helper():
        yield chosen
        return
    import wandb

    exit_code = 1
    try:
        yield [*chosen, _wandb(config, directory, job=job, name=name)]
        exit_code = 0
    finally:
        wandb.finish(exit_code=exit_code)


def _wandb(config: Config, directory: Path, *, job: str, name: str) -> Logger:
    """A W&B run that never asks for a key and never waits for long."""
    import wandb
    from wandb.errors import Error as WandbError

    mode = config.logger.wandb
    has_key = mode != "offline" and wandb.login(prompt=False, verify=False)
    if mode == "online" and not has_key:
        raise ValueError("logger=wandb needs an API key; found none. Run `wandb login`, or take logger=auto.")
    directory.mkdir(parents=True, exist_ok=True)
    if has_key:
        try:
            return _wandb_run(config, directory, offline=False, job=job, name=name)
        except WandbError as error:
            if mode == "online":
                raise ValueError(f"logger=wandb cannot reach W&B: {error}. Or take logger=auto.") from error
            say(f"W&B cannot be reached ({error}): logging offline; `wandb sync` uploads it later.")
    return _wandb_run(config, directory, offline=True, job=job, name=name)


def _wandb_run(config: Config, directory: Path, *, offline: bool, job: str, name: str) -> Logger:
    import wandb
    from lightning.pytorch.loggers import WandbLogger

    run = wandb.init(
        name=name,
        dir=directory,
        project=config.logger.project,
        **run_identity(config, job),
        settings=wandb.Settings(
            mode="offline" if offline else "online", console="off", init_timeout=WANDB_PATIENCE, silent=True
        ),
    )
    return WandbLogger(experiment=run)


def _quiet() -> None:
    """Silence what says nothing to a user of this program."""
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
    ):
        warnings.filterwarnings("ignore", message=f".*{message}")
