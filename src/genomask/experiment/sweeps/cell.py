"""Run the jobs of one cell in this process, and record how each of them ended."""

import time
import traceback
from collections.abc import Callable, Sequence

from genomask.console import say
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.run import artefact_of, run_stages
from genomask.experiment.sweeps.status import PLAN, progress_line, read_sweep, write_outcome, write_start


def run_cell(runs: Sequence[Context]) -> None:
    """Run the jobs that are not done: first those that no other process works on, then whatever that leaves undone.

    An error ends one job alone. Only a user's interruption, or a signal, ends the cell.
    """
    left = [run for run in runs if not run.store.has(artefact_of(run))]
    for run in [run for run in left if not attempt(run, wait=False)]:
        attempt(run, wait=True)


def attempt(run: Context, *, wait: bool) -> bool:
    """Run one job and record its outcome; without ``wait``, False at once if another process works on it."""
    artefact, sweep = artefact_of(run), run.store.root / "sweeps" / str(run.config.sweep.name)
    with run.store.claim(artefact) as mine:
        if not (mine or wait):
            return False
        if run.store.has(artefact):
            return True
        started = time.perf_counter()
        if mine:
            write_start(sweep, artefact.place)
        error = _error(lambda: run_stages(run))
        if run.store.has(artefact):
            error = None  # what was done before the error that ended the others is done
        if error:
            say(f"failed {artefact.name}: {error}")
        if mine or error:
            write_outcome(sweep, artefact.place, error=error, seconds=time.perf_counter() - started)
            if (sweep / PLAN).is_file():
                say(progress_line(read_sweep(sweep)), style="dim")
    return True


def _error(work: Callable[[], None]) -> str | None:
    """Do the work; returns the last line of what went wrong, if anything did."""
    try:
        work()
    except (ValueError, OSError) as error:
        return _last_line(str(error))
    except Exception as error:  # whatever else a job dies of, the rest of the sweep goes on
        say(traceback.format_exc())
        return _last_line("".join(traceback.format_exception_only(error)))
    return None


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason was given"])[-1]
