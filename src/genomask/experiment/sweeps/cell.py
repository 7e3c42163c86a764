"""Run the jobs of one cell in this process, record how each of them ended, and leave no worker behind."""

import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType

from genomask.console import say
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.run import artefact_of, run_stages
from genomask.experiment.sweeps.status import PLAN, progress_line, read_sweep, record


def run_cell(runs: Sequence[Context]) -> None:
    """Run the jobs that are not done: first those that no other process works on, then whatever that leaves undone.
    An error ends one job alone. Only a user's interruption, or a signal, ends the cell."""
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
            record(sweep, artefact.place, started=datetime.now(UTC).isoformat(timespec="seconds"))
        error = _error(run)
        if run.store.has(artefact):
            error = None  # what was done before the error that ended the others is done
        if error:
            say(f"failed {artefact.name}: {error}")
        if mine or error:
            record(sweep, artefact.place, error=error, seconds=round(time.perf_counter() - started, 3))
            if (sweep / PLAN).is_file():
                say(progress_line(read_sweep(sweep)), style="dim")
    return True


def _error(run: Context) -> str | None:
    """Run the stages; returns the last line of what went wrong, if anything did."""
    try:
        run_stages(run)
    except Exception as error:  # whatever a job dies of, the rest of the sweep goes on
        expected = isinstance(error, ValueError | OSError)
        if not expected:
            say(traceback.format_exc())
        text = str(error) if expected else "".join(traceback.format_exception_only(error))
        return (text.strip().splitlines() or ["no reason was given"])[-1]
    return None


@contextmanager
def stoppable(end_workers: Callable[[], None] | None = None) -> Iterator[None]:
    """A block that SIGTERM interrupts as Ctrl-C does; whatever interrupts it, the workers are ended first. A SIGTERM
    that something else listens to, such as submitit on a cluster, is left to it."""
    free = signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    listens = free and threading.current_thread() is threading.main_thread()

    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    if listens:
        signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        if end_workers is not None:
            end_workers()
        raise
    finally:
        if listens:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
