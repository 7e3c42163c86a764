"""Compose the configuration, check it, run it; a user's mistake costs one line."""

import math
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import hydra
from hydra._internal import utils as hydra_program
from hydra.core.hydra_config import HydraConfig
from hydra.errors import CompactHydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from genomask.checks import one_line, require
from genomask.experiment.config.choices import CONF
from genomask.experiment.config.schema import Config, register, rerunnable, with_encoder
from genomask.experiment.config.trust import leaves
from genomask.experiment.config.words import explain, hydra_word, in_one_line, typed
from genomask.experiment.stages.context import Context
from genomask.experiment.store.store import CONFIG as RERUN
from genomask.experiment.store.store import Store


def main() -> None:
    """Entry point of ``genomask`` and of ``train.py``."""
    register()
    typed[:] = sys.argv[1:]
    sys.argv[1:] = [hydra_word(word) for word in sys.argv[1:]]
    hydra_program.run_and_report = in_one_line  # pyright: ignore[reportAttributeAccessIssue]
    hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(job)()


def job(cfg: DictConfig) -> None:
    """Run one job, or the jobs of one cell of a sweep, in which a failed one leaves the others running."""
    try:
        alone = cfg.sweep.seeds is None
        runs = [context(cfg)] if alone else cell_runs(cfg)
        from genomask.experiment.stages.run import run_stages  # and PyTorch, once the settings are known to be right
        from genomask.experiment.sweeps.cell import run_cell, stoppable

        with stoppable():
            if alone:
                run_stages(runs[0])
            else:
                run_cell(runs)
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


def cell_runs(cfg: DictConfig) -> list[Context]:
    """The runs of a cell, one per seed; what follows from the seed is resolved anew for each."""
    seeds, cfg.sweep.seeds = list(cfg.sweep.seeds), None
    cfg.seed = seeds[0]
    runs, alike = [context(cfg)], not follows_from(cfg, "seed")
    for seed in seeds[1:]:
        cfg.seed = seed
        runs.append(runs[0].with_values(seed=seed) if alike else context(cfg, like=runs[0]))
    return runs


def follows_from(cfg: DictConfig, *names: str) -> bool:
    """Whether other values of these settings change more than the settings themselves."""
    text = str(OmegaConf.to_yaml(cfg))
    return any(f"${{{name}}}" in text for name in names)


def configured(words: Sequence[str], *, saved: Path | None = None) -> Config:
    """What ``python train.py WORDS`` would run with, or did, if an artefact's folder with its configuration is
    given. Raises ValueError for a word that the command line would refuse."""
    register()
    before, home, name, own = HydraConfig.instance().cfg, CONF, "config", [hydra_word(word) for word in words]
    if saved is not None:
        home, name = saved.resolve(), RERUN.removesuffix(".yaml")
        own.append(f"hydra.searchpath=['file://{CONF}']")
    try:
        with hydra.initialize_config_dir(str(home), version_base="1.3"):
            return context(hydra.compose(name, own, return_hydra_config=True)).config
    finally:
        HydraConfig.instance().cfg = before


def context(cfg: DictConfig, *, like: Context | None = None) -> Context:
    """Turn a composed configuration into typed settings; Hydra's own part, if it is there, is taken out of it.
    ``like`` is a run of this process that has identified and checked artefacts already. Raises ValueError for a
    value that is missing, of the wrong type, or out of its range."""
    if "hydra" in cfg:
        HydraConfig.instance().set_config(cfg)
        OmegaConf.set_struct(cfg, value=False)
        del cfg["hydra"]
    try:
        missing = sorted(OmegaConf.missing_keys(cfg))
        if missing:
            raise ValueError(f"{missing[0]} needs a value: give it as {missing[0]}=VALUE.")
        if cfg.get("encoder") is not None:
            with_encoder(cfg, list(HydraConfig.get().overrides.task))
        resolved = cast(dict[str, Any], OmegaConf.to_container(cfg, resolve=True))
        config = cast(Config, OmegaConf.to_object(cfg))
    except OmegaConfBaseException as error:
        raise ValueError(explain(error)) from error
    except (TypeError, AttributeError) as error:  # ${...} of one type where another belongs
        raise ValueError(f"A setting has a value of the wrong type: {one_line(str(error))}") from error
    except RecursionError as error:
        raise ValueError("A setting refers to itself by ${...}.") from error
    composed = isinstance(config, Config)  # pyright: ignore[reportUnnecessaryIsInstance]
    require(composed, "A configuration", "config_schema in its defaults list", "none")
    for place, value in leaves(resolved):
        finite = not isinstance(value, float) or math.isfinite(value)
        require(finite, place, "a finite number", value)
    store = Store(Path(config.paths.runs), rerunnable(config, resolved))
    like = like or Context(config, store)
    return Context(config, replace(store, checked=like.store.checked, announced=like.store.announced), like.identified)
