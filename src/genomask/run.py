"""The program: compose the configuration, check it, run it; a user's mistake costs one line."""

import os
import sys
from pathlib import Path
from typing import Any, cast

import hydra
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import CompactHydraException
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from genomask.config.choices import CONF
from genomask.config.schema import Config, register, rerunnable
from genomask.stages.context import Context
from genomask.stages.run import check, run_stages
from genomask.store.store import Store


def main() -> None:
    """Entry point of ``genomask`` and of ``train.py``."""
    register()
    hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(job)()


def job(cfg: DictConfig) -> None:
    """Run one job. In a multirun a failed job ends with its reason and the others go on."""
    try:
        run_stages(context(cfg))
    except (KeyboardInterrupt, SystemExit) as stop:
        if isinstance(stop, SystemExit) and stop.code == 0:
            raise  # a process that helped to train has done its part
        sys.exit("Stopped. The same command goes on from here.")
    except (ValueError, OSError) as error:
        if "HYDRA_FULL_ERROR" in os.environ:
            raise
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            raise CompactHydraException(str(error)) from None
        sys.exit(f"error: {error}")


def context(cfg: DictConfig) -> Context:
    """Turn a composed configuration into typed settings.

    Raises:
        ValueError: For a missing value, a value of the wrong type, or one that is out of its range.
    """
    missing = sorted(OmegaConf.missing_keys(cfg))
    if missing:
        raise ValueError(f"{missing[0]} needs a value: give it as {missing[0]}=VALUE.")
    try:
        config = cast(Config, OmegaConf.to_object(cfg))
        resolved = cast(dict[str, Any], OmegaConf.to_container(cfg, resolve=True))
    except OmegaConfBaseException as error:
        raise ValueError(str(error).splitlines()[0]) from error
    return Context(config, Store(Path(config.paths.runs), rerunnable(config, resolved)))


class CheckEveryJob(Callback):
    """Check the configuration of every job of a multirun before the first one starts."""

    def on_multirun_start(self, config: DictConfig, **_: object) -> None:
        """Compose and check each job. Hydra swallows a callback's exceptions, so a mistake exits."""
        loader = GlobalHydra.instance().config_loader()
        swept = config.hydra.sweeper.get("params") or {}
        words = [f"{name}={values}" for name, values in swept.items()] + list(config.hydra.overrides.task)
        parsed = OverridesParser.create().parse_overrides(words)
        for overrides in BasicSweeper.split_arguments(parsed, max_batch_size=None)[0]:
            try:
                composed = loader.load_sweep_config(config, list(overrides))
                HydraConfig.instance().set_config(composed)
                OmegaConf.set_struct(composed, value=False)
                del composed["hydra"]
                check(context(composed))
            except (ValueError, OSError, OmegaConfBaseException, CompactHydraException) as error:
                sys.exit(f"error in job {' '.join(overrides)}: {error}")
