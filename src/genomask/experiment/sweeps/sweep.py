"""Run a planned sweep: pretrainings first, then cell after cell, and an account of it at the end."""

import os
import sys
from collections.abc import Callable, Sequence

from genomask.console import say
from genomask.experiment.sweeps.jobs import Cell
from genomask.experiment.sweeps.plan import Plan, name_of
from genomask.experiment.sweeps.report_status import account
from genomask.experiment.sweeps.status import outcome_file, read_sweep, state_of, write_outcome

Launch = Callable[[Sequence[Sequence[str]]], None]
GO_ON = "The same command goes on from here."


def run_sweep(plan: Plan, launch: Launch) -> None:
    """Run whatever is not done, and end the program: with 0 if everything is done then, else with 1.

    Args:
        plan: What to run.
        launch: Runs every list of overrides as one job, somewhere, and returns when all of them ended.
    """
    plan.write()
    for line in plan.lines():
        say(line)
    for cell in plan.left():
        for artefact in cell.artefacts:
            outcome_file(plan.folder, name_of(artefact)).unlink(missing_ok=True)
    encoders = plan.encoders()
    for name in encoders:
        outcome_file(plan.folder, name).unlink(missing_ok=True)
    try:
        _launch(launch, [_pretraining(plan, cell) for cell in encoders.values()])
        _launch(launch, [_finetunings(plan, cell) for cell in plan.left() if not _hopeless(plan, cell)])
    except KeyboardInterrupt:
        sys.exit(f"Stopped. {GO_ON}")
    _account(plan)


def _launch(launch: Launch, jobs: list[tuple[str, ...]]) -> None:
    if not jobs:
        return
    try:
        launch(jobs)
    except Exception as error:  # launchers raise their own kinds when a worker is killed
        if "HYDRA_FULL_ERROR" in os.environ:
            raise
        say(f"lost   {type(error).__name__}: {str(error).strip().splitlines()[0]}")


def _pretraining(plan: Plan, cell: Cell) -> tuple[str, ...]:
    return (*cell.overrides, "stage.run=[pretrain]", *_words(plan, cell.seeds[:1]))


def _finetunings(plan: Plan, cell: Cell) -> tuple[str, ...]:
    return (*cell.overrides, *_words(plan, cell.seeds))


def _words(plan: Plan, seeds: Sequence[int]) -> tuple[str, ...]:
    return (f"sweep.name={plan.name}", f"sweep.seeds=[{','.join(map(str, seeds))}]")


def _hopeless(plan: Plan, cell: Cell) -> bool:
    """Whether the pretraining that a cell starts from failed, which its jobs are then told to have done."""
    if cell.encoder is None:
        return False
    error = state_of(plan.runs, plan.folder, name_of(cell.encoder)).error
    if error is None:
        return False
    for artefact in cell.artefacts:
        write_outcome(plan.folder, name_of(artefact), error=f"its pretraining failed: {error}", seconds=0.0)
    return True


def _account(plan: Plan) -> None:
    """Say how many jobs ended how, and why; the exit code says whether all of them are done."""
    jobs = read_sweep(plan.folder)
    for line in account(plan.name, jobs):
        say(line)
    done = sum(job.state == "done" for job in jobs)
    if done < len(jobs):
        sys.exit(f"{len(jobs) - done} of {len(jobs)} jobs are not done. {GO_ON}")
