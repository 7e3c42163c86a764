"""Read a benchmark once, whatever its source, into arrays that every job of a sweep maps."""

from pathlib import Path

from genomask.stages.context import Context
from genomask.store.artefact import Artefact
from genomask.tasks.arrays import write_benchmark

TASK_FORMAT = 1  # raised when the code would write other bytes


def task_artefact(run: Context) -> Artefact:
    """The benchmark, identified by the content of its source."""
    source = run.config.task
    return run.identify(
        source, lambda: Artefact("task", source.name, {"format": TASK_FORMAT, **source.fingerprint()})
    )


def build_task(run: Context) -> Path:
    """Read the benchmark if that has not been done yet."""
    source = run.config.task
    return run.store.build(task_artefact(run), lambda directory: write_benchmark(source.read(), directory))
