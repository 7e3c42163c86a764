"""Parts ``discovery`` and ``learned`` of stage ``motifs``: what positives have, and what a classifier looks at."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from genomask.analysis.figure_style import look, save
from genomask.analysis.motifs.attribution import Attribution, against_unseen, attribute, find_seqlets, halves
from genomask.analysis.motifs.consensus import MotifRank, consensus_table
from genomask.analysis.motifs.discover import discover, labelled, word_codes
from genomask.analysis.motifs.known import Known, read_jaspar
from genomask.analysis.motifs.matrix import planted_in, recovery
from genomask.analysis.motifs.tables import holding_matrices, logo_sheet, motif_records, write_motifs
from genomask.checks import require, require_choice
from genomask.experiment.stages.classifier import build_classifier, classifier_artefact
from genomask.experiment.stages.context import Context, builds
from genomask.experiment.stages.motifs import MOTIFS_FORMAT, rankings_identity, read_rankings
from genomask.experiment.stages.saved_classifiers import saving
from genomask.experiment.stages.task import build_source, source_artefact
from genomask.experiment.store.artefact import Artefact, Count, Json
from genomask.files import sha256, write_csv
from genomask.models.checkpoint import weights_file
from genomask.models.export import Classifier, open_classifier
from genomask.models.settings import CLASSIFIER
from genomask.ranking.table import Ranking
from genomask.seeds import generator
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.examples import Benchmark, Examples, crop
from genomask.tasks.sources import SyntheticTask
from genomask.training.host import device_of, prepare_host, sequences_at_once

SEARCH = ("jaspar", "group", "positive", "lengths", "alpha", "most", "seed")  # settings of every search
DISCOVERY = ("rows", "strata")
ATTRIBUTION = ("attributed", "steps", "seqlet_share")
METHODS = ("gradient", "attention")


def discovered_artefact(run: Context) -> Artefact:
    """Motifs of a task."""
    settings = {"part": "discovery", **_identity(run, *DISCOVERY)}
    return Artefact("motifs", f"discovered-{run.config.task.name}", settings, (source_artefact(run),))


@builds(discovered_artefact, needs=lambda run: (build_source(run), read_rankings(run)))
def build_discovered(run: Context, directory: Path, folder: Path, rankings: dict[str, Ranking]) -> dict[str, Count]:
    """Search; the directory holds motifs.json, motifs.meme, ranks.csv and the logos."""
    task, settings = open_benchmark(folder), run.config.motifs
    positive, k = _positive_class(run, task), min(run.config.motifs.lengths)
    chosen = _drawn(run, np.arange(len(task.pool.labels)), settings.rows, "rows")
    drawn = task.pool if len(chosen) == len(task.pool.labels) else task.pool.take(chosen)
    # Sequences without a word of k bases say nothing of motifs.
    wordy = ((word_codes(_bases(part), k) >= 0).any(axis=1) for part in (drawn, task.test))
    pool, test = (part.take(np.flatnonzero(some)) for part, some in zip((drawn, task.test), wordy, strict=True))
    sets = (labelled(_bases(part), part.labels == positive, strata=settings.strata) for part in (pool, test))
    found = discover(*sets, lengths=settings.lengths, alpha=settings.alpha, most=settings.most)
    records = motif_records(found, _known(run), alpha=settings.alpha)
    about = {
        "benchmark": run.config.task.name,
        "positive": task.classes[positive],
        "searched": len(pool.labels),
        "held_out": len(test.labels),
        "settings": _identity(run, *DISCOVERY),
    }
    _write(run, records, about, directory, "motifs")
    cores = (name.split(" ")[1] for name in holding_matrices(records))  # a consensus without its number
    named = [core for core in cores if any(letter.isupper() for letter in core)]
    write_csv(directory / "ranks.csv", MotifRank._fields, consensus_table(rankings, named, {}))
    read, used, tested, held_out = (len(part.labels) for part in (task.pool, pool, task.test, test))
    wordless, undrawn = f"without a word of {k} bases", read - len(chosen)
    return {
        "sequences to search": Count(read, {"not drawn (motifs.rows)": undrawn, wordless: len(chosen) - used}),
        "sequences to test on": Count(tested, {wordless: tested - held_out}),
    }


def learned_artefact(run: Context) -> Artefact:
    """Motifs that a classifier looks at: a given one, or the one that this configuration fine-tunes."""
    settings = {"part": "learned", **_identity(run, *ATTRIBUTION), "baseline": "mask", "attention": "last"}
    label, given = f"learned-{run.config.task.name}", _given(run)
    if given is None:
        tuned = classifier_artefact(saving(run))
        label = f"{label}-{run.config.model.name}-{run.config.labels['masking']}"
        return Artefact("motifs", label, settings, (source_artefact(run), tuned))
    about = given / "config.json"  # names the classes; its absence is reported when the classifier is opened
    content = [sha256(path) for path in (weights_file(given), about) if path.is_file()]
    settings |= {"classifier": content, "crop": run.config.finetune.crop}
    return Artefact("motifs", f"{label}-given", settings, (source_artefact(run),))


def _learned_need(run: Context) -> tuple[Classifier, Benchmark, list[Known]]:
    task = open_benchmark(build_source(run))
    _positive_class(run, task)  # refuses a class or a group of motifs before anything is trained
    known = _known(run)
    classifier = open_classifier(_given(run) or build_classifier(saving(run)) / CLASSIFIER)
    named, needed = ", ".join(classifier.classes), f"a classifier of {', '.join(task.classes)}"
    require(classifier.classes == task.classes, "motifs.classifier", needed, named)
    return classifier, task, known


@builds(learned_artefact, needs=_learned_need)
def build_learned(
    run: Context, directory: Path, classifier: Classifier, task: Benchmark, known: list[Known]
) -> dict[str, Count]:
    """Attribute and search; the directory holds scores, motifs and logos of both methods."""
    task = crop(task, longest=classifier.longest, keep=run.config.finetune.crop)
    target, settings = _positive_class(run, task), run.config.motifs
    of_class = np.flatnonzero(task.test.labels == target)
    rows = _drawn(run, of_class, settings.attributed, "attributed")
    examples = task.test.take(rows)
    prepare_host(run.config.trainer)
    at_once = sequences_at_once(run.config.trainer, run.config.finetune.evaluation_batch, cpu=8, gpu=128)
    device = device_of(run.config.trainer.accelerator)
    found = attribute(classifier, examples, target=target, steps=settings.steps, size=at_once, device=device)
    np.save(directory / "rows.npy", rows, allow_pickle=False)
    read, undrawn = len(task.test.labels), len(of_class) - len(rows)
    refused = {"of other classes": read - len(of_class), "not drawn (motifs.attributed)": undrawn}
    about = {"benchmark": run.config.task.name, "positive": task.classes[target], "sequences": len(rows)}
    search = partial(_search, run, directory, found, examples=examples, known=known, about=about)
    counts = {f"seqlets ({method})": search(method) for method in METHODS}
    return {"test sequences": Count(read, refused), **counts}


def _search(
    run: Context,
    directory: Path,
    found: Attribution,
    method: str,
    *,
    examples: Examples,
    known: list[Known],
    about: dict[str, Any],
) -> Count:
    """Search the seqlets of one method, and write its scores, motifs and logos."""
    settings, scores = run.config.motifs, getattr(found, method)
    np.save(directory / f"{method}.npy", scores, allow_pickle=False)
    seqlets = find_seqlets(scores, examples, share=settings.seqlet_share)
    seen, unseen, pairs = against_unseen(seqlets, examples, generator(settings.seed, "motifs", "windows", method))
    sets = halves(seen, unseen, pairs)
    motifs = discover(*sets, lengths=settings.lengths, alpha=settings.alpha, most=settings.most)
    about = {**about, "seqlets": len(seqlets), "windows": len(pairs)}
    if method == "gradient":  # share of the margins that integrated gradients miss: what more steps would mend
        missed = np.abs(found.gradient.sum(axis=1) - found.difference).mean()
        about["unexplained"] = float(missed / max(np.abs(found.difference).mean(), 1e-9))
    about["settings"] = _identity(run, *ATTRIBUTION)
    _write(run, motif_records(motifs, known, alpha=settings.alpha), about, directory, method)
    return Count(len(seqlets), {"without a window beside them": len(seqlets) - len(pairs)})


def _identity(run: Context, *names: str) -> Json:
    """The settings of a search that shape its result."""
    chosen = {name: getattr(run.config.motifs, name) for name in (*SEARCH, *names)}
    return {"format": MOTIFS_FORMAT, **chosen, **rankings_identity(run)}


def _positive_class(run: Context, task: Benchmark) -> int:
    """Index of the class whose motifs are wanted."""
    name = run.config.motifs.positive or task.classes[-1]
    require_choice(name, "motifs.positive", task.classes)
    return task.classes.index(name)


def _known(run: Context) -> list[Known]:
    """The database to match against, which is empty where no matching is wanted."""
    release = run.config.motifs.jaspar
    return [] if release is None else read_jaspar(release, run.config.motifs.group)


def _write(run: Context, records: list[dict[str, Any]], about: dict[str, Any], directory: Path, stem: str) -> None:
    """Write a search's motifs and logos, with recall and precision where the truth is known."""
    if isinstance(run.config.task, SyntheticTask):
        truth = recovery(planted_in(run.config.task.twin), holding_matrices(records))
        about = {**about, "recovery": truth._asdict()}
    write_motifs(records, about, directory, stem)
    with look():
        save(logo_sheet(records, title=f"{about['benchmark']}, {stem}"), directory / f"{stem}-logos")


def _drawn(run: Context, rows: np.ndarray, most: int | None, purpose: str) -> np.ndarray:
    """The rows, drawn if there are more than are wanted."""
    if most is None or most >= len(rows):
        return rows
    return np.sort(generator(run.config.motifs.seed, "motifs", purpose).choice(rows, most, replace=False))


def _bases(examples: Examples) -> np.ndarray:
    return examples.padded(np.arange(len(examples.labels)))


def _given(run: Context) -> Path | None:
    folder = run.config.motifs.classifier
    return None if folder is None else Path(folder).expanduser()
