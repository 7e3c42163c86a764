"""Stage ``leaks``: what a benchmark's test set shares with its pool and with the pretraining genome."""

from functools import partial
from pathlib import Path

from genomask.console import say
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.rank import build_genome, genome_artefact
from genomask.experiment.stages.task import build_source, source_artefact
from genomask.experiment.store.artefact import Artefact, Count
from genomask.files import read_json, write_json
from genomask.genome.encoded import open_genome
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.arrays import summary as summary_of_rows
from genomask.tasks.leaks.find import find_leaks
from genomask.tasks.leaks.genome import find_in_genome
from genomask.tasks.leaks.report import genome_summary, lines_of, summary, write_genome, write_rows

LEAKS_FORMAT = 1  # raised when the code would find or write something else
REPORT = "leaks.json"


def leaks_artefact(run: Context) -> Artefact:
    """The report on the whole benchmark, identified by it, by the genome, and by what counts as a leak."""
    config, leaks = run.config, run.config.leaks
    settings = {"format": LEAKS_FORMAT, "k": leaks.k, "share": leaks.share}
    inputs = [source_artefact(run)]
    label = config.task.name
    if leaks.genome:
        settings["genome_k"] = leaks.genome_k
        inputs.append(genome_artefact(run))
        label += f"-{config.genome.label}"
    return Artefact("leaks", label, settings, tuple(inputs))


def build_leaks(run: Context) -> Path:
    """Write the report: JSON, and tables of the rows concerned."""
    builders = [build_source, *([build_genome] if run.config.leaks.genome else [])]
    return run.store.build(leaks_artefact(run), partial(_report, run), needs=lambda: [make(run) for make in builders])


def report_leaks(run: Context) -> None:
    """Build the report and print its lines."""
    directory = build_leaks(run)
    say(f"\nLeaks of {run.config.task.name}: {directory / REPORT}")
    for line in lines_of(read_json(directory / REPORT)):
        say(f"  {line}")


def _report(run: Context, directory: Path, folder: Path, genome_folder: Path | None = None) -> dict[str, Count]:
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
        "sets": {part: summary_of_rows(getattr(task, part), classes) for part in ("pool", "test")},
        "relations": summary(relations),
        "genome": in_genome,
        "note": (task.origin or {}).get("note"),
    }
    write_json(directory / REPORT, found)
    write_rows(directory / "rows.csv", relations, task)
    rows = {part: len(getattr(task, part).labels) for part in ("pool", "test")}
    return {f"{part} rows": Count(read, read, {}) for part, read in rows.items()}
