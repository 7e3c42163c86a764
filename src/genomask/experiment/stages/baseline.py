"""Baselines: the same episode, the same test set and the same scores as a fine-tuning, without an encoder."""

import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from genomask.experiment.stages.context import Context
from genomask.experiment.stages.finetune import recipe_of
from genomask.experiment.stages.result import Episode, Outcome
from genomask.experiment.stages.task import build_task
from genomask.experiment.store.artefact import Json
from genomask.finetune.baselines.cnn import CnnModule
from genomask.finetune.baselines.counts import gc_content, kmer_counts
from genomask.finetune.baselines.majority import class_frequencies
from genomask.finetune.classifiers import CnnBaseline, GcBaseline, KmerBaseline
from genomask.finetune.module import objective_of
from genomask.finetune.recipe import PreparedFinetuning, episode_data, train_and_predict
from genomask.finetune.settings import Policy
from genomask.finetune.shallow import way_of_choosing
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.examples import Benchmark, Examples
from genomask.training.checkpoints import CHECKPOINTS

BASELINE_FORMAT = 1  # raised when the code would score otherwise
OPTIMISER = ("warmup_share", "weight_decay", "beta1", "beta2", "epsilon", "clip_norm", "precision")


def shaping(run: Context) -> Json:
    """A baseline's own settings; for a network, its optimiser's too."""
    settings = run.config.classifier
    found = {
        "format": BASELINE_FORMAT,
        "classifier": {**asdict(settings), "name": settings.kind, **way_of_choosing(settings)},
    }
    if isinstance(settings, CnnBaseline):
        optimiser = {name: getattr(run.config.finetune, name) for name in OPTIMISER}
        found |= {"batch_size": recipe_of(run).policy.batch_size, "finetune": optimiser}
    return found


def prepare(run: Context) -> tuple[Path | None, Benchmark]:
    """The benchmark; there is no encoder."""
    return None, open_benchmark(build_task(run))


def train(run: Context, episode: Episode) -> Outcome:
    """Train on the episode and predict the test set."""
    settings, seed, task = run.config.classifier, run.config.seed, episode.task
    if isinstance(settings, CnnBaseline):
        return _cnn(run, episode)
    started = time.perf_counter()
    known = task.pool.take(episode.rows)
    probability = shallow_prediction(settings, known, task.test, classes=len(task.classes), seed=seed)
    return Outcome(probability, {}, {"finetune": round(time.perf_counter() - started, 3)})


def shallow_prediction(
    settings: Any, known: Examples, test: Examples, *, classes: int, seed: int
) -> Float64[np.ndarray, "rows classes"]:
    """Class probabilities of the test rows by a baseline that is no network."""
    match settings:
        case GcBaseline():
            return gc_content(known, test, settings=settings, seed=seed)
        case KmerBaseline():
            return kmer_counts(known, test, settings=settings, seed=seed)
        case _:
            return class_frequencies(known, test, classes=classes)


def _cnn(run: Context, episode: Episode) -> Outcome:
    settings, recipe, task = run.config.classifier, recipe_of(run), episode.task
    batch = recipe.policy.batch_size
    epochs = max(settings.epochs, math.ceil(settings.steps / math.ceil(len(episode.rows) / batch)))
    recipe = recipe._replace(policy=Policy(batch, epochs, settings.learning_rate, stable=False))
    data = episode_data(task, episode.rows, recipe, cpu=64, gpu=1024)
    module = CnnModule(
        settings,
        classes=len(task.classes),
        optimiser=recipe.settings,
        seed=recipe.seed,
        objective=objective_of(data),
    )
    prepared = PreparedFinetuning(module, data, recipe)
    checkpoints = episode.directory / CHECKPOINTS
    probability, seconds = train_and_predict(prepared, logs=episode.logs, checkpoints=checkpoints)
    return Outcome(probability.numpy(), recipe.policy._asdict() | {"stable": None}, seconds)
