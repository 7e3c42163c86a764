"""The benchmark of a run: read or built once into arrays that every job of a sweep maps, and cleaned of leaks."""

from dataclasses import asdict
from functools import cache, partial
from pathlib import Path

import numpy as np

from genomask.console import say
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.rank import build_genome, encode_genome, genome_artefact, genome_of
from genomask.experiment.stages.tokens import build_tokens
from genomask.experiment.store.artefact import Artefact, Count, Json
from genomask.files import read_json
from genomask.finetune.classifiers import OF_TARGETS, uses_encoder
from genomask.genome.encoded import open_genome
from genomask.models.initial import max_tokens
from genomask.tasks.arrays import SUMMARY, describe, open_benchmark, write_benchmark
from genomask.tasks.examples import check_lengths, check_test_set, draw_episode
from genomask.tasks.leaks.find import DROPPED_FILE, LeakSettings, dropped_rows, without, write_dropped
from genomask.tasks.leaks.genome import find_in_genome
from genomask.tokens.settings import KmerSettings

TASK_FORMAT = 2  # raised when the code would write other bytes
CLEANING_FORMAT = 1  # raised when the code would leave out other rows
USED_BY = {"near": ("k", "share"), "genome": ("genome_k",)}  # settings that only these relations look at


def source_artefact(run: Context) -> Artefact:
    """The whole benchmark, identified by the content of its source and of the genome it is cut from, if any."""
    source = run.config.task
    genome = source.genome_source()
    inputs = () if genome is None else (genome_of(run, genome),)
    return run.identify(
        source, lambda: Artefact("task", source.name, {"format": TASK_FORMAT, **source.fingerprint()}, inputs)
    )


def build_source(run: Context) -> Path:
    """Read the benchmark if that has not been done yet, and say what is in it and where it came from."""
    directory = run.store.build(source_artefact(run), partial(_write, run), needs=lambda: _genome(run))
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


def task_artefact(run: Context) -> Artefact:
    """The benchmark; where rows are left out, one of its own that is made of the other."""
    whole, leaks = source_artefact(run), run.config.leaks
    if not leaks.drop:
        return whole
    inputs = (whole, *([genome_artefact(run)] if "genome" in leaks.drop else []))
    return Artefact("task", f"{whole.label}-cleaned", {"format": CLEANING_FORMAT, **_used(leaks)}, inputs)


def build_task(run: Context) -> Path:
    """Build the benchmark and leave rows out of it, if that has not been done yet; say how many."""
    if not run.config.leaks.drop:
        return build_source(run)
    artefact = task_artefact(run)
    said = run.store.path(artefact) in run.store.announced
    directory = run.store.build(artefact, partial(_clean, run), needs=lambda: [build_source(run)])
    if not said:
        say(f"       {dropped_line(directory)}")
    return directory


def check_task(run: Context) -> None:
    """Build the benchmark, if that has not been done yet, and find what would end a fine-tuning on it late.

    Raises:
        FileNotFoundError: If a file of the benchmark is not there.
        ValueError: If its rows cannot be read, the test set lacks a class, sequences are too short or too long for
            the encoder, or a class has fewer rows than there are shots.
    """
    task, config = open_benchmark(build_task(run)), run.config
    check_test_set(task, targets=isinstance(config.classifier, OF_TARGETS))
    # Other tokens are known once they are trained.
    if uses_encoder(config.classifier) and isinstance(config.tokens, KmerSettings):
        tokens = build_tokens(run)
        longest = tokens.longest(max_tokens(config.model))
        check_lengths(task, shortest=tokens.shortest, longest=longest, keep=config.finetune.crop)
    draw_episode(task.pool.labels, task=config.task.name, shots=config.shots_or_none, seed=config.seed)


def dropped_line(directory: Path) -> str:
    """How many rows a benchmark lost, of which side, and why."""
    return read_json(directory / SUMMARY)["origin"]["leaks"]


def _clean(run: Context, directory: Path, source_folder: Path) -> dict[str, Count]:
    whole, leaks, in_genome = open_benchmark(source_folder, placed=True), run.config.leaks, None
    if "genome" in leaks.drop:
        in_genome = find_in_genome(whole.test, open_genome(build_genome(run)), k=leaks.genome_k).row
    rows = dropped_rows(whole, leaks, in_genome)
    dropped = np.any(list(rows.values()), axis=0)
    reasons = ", ".join(f"{name} {left_out.sum():,}" for name, left_out in rows.items())
    line = f"leaks: {dropped.sum():,} of {len(dropped):,} {leaks.side} rows left out ({reasons})"
    write_dropped(directory / DROPPED_FILE, leaks.side, rows)
    task = without(whole, leaks.side, dropped)
    write_benchmark(task._replace(origin={**(whole.origin or {}), "leaks": line}), directory)
    return {f"{leaks.side} rows": Count(len(dropped), int((~dropped).sum()), {"leaks": int(dropped.sum())})}


def _used(leaks: LeakSettings) -> Json:
    """The settings that decide which rows are left out, in an order that does not depend on the user's."""
    values = asdict(leaks)
    used = {name: values[name] for relation in leaks.drop for name in USED_BY.get(relation, ())}
    return {"drop": sorted(set(leaks.drop)), "side": leaks.side, **used}
