"""From a grid of overrides to cells: the jobs that differ in nothing but their seed."""

import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import CompactHydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from genomask.console import program
from genomask.experiment.config.errors import explain
from genomask.experiment.run import context, follows_from_seed
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.run import artefact_of, check
from genomask.experiment.store.artefact import Artefact

SEED = "seed"
# Values that no choice of a group depends on: set on a composed configuration, they spare Hydra most of its work
# (0.15 s a composition, for 600 jobs).
PLAIN = (SEED, "shots", "pretrain_seed", "sweep.name", "sweep.seeds")


class Cell(NamedTuple):
    """Jobs that one process runs in turn.

    Attributes:
        overrides: Those of every job, without the seed.
        seeds: One per job.
        artefacts: What each job builds.
        run: The first job's run.
    """

    overrides: tuple[str, ...]
    seeds: tuple[int, ...]
    artefacts: tuple[Artefact, ...]
    run: Context

    def job(self, seed: int) -> tuple[str, ...]:
        """The overrides of one job."""
        return (*self.overrides, f"{SEED}={seed}")

    @property
    def encoder(self) -> Artefact | None:
        """The pretraining that all jobs of the cell start from, if they start from one."""
        return next((source for source in self.artefacts[0].inputs if source.kind == "encoder"), None)


def cell_of(job: Sequence[str]) -> tuple[str, ...]:
    """The overrides that a job shares with the others of its cell."""
    return tuple(word for word in job if not word.startswith(f"{SEED}="))


def grid(params: dict[str, Any], words: Sequence[str]) -> list[tuple[str, ...]]:
    """All combinations of swept values; a word given on the command line replaces the experiment's."""
    swept = [f"{name}={values}" for name, values in params.items()]
    parsed = OverridesParser.create().parse_overrides([*swept, *words])
    return [tuple(job) for job in BasicSweeper.split_arguments(parsed, max_batch_size=None)[0]]


class SweepLoader:
    """Composes the jobs of a sweep for plan and launcher: Hydra is asked once for those that differ in ``PLAIN`` alone.

    It takes the place of Hydra's own loader in a ``HydraContext``.
    """

    def __init__(self, loader: ConfigLoader) -> None:
        """Nothing is composed yet."""
        self.loader = loader
        self.composed: dict[tuple[str, ...], DictConfig] = {}

    def load_sweep_config(self, master_config: DictConfig, sweep_overrides: list[str]) -> DictConfig:
        """The configuration of one job, with Hydra's own part."""
        plain = [word for word in sweep_overrides if word.partition("=")[0] in PLAIN]
        words = tuple(word for word in sweep_overrides if word not in plain)
        if words not in self.composed:
            self.composed[words] = self.loader.load_sweep_config(master_config, list(words))
        cfg = self.composed[words].copy()
        for word in OverridesParser.create().parse_overrides(plain):
            OmegaConf.update(cfg, word.key_or_group, word.value())
        return cfg


def cells(master: DictConfig, loader: SweepLoader, jobs: Sequence[Sequence[str]]) -> list[Cell]:
    """Compose and check every job, and put those together that differ only in their seed.

    Jobs that come to the same artefact are one job. A configuration that cannot run ends the program with
    its reason, before anything is built.
    """
    compose, found = _Composer(master, loader), {}
    known: set[str] = set()
    for job in jobs:
        try:
            run = compose(job)
            artefact = artefact_of(run)
        except (ValueError, OSError, OmegaConfBaseException, CompactHydraException) as error:
            sys.exit(f"error in job {' '.join(job)}: {explain(error, job)}")
        if artefact.place not in known:
            known.add(artefact.place)
            found.setdefault(cell_of(job), []).append((artefact, run))
    return [
        Cell(rest, tuple(run.config.seed for _, run in members), tuple(made for made, _ in members), members[0][1])
        for rest, members in found.items()
    ]


class _Composer:
    """Composes and checks jobs."""

    def __init__(self, master: DictConfig, loader: SweepLoader) -> None:
        self.master, self.loader, self.parser = master, loader, OverridesParser.create()
        self.known: dict[tuple[str, ...], Context] = {}
        self.last: Context | None = None

    def __call__(self, job: Sequence[str]) -> Context:
        """One job's run. The first job of a cell is checked, and the others are like it but for the seed."""
        cell = cell_of(job)
        seed = next((self.parser.parse_override(word).value() for word in job if word.startswith(f"{SEED}=")), None)
        if cell in self.known and type(seed) is int:
            return self.known[cell].with_seed(seed)
        cfg = self.loader.load_sweep_config(self.master, list(job))
        HydraConfig.instance().set_config(cfg)
        OmegaConf.set_struct(cfg, value=False)
        del cfg["hydra"]
        self.last = context(cfg, like=self.last)
        check(self.last)
        _refuse_helpers(self.last)
        if not follows_from_seed(cfg):
            self.known[cell] = self.last
        return self.last


def _refuse_helpers(run: Context) -> None:
    """Lightning starts a training's other processes as copies of the command, which here is the sweep."""
    machine = run.config.trainer
    if machine.devices * machine.nodes > 1 or machine.strategy.startswith("ddp"):
        raise ValueError(
            f"trainer.strategy={machine.strategy} with {machine.devices * machine.nodes} devices has helper "
            "processes that would start the whole sweep again. Pretrain first, one encoder a command: "
            f"{program()} stage=pretrain trainer=ddp masking=...; then sweep with one device a job."
        )
