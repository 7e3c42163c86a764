"""The configuration of a run, composed in a notebook as the command line composes it."""

from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from genomask.experiment.config.choices import CONF
from genomask.experiment.config.schema import Config, register
from genomask.experiment.config.words import hydra_word
from genomask.experiment.run import context
from genomask.experiment.store.store import CONFIG as RERUN


def configured(words: Sequence[str], *, saved: Path | None = None) -> Config:
    """What ``python train.py WORDS`` would run with, or did, if an artefact's folder with its configuration is given.

    Raises:
        ValueError: For a word that the command line would refuse.
    """
    register()
    before = HydraConfig.instance().cfg
    try:
        own = [hydra_word(word) for word in words]
        home, name = (CONF, "config") if saved is None else (saved.resolve(), RERUN.removesuffix(".yaml"))
        own += [] if saved is None else [f"hydra.searchpath=['file://{CONF}']"]
        with initialize_config_dir(str(home), version_base="1.3"):
            cfg = compose(name, own, return_hydra_config=True)
            HydraConfig.instance().set_config(cfg)
            OmegaConf.set_struct(cfg, value=False)
            del cfg["hydra"]
            return context(cfg).config
    finally:
        HydraConfig.instance().cfg = before
