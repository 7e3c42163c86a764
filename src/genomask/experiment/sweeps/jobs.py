"""From a grid of overrides to cells: the jobs that differ in nothing but their seed."""

import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import CompactHydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from genomask.console import program
from genomask.experiment.config.words import explain
from genomask.experiment.run import context, follows_from
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.run import artefact_of, check
from genomask.experiment.store.artefact import Artefact
from genomask.experiment.sweeps.status import cell_of

SEEDS = ("seed", "shots", "pretrain_seed")  # numbers that no choice of a group depends on


class Cell(NamedTuple):
    """Jobs that one process runs in turn: the overrides of all, what each seed's job builds, the run of the first."""

    overrides: tuple[str, ...]
    artefacts: dict[int, Artefact]
    run: Context

    @property
    def seeds(self) -> tuple[int, ...]:
        """One per job."""
        return tuple(self.artefacts)

    def job(self, seed: int) -> tuple[str, ...]:
        """The overrides of one job."""
        return (*self.overrides, f"seed={seed}")

    @property
    def encoder(self) -> Artefact | None:
        """The pretraining that all jobs of the cell start from, if they start from one."""
        first = next(iter(self.artefacts.values()))
        return next((source for source in first.inputs if source.kind == "encoder"), None)


def grid(params: dict[str, Any], words: Sequence[str]) -> list[tuple[str, ...]]:
    """All combinations of swept values; a word given on the command line replaces the experiment's."""
    swept = [f"{name}={values}" for name, values in params.items()]
    parsed = OverridesParser.create().parse_overrides([*swept, *words])
    return [tuple(job) for job in BasicSweeper.split_arguments(parsed, max_batch_size=None)[0]]


def cells(master: DictConfig, loader: ConfigLoader, jobs: Sequence[Sequence[str]]) -> list[Cell]:
    """Compose and check every job, and put those together that differ only in their seed. Jobs that come to the same
    artefact are one job. A configuration that cannot run ends the program with its reason, before anything is built."""
    found: dict[tuple[str, ...], Cell] = {}
    places, checked, last = set[str](), dict[tuple[str, ...], Context](), None
    parse = OverridesParser.create().parse_overrides
    for job in jobs:
        try:
            own = [word for word in job if word.partition("=")[0] in SEEDS]
            words = tuple(word for word in job if word not in own)
            values = {word.key_or_group: word.value() for word in parse(own)}
            if words in checked and all(type(value) is int for value in values.values()):
                if checked[words].config.encoder is not None:
                    values.pop("pretrain_seed", None)  # which the encoder brings along
                run = checked[words].with_values(**values)
            else:
                cfg = loader.load_sweep_config(master, list(job))
                run = last = context(cfg, like=last)
                check(run)
                _refuse_helpers(run)
                if not follows_from(cfg, *SEEDS):
                    checked[words] = run
            artefact = artefact_of(run)
        except (ValueError, OSError, OmegaConfBaseException, CompactHydraException) as error:
            sys.exit(f"error in job {' '.join(job)}: {explain(error, job)}")
        if artefact.place not in places:
            places.add(artefact.place)
            cell = found.setdefault(cell_of(job), Cell(cell_of(job), {}, run))
            cell.artefacts[run.config.seed] = artefact
    return list(found.values())


def _refuse_helpers(run: Context) -> None:
    """Lightning starts a training's other processes as copies of the command, which here is the sweep."""
    machine = run.config.trainer
    if machine.devices * machine.nodes > 1 or machine.strategy.startswith("ddp"):
        raise ValueError(
            f"trainer.strategy={machine.strategy} with {machine.devices * machine.nodes} devices has helper "
            "processes that would start the whole sweep again. Pretrain first, one encoder a command: "
            f"{program()} stage=pretrain trainer=ddp masking=...; then sweep with one device a job."
        )
