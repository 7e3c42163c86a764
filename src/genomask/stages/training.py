"""Lightning's Trainer, checkpoints and loggers, set up the same way for pretraining and fine-tuning."""

import logging
import os
import warnings
from pathlib import Path
from typing import Any

import torch
import transformers
from lightning import Callback, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint, RichProgressBar
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from lightning.pytorch.plugins.io import TorchCheckpointIO

from genomask.config.schema import Config
from genomask.console import console, say
from genomask.store.files import sync


class WholeCheckpoints(TorchCheckpointIO):
    """Checkpoints that are whole or absent, whenever the process is killed."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write beside the final name, ask the disk to keep it, then rename."""
        part = Path(f"{path}.part")
        super().save_checkpoint(checkpoint, part, storage_options)
        sync(part)
        part.replace(path)


def trainer(config: Config, *, precision: str, loggers: list[Logger], callbacks: list[Callback], **limits) -> Trainer:
    """A Trainer on the configured machine; ``limits`` are Trainer's own arguments about how long to train."""
    _quiet()
    # Every shape of a batch has its own oneDNN primitive: with all 1,024 that are kept by default, a bf16
    # pretraining of LOGO grew to 4.5 GB; with 64 it takes 4 % longer and a third of that.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    if config.trainer.threads is not None:
        torch.set_num_threads(config.trainer.threads)
    interactive = console.is_terminal
    return Trainer(
        accelerator=config.trainer.accelerator,
        devices=config.trainer.devices,
        num_nodes=config.trainer.nodes,
        strategy=config.trainer.strategy,
        precision=precision,  # pyright: ignore[reportArgumentType]  (checked by the settings)
        logger=loggers,
        callbacks=[*callbacks, *([RichProgressBar(leave=False)] if interactive else [])],
        enable_progress_bar=interactive,
        enable_checkpointing=any(isinstance(callback, ModelCheckpoint) for callback in callbacks),
        enable_model_summary=False,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        plugins=[WholeCheckpoints()],
        **limits,
    )


def checkpoint_callback(directory: Path, *, every: int) -> ModelCheckpoint:
    """Keep the newest checkpoint: every so many steps, and when the process is told to stop."""
    return ModelCheckpoint(
        directory,
        filename="{step}",
        every_n_train_steps=every,
        save_on_exception=True,
        enable_version_counter=False,
    )


def newest_checkpoint(directory: Path) -> Path | None:
    """The checkpoint with most steps that an interrupted training left behind, if any."""
    steps = {int(path.stem.removeprefix("step=")): path for path in directory.glob("step=*.ckpt")}
    if not steps:
        return None
    say(f"resume at step {max(steps)}")
    return steps[max(steps)]


def loggers(config: Config, directory: Path, *, job: str, name: str) -> list[Logger]:
    """Loggers of one job, all below one directory. W&B never asks and never waits for long."""
    settings, chosen = config.logger, []
    if settings.csv:
        chosen.append(CSVLogger(directory.parent, name=directory.name, version=""))
    if settings.tensorboard:
        chosen.append(TensorBoardLogger(directory.parent, name=directory.name, version=""))
    if settings.wandb != "never":
        chosen.append(_wandb(config, directory, job=job, name=name))
    return chosen


def _wandb(config: Config, directory: Path, *, job: str, name: str) -> Logger:
    import wandb
    from lightning.pytorch.loggers import WandbLogger

    directory.mkdir(parents=True, exist_ok=True)
    has_key = bool(os.environ.get("WANDB_API_KEY") or wandb.api.api_key)
    if config.logger.wandb == "online" and not has_key:
        raise ValueError("logger=wandb needs an API key; found none. Run `wandb login`, or choose logger=auto.")
    offline = config.logger.wandb == "offline" or not has_key
    return WandbLogger(
        name=name,
        save_dir=directory,
        project=config.logger.project,
        offline=offline,
        job_type=job,
        group=f"{config.task.name}-{config.model.name}",
        tags=[config.labels["masking"], config.model.name],
        settings=wandb.Settings(console="off", init_timeout=30, silent=True),
    )


def _quiet() -> None:
    """Silence what says nothing to a user of this program."""
    for name in ("lightning.pytorch.utilities.rank_zero", "lightning.pytorch.accelerators.cuda", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    transformers.utils.logging.disable_progress_bar()
    for message in (
        "does not have many workers",
        "smaller than the logging interval",
        "exists and is not empty",
        "LeafSpec.* is deprecated",
    ):
        warnings.filterwarnings("ignore", message=f".*{message}")
