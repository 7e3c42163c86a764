"""The benchmark of a run: read or built once into arrays that every job of a sweep maps; and its leaks."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from genomask.console import note, say
from genomask.experiment.stages.context import Context, builds
from genomask.experiment.stages.rank import build_genome, genome_artefact, load_tokens
from genomask.experiment.store.artefact import Artefact, Count
from genomask.files import read_json, write_json
from genomask.finetune.classifiers import OF_TARGETS, uses_encoder
from genomask.genome.encoded import open_genome
from genomask.models.initial import max_tokens
from genomask.tasks.arrays import PARTS, SUMMARY, describe, open_benchmark, write_benchmark
from genomask.tasks.arrays import summary as summary_of_rows
from genomask.tasks.examples import Benchmark, check_lengths, check_test_set, draw_episode
from genomask.tasks.genome_overlap import find_in_genome
from genomask.tasks.leaks import (
    DROPPED_FILE,
    dropped_rows,
    find_leaks,
    genome_summary,
    lines_of,
    summary,
    without,
    write_dropped,
    write_genome,
    write_rows,
)
from genomask.tokens.settings import KmerSettings

TASK_FORMAT = 2  # raised when the code would write other bytes
LEAKS_FORMAT = 1  # raised when the code would find or write something else
REPORT = "leaks.json"
CLEANING_FORMAT = 1  # raised when the code would leave out other rows
USED_BY = {"near": ("k", "share"), "genome": ("genome_k",)}  # settings that only these relations look at


def source_artefact(run: Context) -> Artefact:
    """The whole benchmark, identified by the content of its source and of the genome it is cut from, if any."""
    source, settings = run.config.task, {"format": TASK_FORMAT}
    genome = source.genome_source()
    inputs = () if genome is None else (genome_artefact(run, genome),)
    return run.identify(source, lambda: Artefact("task", source.name, settings | source.fingerprint(), inputs))


def build_source(run: Context) -> Path:
    """Read the benchmark if that has not been done yet, and say what is in it and where it came from."""
    artefact = source_artefact(run)
    said = run.config.sweep.name or run.store.path(artefact) in run.store.announced
    directory = run.store.build(artefact, partial(_write, run), needs=lambda: _genome(run))
    for line in () if said else describe(directory):
        note(line)
    return directory


def _genome(run: Context) -> list[Path]:
    """The encoded genome that the benchmark is cut from, if any; whatever must be downloaded is."""
    run.config.task.prepare()
    source = run.config.task.genome_source()
    try:
        return [] if source is None else [build_genome(run, source)]
    except ConnectionError as error:
        instead = "For the benchmark alone: task.genome=FILE, or task.dir=FOLDER with train and test tables."
        raise ConnectionError(f"{error} {instead}") from None


def _write(run: Context, directory: Path, genome: Path | None = None) -> dict[str, Count]:
    task = run.config.task.read(*([] if genome is None else [open_genome(genome)]))
    origin: dict[str, Any] = {**(task.origin or {}), **({} if genome is None else {"genome": genome.name})}
    write_benchmark(task._replace(origin=origin or task.origin), directory)
    left_out = origin.get("left_out", {})
    rows = len(task.pool.labels) + len(task.test.labels) + sum(left_out.values())
    return {"rows": Count(origin.get("rows_read", rows), left_out)}


def task_artefact(run: Context) -> Artefact:
    """The benchmark; where rows are left out, one of its own that is made of the other."""
    whole, leaks = source_artefact(run), run.config.leaks
    if not leaks.drop:
        return whole
    inputs = (whole, *([genome_artefact(run)] if "genome" in leaks.drop else []))
    used = {name: getattr(leaks, name) for relation in leaks.drop for name in USED_BY.get(relation, ())}
    settings = {"format": CLEANING_FORMAT, "drop": sorted(set(leaks.drop)), "side": leaks.side, **used}
    return Artefact("task", f"{whole.label}-cleaned", settings, inputs)


def build_task(run: Context) -> Path:
    """Build the benchmark and leave rows out of it, if that has not been done yet; say how many."""
    if not run.config.leaks.drop:
        return build_source(run)
    artefact = task_artefact(run)
    said = run.store.path(artefact) in run.store.announced
    directory = run.store.build(artefact, partial(_clean, run), needs=lambda: [build_source(run)])
    if not said:
        note(read_json(directory / SUMMARY)["origin"]["leaks"])
    return directory


def check_task(run: Context) -> None:
    """Build the benchmark, if that has not been done yet, and find what would end a fine-tuning on it late."""
    task, config = open_benchmark(build_task(run)), run.config
    check_test_set(task, targets=isinstance(config.classifier, OF_TARGETS))
    # Other tokens are known once they are trained.
    if uses_encoder(config.classifier) and isinstance(config.tokens, KmerSettings):
        tokens = load_tokens(run)
        longest = tokens.longest(max_tokens(config.model))
        check_lengths(task, shortest=tokens.shortest, longest=longest, keep=config.finetune.crop)
    draw_episode(task.pool.labels, task=config.task.name, shots=config.shots_or_none, seed=config.seed)


def rows_read(task: Benchmark) -> dict[str, Count]:
    """The rows of pool and test set, all of which are used."""
    return {f"{part} rows": Count(len(getattr(task, part).labels)) for part in PARTS}


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
    return {f"{leaks.side} rows": Count(len(dropped), {"leaks": int(dropped.sum())})}


def leaks_artefact(run: Context) -> Artefact:
    """The report on the whole benchmark, identified by it, by the genome, and by what counts as a leak."""
    label, inputs, leaks = run.config.task.name, (source_artefact(run),), run.config.leaks
    settings = {"format": LEAKS_FORMAT, "k": leaks.k, "share": leaks.share}
    if leaks.genome:
        label, inputs = f"{label}-{run.config.genome.label}", (*inputs, genome_artefact(run))
        settings["genome_k"] = leaks.genome_k
    return Artefact("leaks", label, settings, inputs)


@builds(
    leaks_artefact, needs=lambda run: [build_source(run), *([build_genome(run)] if run.config.leaks.genome else [])]
)
def build_leaks(run: Context, directory: Path, folder: Path, genome_folder: Path | None = None) -> dict[str, Count]:
    """Write the report: JSON, and tables of the rows concerned."""
    task, leaks = open_benchmark(folder, placed=True), run.config.leaks
    relations, in_genome = find_leaks(task, leaks), None
    classes = task.classes if task.kind == "classes" else ()
    if genome_folder is not None:
        genome = open_genome(genome_folder)
        overlap = find_in_genome(task.test, genome, k=leaks.genome_k)
        in_genome = genome_summary(overlap, run.config.genome.label, leaks.genome_k)
        write_genome(directory, overlap, genome, task.test.lengths)
    found = {
        "task": run.config.task.name,
        "k": leaks.k,
        "share": leaks.share,
        "sets": {part: summary_of_rows(getattr(task, part), classes) for part in PARTS},
        "relations": summary(relations),
        "genome": in_genome,
        "note": (task.origin or {}).get("note"),
    }
    write_json(directory / REPORT, found)
    write_rows(directory / "rows.csv", relations, task)
    return rows_read(task)


def report_leaks(run: Context) -> None:
    """Build the report and print its lines."""
    directory = build_leaks(run)
    say(f"\nLeaks of {run.config.task.name}: {directory / REPORT}")
    for line in lines_of(read_json(directory / REPORT)):
        say(f"  {line}")
