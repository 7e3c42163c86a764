"""The fine-tuned classifiers whose scores of windows ``stage=variants`` and ``stage=mutagenesis`` write."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from genomask.analysis.variants.scores import Predictor, predictor
from genomask.checks import require, require_choice
from genomask.experiment.stages.classifier import build_classifier
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.rank import ready_tokens, tokens_artefact
from genomask.experiment.stages.task import build_task
from genomask.files import read_object, sha256
from genomask.finetune.classifiers import EncoderClassifier
from genomask.models.checkpoint import weights_file
from genomask.models.export import classifier_folder, open_classifier
from genomask.models.initial import max_tokens
from genomask.models.settings import CLASSIFIER
from genomask.tasks.arrays import open_benchmark
from genomask.training.host import device_of, prepare_host, sequences_at_once


class ClassifierSet(NamedTuple):
    """Classifiers ready to predict, what identifies them, and bases of a window: chosen, at least, at most."""

    predictors: list[Predictor]
    identity: list[dict[str, Any]]
    length: int
    shortest: int
    longest: int

    @property
    def positives(self) -> dict[str, str]:
        """The positive class by the name of the classifier."""
        return {each.name: each.classifier.classes[each.positive] for each in self.predictors}


def open_classifiers(run: Context, *, length: int | None = None) -> ClassifierSet:
    """Open the configured classifiers; without any, fine-tune this configuration and keep its model. ``length`` are
    the bases of a window, where the sequence says it; None leaves it to the settings."""
    settings, trainer = run.config.variants, run.config.trainer
    if settings.classifiers:
        folders = [classifier_folder(name) for name in settings.classifiers]
    else:
        _check_before_training(run, length or settings.length)
        folders = [build_classifier(saving(run)) / CLASSIFIER]
    names = settings.names or [_name(folder) for folder in folders]
    alike = len(set(names)) < len(names)
    require(not alike, "variants.names", "a name for every classifier, as their folders share one", names)
    device = device_of(trainer.accelerator)
    prepare_host(trainer)
    named = dict(zip(names, folders, strict=True))
    predictors = [predictor(name, open_classifier(named[name]), settings.positive, device) for name in names]
    identity = [
        {"name": each.name, "positive": each.positive, "weights": sha256(weights_file(named[each.name]))}
        for each in predictors
    ]
    chosen = length or settings.length or _common_length(folders, predictors)
    shortest = max(each.classifier.shortest for each in predictors)
    longest = min(each.classifier.longest for each in predictors)
    _require_length(chosen, shortest, longest)
    return ClassifierSet(predictors, identity, chosen, shortest, longest)


def windows_at_once(run: Context) -> int:
    """Windows that go through a classifier together: as configured, or what suits the machine."""
    return sequences_at_once(run.config.trainer, run.config.variants.batch, cpu=32, gpu=1024)


def saving(run: Context) -> Context:
    """The run as it would be if it fine-tuned an encoder and kept the classifier."""
    kept = run.with_values(finetune={"save_model": True})
    return replace(kept, config=replace(kept.config, classifier=EncoderClassifier()))


def _check_before_training(run: Context, length: int | None) -> None:
    """Refuse a class that a classifier yet to be fine-tuned will not have, and a window that it will not take."""
    classes, positive = open_benchmark(build_task(run)).classes, run.config.variants.positive
    require_choice(classes[-1] if positive is None else positive, "variants.positive", classes)
    if length is not None and tokens_artefact(run) is None:  # tokens that are trained first are not known yet
        tokens = ready_tokens(run)
        _require_length(length, tokens.shortest, tokens.longest(max_tokens(run.config.model)))


def _require_length(bases: int, shortest: int, longest: int) -> None:
    needed = f"{shortest} to {longest} bases, which the classifiers take"
    require(shortest <= bases <= longest, "A window", needed, bases)


def _name(folder: Path) -> str:
    """The name of a fine-tuning without its hash, fit for a column."""
    named = folder.resolve().parent if folder.name == CLASSIFIER else folder.resolve()
    plain = re.sub(r"\W+", "_", re.sub(r"-[0-9a-f]{8}$", "", named.name), flags=re.ASCII).strip("_")
    return plain if re.match("[A-Za-z]", plain) else f"classifier_{plain}"


def _common_length(folders: Sequence[Path], predictors: Sequence[Predictor]) -> int:
    """The median length of what the classifiers were fine-tuned on, at most what they take, as their results say it."""
    lengths = dict[Path, int | None]()
    for folder, each in zip(folders, predictors, strict=True):
        result = folder.parent / "result.json"
        trained = read_object(result).get("sequence_length") if result.is_file() else None
        known = trained if isinstance(trained, int) and trained >= 1 else None
        lengths[folder] = known and min(known, each.classifier.longest)
    if None in lengths.values() or len(set(lengths.values())) > 1:
        known = ", ".join(f"{folder}: {length or 'not known'}" for folder, length in lengths.items())
        raise ValueError(f"variants.length needs a number, as the classifiers do not agree on one ({known}).")
    return next(length for length in lengths.values() if length)
