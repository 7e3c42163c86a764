"""Run a planned sweep: pretrainings first, then cell after cell; at the end, an account of it and its scores."""

import os
import sys
from collections.abc import Callable, Sequence

from genomask.console import say
from genomask.experiment.stages.run import check_inputs
from genomask.experiment.sweeps.jobs import Cell
from genomask.experiment.sweeps.plan import Plan
from genomask.experiment.sweeps.report_status import account
from genomask.experiment.sweeps.scores import score_lines
from genomask.experiment.sweeps.status import outcome_file, read_sweep, state_of, write_outcome

Launch = Callable[[Sequence[Sequence[str]]], None]
GO_ON = "The same command goes on from here."


def run_sweep(plan: Plan, launch: Launch) -> None:
    """Run all jobs that are not done, and end the program: with 0 if all are done then, else with 1.

    Args:
        plan: What to run.
        launch: Runs every list of overrides as one job, somewhere, and returns when all of them ended.
    """
    _check_inputs(plan)
    for line in plan.lines():
        say(line)
    plan.write()
    for cell in plan.left():
        for artefact in cell.artefacts:
            outcome_file(plan.folder, artefact.place).unlink(missing_ok=True)
    encoders = plan.encoders()
    for name in encoders:
        outcome_file(plan.folder, name).unlink(missing_ok=True)
    try:
        _launch(launch, [_pretraining(plan, cell) for cell in encoders.values()])
        _launch(launch, [_finetunings(plan, cell) for cell in _with_encoder(plan)])
    except KeyboardInterrupt:
        sys.exit(f"Stopped. {GO_ON}")
    _account(plan)


def _check_inputs(plan: Plan) -> None:
    """Refuse the whole sweep if the inputs of one job cannot be used, before anything is trained."""
    for cell in plan.left():
        try:
            check_inputs(cell.run)
        except (ValueError, OSError) as error:
            sys.exit(f"error in job {' '.join(cell.job(cell.seeds[0]))}: {error}")


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


def _with_encoder(plan: Plan) -> list[Cell]:
    """The cells that are left, without those whose pretraining failed: their jobs are recorded as failed."""
    ready: list[Cell] = []
    for cell in plan.left():
        error = cell.encoder and state_of(plan.runs, plan.folder, cell.encoder.place).error
        if error is None:
            ready.append(cell)
            continue
        for artefact in cell.artefacts:
            write_outcome(plan.folder, artefact.place, error=f"its pretraining failed: {error}", seconds=0.0)
    return ready


def _account(plan: Plan) -> None:
    """Print how many jobs ended how and why, and their scores; the exit code says whether all of them are done."""
    jobs = read_sweep(plan.folder)
    for line in account(plan.name, jobs):
        say(line)
    for line in score_lines(plan.runs, jobs):
        say(f"       {line}")
    done = sum(job.state == "done" for job in jobs)
    if done < len(jobs):
        sys.exit(f"{len(jobs) - done} of {len(jobs)} jobs are not done. {GO_ON}")
