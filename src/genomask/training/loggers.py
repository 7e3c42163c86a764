"""Loggers of one job: CSV, TensorBoard, W&B; whether W&B can be reached is found out once, before anything long."""

import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger

from genomask.checks import one_line
from genomask.console import say
from genomask.training.settings import LoggerSettings
from genomask.training.trainer import is_rank_zero

PATIENCE: Final = 30  # seconds that wandb.init may wait for the server
PROBE: Final = 10  # seconds that the server may take to answer at all
PROBLEM: Final = "GENOMASK_WANDB_PROBLEM"  # why W&B takes nothing, or empty; processes that a sweep starts inherit it
SYNC: Final = "wandb sync RUNS/*/*/log*/wandb/offline-run-*"
WANDB_MODES: Final = {"offline": "offline", "dryrun": "offline", "disabled": "never"}  # of W&B's variable WANDB_MODE


@contextmanager
def loggers(
    settings: LoggerSettings, directory: Path, *, name: str, wandb_run: Mapping[str, Any]
) -> Iterator[list[Logger]]:
    """Loggers of one job, all below one directory; ``wandb_run`` are further arguments of ``wandb.init``."""
    chosen: list[Logger] = []
    if settings.csv:
        chosen.append(CSVLogger(directory.parent, name=directory.name, version=""))
    if settings.tensorboard:
        chosen.append(TensorBoardLogger(directory.parent, name=directory.name, version=""))
    if not is_rank_zero() or wandb_mode(settings) == "never":
        yield chosen
        return
    import wandb

    exit_code = 1
    try:
        yield [*chosen, _wandb(settings, directory, {"name": name, **wandb_run})]
        exit_code = 0
    finally:
        wandb.finish(exit_code=exit_code)


def wandb_mode(settings: LoggerSettings) -> str:
    """Whether W&B logs ``never``, ``offline`` or ``online``; ``auto`` obeys WANDB_MODE and asks the server once.

    Raises:
        ValueError: If W&B has to be online, and there is no key, the server refuses it or does not answer.
    """
    if settings.wandb in ("never", "offline"):
        return settings.wandb
    if settings.wandb == "auto" and (mode := WANDB_MODES.get(os.environ.get("WANDB_MODE", ""))):
        return mode
    import wandb

    if not wandb.login(prompt=False, verify=False):
        if settings.wandb == "online":
            raise ValueError("logger=wandb needs an API key; found none. Run `wandb login`, or take logger=auto.")
        return "offline"
    known = PROBLEM in os.environ
    problem = os.environ.setdefault(PROBLEM, "" if known else _problem())
    if problem:
        _go_offline(settings, problem, quiet=known)
    return "offline" if problem else "online"


def _go_offline(settings: LoggerSettings, problem: str, *, quiet: bool = False) -> None:
    """Warn that W&B logs offline; if it has to be online, raise."""
    if settings.wandb == "online":
        raise ValueError(f"logger=wandb: {problem}. Or take logger=auto.")
    if not quiet:
        say(f"warning: {problem}: logging offline; later: {SYNC}", style="yellow")


def _problem() -> str:
    """Why the W&B server takes nothing from this user; empty if it does."""
    import wandb
    from wandb.errors import AuthenticationError

    url = str(wandb.setup().settings.base_url)
    try:
        urllib.request.urlopen(url, timeout=PROBE).close()
    except urllib.error.HTTPError:
        pass  # an answer
    except (OSError, ValueError) as error:
        return f"W&B cannot be reached at {url} ({one_line(str(getattr(error, 'reason', error)))})"
    try:
        wandb.login(prompt=False, verify=True)
    except AuthenticationError as error:
        return f"W&B refuses the API key ({one_line(str(error))}); run `wandb login --relogin`"
    return ""


def _wandb(settings: LoggerSettings, directory: Path, run: Mapping[str, Any]) -> Logger:
    """A W&B run that never asks for a key and never waits for long."""
    import wandb
    from lightning.pytorch.loggers import WandbLogger
    from wandb.errors import Error as WandbError

    directory.mkdir(parents=True, exist_ok=True)

    def start(mode: Literal["online", "offline"]) -> Logger:
        quiet = wandb.Settings(mode=mode, console="off", init_timeout=PATIENCE, silent=True)
        return WandbLogger(experiment=wandb.init(dir=directory, project=settings.project, settings=quiet, **run))

    if wandb_mode(settings) == "online":
        try:
            return start("online")
        except WandbError as error:
            os.environ[PROBLEM] = f"W&B took no run ({one_line(str(error))})"
            _go_offline(settings, os.environ[PROBLEM])
    return start("offline")
