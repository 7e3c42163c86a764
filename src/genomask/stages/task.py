"""Read or build a benchmark once, whatever its source, into arrays that every job of a sweep maps."""

from pathlib import Path

from genomask.console import say
from genomask.genome.encoded import open_genome
from genomask.stages.context import Context
from genomask.stages.rank import encode_genome, genome_of
from genomask.store.artefact import Artefact
from genomask.tasks.arrays import describe, write_benchmark

TASK_FORMAT = 1  # raised when the code would write other bytes


def task_artefact(run: Context) -> Artefact:
    """The benchmark, identified by the content of its source and of the genome it is cut from, if any."""
    source = run.config.task
    genome = source.genome_source()
    inputs = () if genome is None else (genome_of(genome),)
    return Artefact("task", source.name, {"format": TASK_FORMAT, **source.fingerprint()}, inputs)


def build_task(run: Context) -> Path:
    """Read the benchmark if that has not been done yet, and say what is in it and where it came from."""
    source, artefact = run.config.task, task_artefact(run)
    if run.store.has(artefact):
        directory = run.store.open(artefact)
    else:
        needed = source.genome_source()
        genome = None if needed is None else open_genome(encode_genome(run.store, needed))
        directory = run.store.build(artefact, lambda folder: write_benchmark(source.read(genome), folder))
    for line in describe(directory):
        say(f"       {line}")
    return directory
