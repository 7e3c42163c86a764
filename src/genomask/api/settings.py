"""The configuration of a run, composed in a notebook as the command line composes it."""

from collections.abc import Sequence

from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from genomask.experiment.config.choices import CONF
from genomask.experiment.config.schema import Config, register
from genomask.experiment.config.words import hydra_word
from genomask.experiment.run import context


def configured(words: Sequence[str]) -> Config:
    """What ``python train.py WORDS`` would run with.

    Raises:
        ValueError: For a word that the command line would refuse.
    """
    register()
    before = HydraConfig.instance().cfg
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            cfg = compose("config", [hydra_word(word) for word in words], return_hydra_config=True)
            HydraConfig.instance().set_config(cfg)
            OmegaConf.set_struct(cfg, value=False)
            del cfg["hydra"]
            return context(cfg).config
    finally:
        HydraConfig.instance().cfg = before
