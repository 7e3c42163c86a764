"""Compose configurations in this process, as the program does."""

from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from genomask.experiment.config.schema import register
from genomask.experiment.run import CONF, context
from genomask.experiment.stages.context import Context


def composed(*overrides: str) -> Context:
    """What ``python train.py OVERRIDES`` would run."""
    return context(configuration(*overrides))


def configuration(*overrides: str) -> DictConfig:
    """What ``python train.py OVERRIDES`` is composed to."""
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", list(overrides), return_hydra_config=True)
        HydraConfig.instance().set_config(cfg)
        OmegaConf.set_struct(cfg, value=False)
        del cfg["hydra"]
        return cfg
