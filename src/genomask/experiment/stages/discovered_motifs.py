"""Part ``discovery`` of stage ``motifs``: what a task's positives have and its negatives have not."""

from pathlib import Path
from typing import Any

import numpy as np

from genomask.analysis.motifs.consensus import MotifRank, consensus_table
from genomask.analysis.motifs.discover import discover
from genomask.analysis.motifs.jaspar import Known, read_jaspar
from genomask.analysis.motifs.planted import planted_in, recovery
from genomask.analysis.motifs.tables import holding_matrices, motif_records, write_motifs
from genomask.analysis.motifs.words import Labelled, labelled, word_codes
from genomask.checks import require
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.known_motifs import (
    MOTIFS_FORMAT,
    rankings_identity,
    read_rankings,
)
from genomask.experiment.stages.task import build_source, source_artefact
from genomask.experiment.store.artefact import Artefact, Count, Json
from genomask.files import write_csv
from genomask.ranking.table import Ranking
from genomask.seeds import generator
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.examples import Benchmark, Examples
from genomask.tasks.sources import SyntheticTask

SEARCH = ("jaspar", "group", "positive", "lengths", "alpha", "most", "seed")  # settings of every search


def search_identity(run: Context, *names: str) -> Json:
    """The settings of a search that shape its result."""
    chosen = {name: getattr(run.config.motifs, name) for name in (*SEARCH, *names)}
    return {"format": MOTIFS_FORMAT, **chosen, **rankings_identity(run)}


def discovered_artefact(run: Context) -> Artefact:
    """Motifs of a task."""
    settings = {"part": "discovery", **search_identity(run, "rows", "strata")}
    return Artefact("motifs", f"discovered-{run.config.task.name}", settings, (source_artefact(run),))


def build_discovered(run: Context) -> Path:
    """Search; the directory holds motifs.json, motifs.meme, ranks.csv and the logos."""

    def build(directory: Path, folder: Path, rankings: dict[str, Ranking]) -> dict[str, Count]:
        task, settings = open_benchmark(folder), run.config.motifs
        positive, k = positive_class(run, task), min(run.config.motifs.lengths)
        drawn = _sample(run, task.pool)
        pool, test = (_with_words(examples, k) for examples in (drawn, task.test))
        sets = (_classes(examples, positive, settings.strata) for examples in (pool, test))
        found = discover(*sets, lengths=settings.lengths, alpha=settings.alpha, most=settings.most)
        records = motif_records(found, known_motifs(run), alpha=settings.alpha)
        about = {
            "benchmark": run.config.task.name,
            "positive": task.classes[positive],
            "searched": len(pool.labels),
            "held_out": len(test.labels),
            "settings": search_identity(run, "rows", "strata"),
        }
        write_search(run, records, about, directory, "motifs")
        named = [name for name in map(_core_last, holding_matrices(records)) if name is not None]
        write_csv(directory / "ranks.csv", MotifRank._fields, consensus_table(rankings, named, {}))
        counted = [len(examples.labels) for examples in (task.pool, drawn, pool, task.test, test)]
        return _counts(*counted, wordless=f"without a word of {k} bases")

    return run.store.build(discovered_artefact(run), build, needs=lambda: (build_source(run), read_rankings(run)))


def _counts(pool: int, drawn: int, searched: int, test: int, held_out: int, *, wordless: str) -> dict[str, Count]:
    refused = {"not drawn (motifs.rows)": pool - drawn, wordless: drawn - searched}
    return {
        "sequences to search": Count(pool, searched, refused),
        "sequences to test on": Count(test, held_out, {wordless: test - held_out}),
    }


def positive_class(run: Context, task: Benchmark) -> int:
    """Index of the class whose motifs are wanted."""
    name = run.config.motifs.positive
    if name is None:
        return len(task.classes) - 1
    require(name in task.classes, "motifs.positive", f"one of {', '.join(task.classes)}", name)
    return task.classes.index(name)


def known_motifs(run: Context) -> list[Known]:
    """The database to match against, which is empty where no matching is wanted."""
    settings = run.config.motifs
    return [] if settings.jaspar is None else read_jaspar(settings.jaspar, settings.group)


def write_search(
    run: Context, records: list[dict[str, Any]], about: dict[str, Any], directory: Path, stem: str
) -> None:
    """Write a search's motifs and logos, with recall and precision where the truth is known."""
    from genomask.analysis.figure_style import look, save
    from genomask.analysis.motifs.figures import logo_sheet

    if isinstance(run.config.task, SyntheticTask):
        truth = recovery(planted_in(run.config.task.twin), holding_matrices(records))
        about = {**about, "recovery": truth._asdict()}
    write_motifs(records, about, directory, stem)
    with look():
        save(logo_sheet(records, title=f"{about['benchmark']}, {stem}"), directory / f"{stem}-logos")


def _core_last(name: str) -> str | None:
    """A consensus without its number, if it has a capital."""
    text = name.split(" ")[1]
    return text if any(letter.isupper() for letter in text) else None


def _sample(run: Context, pool: Examples) -> Examples:
    rows = run.config.motifs.rows
    if rows is None or rows >= len(pool.labels):
        return pool
    draw = generator(run.config.motifs.seed, "motifs", "rows")
    return pool.take(np.sort(draw.choice(len(pool.labels), rows, replace=False)))


def _with_words(examples: Examples, k: int) -> Examples:
    """The sequences that hold a word of k bases; the others say nothing of motifs."""
    words = word_codes(examples.padded(np.arange(len(examples.labels))), k)
    return examples.take(np.flatnonzero((words >= 0).any(axis=1)))


def _classes(examples: Examples, positive: int, strata: int) -> Labelled:
    bases = examples.padded(np.arange(len(examples.labels)))
    return labelled(bases, np.array(examples.labels) == positive, strata=strata)
