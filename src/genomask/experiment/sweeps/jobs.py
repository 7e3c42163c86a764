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
from genomask.experiment.config.words import explain
from genomask.experiment.run import context, follows_from
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.run import artefact_of, check
from genomask.experiment.store.artefact import Artefact
from genomask.experiment.sweeps.status import cell_of

SEEDS = ("seed", "shots", "pretrain_seed")  # numbers that no choice of a group depends on
PLAIN = (*SEEDS, "sweep.name", "sweep.seeds")


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
        return (*self.overrides, f"seed={seed}")

    @property
    def encoder(self) -> Artefact | None:
        """The pretraining that all jobs of the cell start from, if they start from one."""
        return next((source for source in self.artefacts[0].inputs if source.kind == "encoder"), None)


def grid(params: dict[str, Any], words: Sequence[str]) -> list[tuple[str, ...]]:
    """All combinations of swept values; a word given on the command line replaces the experiment's."""
    swept = [f"{name}={values}" for name, values in params.items()]
    parsed = OverridesParser.create().parse_overrides([*swept, *words])
    return [tuple(job) for job in BasicSweeper.split_arguments(parsed, max_batch_size=None)[0]]


class SweepLoader:
    """Composes the jobs of a sweep for plan and launcher, in the place of Hydra's own loader in a ``HydraContext``.

    Hydra is asked once for jobs that differ in ``PLAIN`` alone: a composition takes it half a second.
    """

    def __init__(self, loader: ConfigLoader) -> None:
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
    """Composes and checks one of the jobs that differ in ``SEEDS`` alone; the others are like it but for these."""

    def __init__(self, master: DictConfig, loader: SweepLoader) -> None:
        self.master, self.loader, self.parser = master, loader, OverridesParser.create()
        self.known: dict[tuple[str, ...], Context] = {}
        self.last: Context | None = None

    def __call__(self, job: Sequence[str]) -> Context:
        own = [word for word in job if word.partition("=")[0] in SEEDS]
        rest = tuple(word for word in job if word not in own)
        values = {word.key_or_group: word.value() for word in self.parser.parse_overrides(own)}
        if rest in self.known and all(type(value) is int for value in values.values()):
            if self.known[rest].config.encoder is not None:
                values.pop("pretrain_seed", None)  # which the encoder brings along
            return self.known[rest].with_values(**values)
        cfg = self.loader.load_sweep_config(self.master, list(job))
        HydraConfig.instance().set_config(cfg)
        OmegaConf.set_struct(cfg, value=False)
        del cfg["hydra"]
        self.last = context(cfg, like=self.last)
        check(self.last)
        _refuse_helpers(self.last)
        if not follows_from(cfg, *SEEDS):
            self.known[rest] = self.last
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
