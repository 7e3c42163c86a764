"""Part ``learned`` of stage ``motifs``: what a fine-tuned classifier looks at."""

from functools import partial
from pathlib import Path

import numpy as np
import torch

from genomask.analysis.motifs.attribution import Attribution, attribute
from genomask.analysis.motifs.discover import discover
from genomask.analysis.motifs.jaspar import Known
from genomask.analysis.motifs.seqlets import against_unseen, find_seqlets, halves
from genomask.analysis.motifs.tables import motif_records
from genomask.checks import require
from genomask.experiment.stages.classifier import build_classifier, classifier_artefact
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.discovered_motifs import (
    known_motifs,
    positive_class,
    search_identity,
    write_search,
)
from genomask.experiment.stages.saved_classifiers import saving
from genomask.experiment.stages.task import build_source, source_artefact
from genomask.experiment.store.artefact import Artefact, Count
from genomask.files import sha256
from genomask.models.checkpoint import weights_file
from genomask.models.classifier import Classifier, open_classifier
from genomask.models.settings import CLASSIFIER
from genomask.seeds import generator
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.examples import Benchmark, Examples, crop
from genomask.training.host import device_of, sequences_at_once

METHODS = ("gradient", "attention")
ATTRIBUTION = ("attributed", "steps", "seqlet_share")


def learned_artefact(run: Context) -> Artefact:
    """Motifs that a classifier looks at: a given one, or the one that this configuration fine-tunes."""
    settings = {"part": "learned", **search_identity(run, *ATTRIBUTION), "baseline": "mask", "attention": "last"}
    label, given = f"learned-{run.config.task.name}", _given(run)
    if given is None:
        tuned = classifier_artefact(saving(run))
        label = f"{label}-{run.config.model.name}-{run.config.labels['masking']}"
        return Artefact("motifs", label, settings, (source_artefact(run), tuned))
    about = given / "config.json"  # names the classes; its absence is reported when the classifier is opened
    content = [sha256(path) for path in (weights_file(given), about) if path.is_file()]
    settings |= {"classifier": content, "crop": run.config.finetune.crop}
    return Artefact("motifs", f"{label}-given", settings, (source_artefact(run),))


def build_learned(run: Context) -> Path:
    """Attribute and search; the directory holds scores, motifs and logos of both methods."""
    return run.store.build(learned_artefact(run), partial(_learned, run), needs=lambda: _inputs(run))


def _inputs(run: Context) -> tuple[Classifier, Benchmark, list[Known]]:
    task = open_benchmark(build_source(run))
    positive_class(run, task)  # refuses a class or a group of motifs before anything is trained
    known = known_motifs(run)
    classifier = open_classifier(_given(run) or build_classifier(saving(run)) / CLASSIFIER)
    named, needed = ", ".join(classifier.classes), f"a classifier of {', '.join(task.classes)}"
    require(classifier.classes == task.classes, "motifs.classifier", needed, named)
    return classifier, task, known


def _learned(
    run: Context, directory: Path, classifier: Classifier, task: Benchmark, known: list[Known]
) -> dict[str, Count]:
    settings = run.config.motifs
    task = crop(task, longest=classifier.longest, keep=run.config.finetune.crop)
    target = positive_class(run, task)
    of_class, rows = _rows(run, task.test, target)
    examples = task.test.take(rows)
    found = _attribute(run, classifier, examples, target)
    np.save(directory / "rows.npy", rows, allow_pickle=False)
    read = len(task.test.labels)
    refused = {"of other classes": read - of_class, "not drawn (motifs.attributed)": of_class - len(rows)}
    counts = {"test sequences": Count(read, len(rows), refused)}
    for method in METHODS:
        scores = getattr(found, method)
        np.save(directory / f"{method}.npy", scores, allow_pickle=False)
        seqlets = find_seqlets(scores, examples, share=settings.seqlet_share)
        rng = generator(settings.seed, "motifs", "windows", method)
        seen, unseen, pairs = against_unseen(seqlets, examples, rng)
        motifs = discover(
            *halves(seen, unseen, pairs),
            lengths=settings.lengths,
            alpha=settings.alpha,
            most=settings.most,
        )
        about = {
            "benchmark": run.config.task.name,
            "positive": task.classes[target],
            "sequences": len(rows),
            "seqlets": len(seqlets),
            "windows": len(pairs),
            **({"unexplained": _unexplained(found)} if method == "gradient" else {}),
            "settings": search_identity(run, *ATTRIBUTION),
        }
        write_search(run, motif_records(motifs, known, alpha=settings.alpha), about, directory, method)
        alone = len(seqlets) - len(pairs)
        counts[f"seqlets ({method})"] = Count(len(seqlets), len(pairs), {"without a window beside them": alone})
    return counts


def _rows(run: Context, test: Examples, target: int) -> tuple[int, np.ndarray]:
    """How many test sequences the class has, and their rows, drawn if there are more than are wanted."""
    rows, wanted = np.flatnonzero(test.labels == target), run.config.motifs.attributed
    if wanted is None or wanted >= len(rows):
        return len(rows), rows
    draw = generator(run.config.motifs.seed, "motifs", "attributed")
    return len(rows), np.sort(draw.choice(rows, wanted, replace=False))


def _attribute(run: Context, classifier: Classifier, examples: Examples, target: int) -> Attribution:
    settings, config = run.config.motifs, run.config
    if config.trainer.threads is not None:
        torch.set_num_threads(config.trainer.threads)
    return attribute(
        classifier,
        examples,
        target=target,
        steps=settings.steps,
        size=sequences_at_once(config.trainer, config.finetune.evaluation_batch, cpu=8, gpu=128),
        device=device_of(config.trainer.accelerator),
    )


def _unexplained(found: Attribution) -> float:
    """Share of the margins that the integrated gradients miss: what more steps would mend."""
    missed = np.abs(found.gradient.sum(axis=1) - found.difference).mean()
    return float(missed / max(np.abs(found.difference).mean(), 1e-9))


def _given(run: Context) -> Path | None:
    folder = run.config.motifs.classifier
    return None if folder is None else Path(folder).expanduser()
