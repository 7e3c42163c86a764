"""``genomask plan``: what a sweep will run, what of it is done, and how long the rest will take; and running it."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from genomask.console import DAY, duration, say
from genomask.experiment.config.choices import CONF
from genomask.experiment.config.schema import register
from genomask.experiment.config.words import hydra_word
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.embed import embedding_artefact
from genomask.experiment.stages.run import check_inputs
from genomask.experiment.store.artefact import Artefact, digest_of, provenance
from genomask.experiment.sweeps.estimate import estimate
from genomask.experiment.sweeps.jobs import Cell, cells, grid
from genomask.experiment.sweeps.status import PLAN, account, outcome_file, read_sweep, record, score_lines, state_of
from genomask.files import write_json
from genomask.finetune.classifiers import PROBES
from genomask.tasks.suites import Suite, suite_jobs

SHORTER: Final = {  # what to do about the longest part of a plan
    "pretraining": "pretrain=quick trains for 100 steps",
    "fine-tuning": "classifier=probe scores a draw in a second, with the encoder frozen",
}
GO_ON: Final = "The same command goes on from here."
SHOWN: Final = 10  # pretrainings that are named
OTHERWISE: Final = "fewer seeds and shots make fewer jobs, launcher=submitit_slurm spreads them over a cluster"
Launch = Callable[[Sequence[Sequence[str]]], None]


class Plan(NamedTuple):
    """The cells of a sweep, and the directory of runs that they are written to."""

    runs: Path
    name: str
    cells: tuple[Cell, ...]

    @property
    def folder(self) -> Path:
        """The folder of the plan and of the outcomes of its jobs."""
        return self.runs / "sweeps" / self.name

    def left(self) -> list[Cell]:
        """The cells as far as they are not done."""
        missing = (
            {seed: artefact for seed, artefact in cell.artefacts.items() if not self.built(artefact)}
            for cell in self.cells
        )
        return [cell._replace(artefacts=some) for cell, some in zip(self.cells, missing, strict=True) if some]

    def encoders(self) -> dict[str, Cell]:
        """The pretrainings that unfinished cells wait for, by name, each with the first cell that does."""
        missing: dict[str, Cell] = {}
        for cell in self.left():
            if cell.encoder is not None and not self.built(cell.encoder):
                missing.setdefault(cell.encoder.place, cell)
        return missing

    def built(self, artefact: Artefact) -> bool:
        """Whether an artefact is there."""
        return (artefact.folder or self.runs / artefact.place).is_dir()

    def lines(self) -> Iterator[str]:
        """The plan as a person reads it, and if it is too long what would be shorter."""
        jobs, left = (sum(len(cell.seeds) for cell in cells) for cells in (self.cells, self.left()))
        yield f"sweep  {self.folder}: {jobs} jobs in {len(self.cells)} cells, {jobs - left} done"
        encoders = [cast(Artefact, cell.encoder) for cell in self.encoders().values()]
        for encoder in encoders[:SHOWN]:
            budget = encoder.settings["pretrain"]
            size = f"{budget['max_steps']:,} steps of {budget['batch']:,} sequences"
            yield f"first  pretrain {self.runs / encoder.place} ({size})"
        if len(encoders) > SHOWN:
            yield f"first  and {len(encoders) - SHOWN} more pretrainings"
        if not left:
            return
        found = estimate(self.runs, self.work())
        seconds, parts = sum(found.seconds.values()), sorted(found.seconds.items(), key=lambda part: -part[1])
        shares = ": " + ", ".join(f"{work} {duration(of_it)}" for work, of_it in parts) if len(parts) > 1 else ""
        unknown = ", ".join(f"{count} {kind}" for kind, count in found.unknown.items())
        if parts:
            yield f"left   about {duration(seconds)} of work, one after the other{shares}"
        if unknown:
            yield f"left   not counted until one has run: {unknown} (short, or its task is yet to be cut from a genome)"
        if seconds > DAY:
            yield "long   more than a day: " + "; ".join((*filter(None, [SHORTER.get(parts[0][0])]), OTHERWISE))

    def work(self) -> Iterator[tuple[Artefact, Context]]:
        """What is yet to be built of that which takes long, once each, with a run that builds it."""
        left, embeddings = self.left(), dict[str, tuple[Artefact, Context]]()
        for cell in left:
            if isinstance(cell.run.config.classifier, PROBES) and cell.artefacts[cell.seeds[0]].kind == "finetune":
                artefact = embedding_artefact(cell.run)
                embeddings.setdefault(artefact.place, (artefact, cell.run))
        yield from ((cast(Artefact, cell.encoder), cell.run) for cell in self.encoders().values())
        yield from (each for each in embeddings.values() if not self.built(each[0]))
        yield from ((artefact, cell.run) for cell in left for artefact in cell.artefacts.values())

    def write(self) -> None:
        """Keep the plan beside the outcomes, for ``genomask status`` and for reports."""
        self.folder.mkdir(parents=True, exist_ok=True)
        jobs = [
            {"overrides": cell.job(seed), "artefact": artefact.place}
            for cell in self.cells
            for seed, artefact in cell.artefacts.items()
        ]
        encoders = {cell.encoder.place for cell in self.cells if cell.encoder is not None}
        written = datetime.now(UTC).isoformat(timespec="seconds")
        found = {"written": written, "command": provenance()["command"]}
        write_json(self.folder / PLAN, {**found, "encoders": sorted(encoders), "jobs": jobs})


def make_plan(master: DictConfig, loader: ConfigLoader, words: Sequence[str]) -> Plan:
    """Plan the multirun that a configuration and the words of its command line describe."""
    jobs = grid(dict(master.hydra.sweeper.get("params") or {}), words)
    if master.get("suite"):
        jobs = suite_jobs(Suite(**cast(dict[str, Any], OmegaConf.to_container(master.suite))), jobs)
    found = cells(master, loader, jobs)
    names = sorted(artefact.place for cell in found for artefact in cell.artefacts.values())
    choices = master.hydra.runtime.choices
    experiment = choices.get("experiment") or choices.get("suite") or "sweep"
    # The same jobs are the same sweep, whatever the command that asked for them.
    return Plan(Path(master.paths.runs), f"{experiment}-{digest_of(names)[:8]}", tuple(found))


def run_sweep(plan: Plan, launch: Launch) -> None:
    """Check all inputs, run all jobs that are not done, and end the program: with 0 if all are done then, else with
    1. ``launch`` runs every list of overrides as one job, somewhere, and returns when all of them ended."""
    left, encoders = plan.left(), plan.encoders()
    for cell in left:
        try:
            check_inputs(cell.run)
        except (ValueError, OSError) as error:
            sys.exit(f"error in job {' '.join(cell.job(cell.seeds[0]))}: {error}")
    for line in plan.lines():
        say(line)
    plan.write()
    for place in (*encoders, *(artefact.place for cell in left for artefact in cell.artefacts.values())):
        outcome_file(plan.folder, place).unlink(missing_ok=True)
    try:
        _launch(launch, [_words(plan, cell, cell.seeds[:1], "stage.run=[pretrain]") for cell in encoders.values()])
        _launch(launch, [_words(plan, cell, cell.seeds) for cell in _with_encoder(plan)])
    except KeyboardInterrupt:
        sys.exit(f"Stopped. {GO_ON}")
    jobs = read_sweep(plan.folder)
    for line in (*account(jobs), *(f"       {line}" for line in score_lines(plan.runs, jobs))):
        say(line)
    if undone := sum(job.state != "done" for job in jobs):
        sys.exit(f"{undone} of {len(jobs)} jobs are not done. {GO_ON}")


def _launch(launch: Launch, jobs: list[tuple[str, ...]]) -> None:
    try:
        if jobs:
            launch(jobs)
    except Exception as error:  # launchers raise their own kinds when a worker is killed
        if "HYDRA_FULL_ERROR" in os.environ:
            raise
        say(f"lost   {type(error).__name__}: {str(error).strip().splitlines()[0]}")


def _words(plan: Plan, cell: Cell, seeds: Sequence[int], *more: str) -> tuple[str, ...]:
    return (*cell.overrides, *more, f"sweep.name={plan.name}", f"sweep.seeds=[{','.join(map(str, seeds))}]")


def _with_encoder(plan: Plan) -> Iterator[Cell]:
    """The cells that are left, without those whose pretraining failed: their jobs are recorded as failed."""
    for cell in plan.left():
        error = cell.encoder and state_of(plan.runs, plan.folder, cell.encoder.place).error
        if error is None:
            yield cell
            continue
        for artefact in cell.artefacts.values():
            record(plan.folder, artefact.place, error=f"its pretraining failed: {error}", seconds=0.0)


def main(arguments: list[str]) -> int:
    """Print the plan of what ``python train.py ARGUMENTS`` would run; nothing is started or written."""
    parser = argparse.ArgumentParser("genomask plan", description=main.__doc__)
    parser.add_argument("--config-dir", help="a directory of your own choices, as for train.py")
    parser.add_argument("-m", "--multirun", action="store_true", help="accepted, and needless")
    parser.add_argument("overrides", nargs="*", help="the words of the run: experiment=table1 shots=10,50")
    known = parser.parse_intermixed_args(arguments)
    words = [hydra_word(word) for word in known.overrides]
    if known.config_dir:
        words.append(f"hydra.searchpath=[{Path(known.config_dir).resolve()}]")
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        hydra = GlobalHydra.instance().hydra
        if hydra is None:
            sys.exit("error: Hydra did not start.")
        master = hydra.compose_config("config", words, RunMode.MULTIRUN, with_log_configuration=False)
        for line in make_plan(master, hydra.config_loader, master.hydra.overrides.task).lines():
            say(line)
    return 0
