"""Read or build a benchmark once, whatever its source, into arrays that every job of a sweep maps."""

from functools import cache, partial
from pathlib import Path

from genomask.console import say
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.rank import encode_genome, genome_of
from genomask.experiment.store.artefact import Artefact, Count
from genomask.genome.encoded import open_genome
from genomask.tasks.arrays import describe, write_benchmark

TASK_FORMAT = 2  # raised when the code would write other bytes


def task_artefact(run: Context) -> Artefact:
    """The benchmark, identified by the content of its source and of the genome it is cut from, if any."""
    source = run.config.task
    genome = source.genome_source()
    inputs = () if genome is None else (genome_of(run, genome),)
    return run.identify(
        source, lambda: Artefact("task", source.name, {"format": TASK_FORMAT, **source.fingerprint()}, inputs)
    )


def build_task(run: Context) -> Path:
    """Read the benchmark if that has not been done yet, and say what is in it and where it came from."""
    directory = run.store.build(task_artefact(run), partial(_write, run), needs=lambda: _genome(run))
    if not run.config.sweep.name:
        _describe_once(directory)
    return directory


@cache
def _describe_once(directory: Path) -> None:
    for line in describe(directory):
        say(f"       {line}", style="yellow" if line.startswith("warning") else None)


def _genome(run: Context) -> list[Path]:
    """The encoded genome that the benchmark is cut from, if any; whatever must be downloaded is."""
    run.config.task.prepare()
    source = run.config.task.genome_source()
    try:
        return [] if source is None else [encode_genome(run, source)]
    except ConnectionError as error:
        instead = "For the benchmark alone: task.genome=FILE, or task.dir=FOLDER with train and test tables."
        raise ConnectionError(f"{error} {instead}") from None


def _write(run: Context, directory: Path, genome: Path | None = None) -> dict[str, Count]:
    if genome is None:
        task = run.config.task.read()
    else:
        task = run.config.task.read(open_genome(genome))
        task = task._replace(origin={**(task.origin or {}), "genome": genome.name})
    write_benchmark(task, directory)
    origin = task.origin or {}
    left_out = origin.get("left_out", {})
    rows = origin.get("rows_read", len(task.pool.labels) + len(task.test.labels) + sum(left_out.values()))
    return {"rows": Count(rows, rows - sum(left_out.values()), left_out)}
