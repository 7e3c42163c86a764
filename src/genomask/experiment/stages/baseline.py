"""Baselines: the same episode, the same test set and the same scores as a fine-tuning, without an encoder."""

import math
import shutil
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from lightning.pytorch.loggers import Logger

from genomask.experiment.stages.cleaning import build_task, task_artefact
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.finetune import recipe_of
from genomask.experiment.stages.result import Outcome, draw_rows, job_loggers, write_result
from genomask.experiment.store.artefact import Artefact, Json
from genomask.finetune.baselines.cnn import CnnModule
from genomask.finetune.baselines.counts import gc_content, kmer_counts
from genomask.finetune.baselines.majority import class_frequencies
from genomask.finetune.classifiers import CnnBaseline, GcBaseline, KmerBaseline
from genomask.finetune.recipe import PreparedFinetuning, episode_data, train_and_predict
from genomask.finetune.settings import Policy
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.examples import Benchmark
from genomask.training.checkpoints import CHECKPOINTS, RESUMABLE

BASELINE_FORMAT = 1  # raised when the code would score otherwise
OPTIMISER = ("warmup_share", "weight_decay", "beta1", "beta2", "epsilon", "clip_norm", "precision")


def baseline_artefact(run: Context) -> Artefact:
    """One baseline, identified by its task, its episode and its own settings."""
    config = run.config
    label = f"{config.task.name}-{config.classifier.name}-shots={config.shots}-seed={config.seed}"
    settings = {
        "format": BASELINE_FORMAT,
        "shots": config.shots,
        "seed": config.seed,
        "task": config.task.name,  # names the draw of the episode
        "classifier": {**asdict(config.classifier), "name": config.classifier.kind},
        **_optimiser(run),
    }
    return Artefact("finetune", label, settings, (task_artefact(run),))


def build_baseline(run: Context) -> Path:
    """Train and evaluate; the directory holds ``result.json``, ``probabilities.npy`` and ``episode.csv``."""
    artefact = baseline_artefact(run)
    if run.store.has(artefact):
        return run.store.open(artefact)
    task = open_benchmark(build_task(run))

    def build(directory: Path) -> None:
        rows = draw_rows(run, task)
        with job_loggers(run, artefact, directory) as logs:
            outcome = _outcome(run, task, rows, logs, directory)
            write_result(run, directory, outcome, task=task, rows=rows, logs=logs)
        shutil.rmtree(directory / CHECKPOINTS, ignore_errors=True)

    return run.store.build(artefact, build, resume_from=RESUMABLE)


def _outcome(run: Context, task: Benchmark, rows: np.ndarray, logs: list[Logger], directory: Path) -> Outcome:
    settings, seed = run.config.classifier, run.config.seed
    if isinstance(settings, CnnBaseline):
        return _cnn(run, task, rows, logs, directory)
    started = time.perf_counter()
    train = task.pool.take(rows)
    match settings:
        case GcBaseline():
            probability = gc_content(train, task.test, settings=settings, seed=seed)
        case KmerBaseline():
            probability = kmer_counts(train, task.test, settings=settings, seed=seed)
        case _:
            probability = class_frequencies(train, task.test, classes=len(task.classes))
    return Outcome(probability, {}, {"finetune": round(time.perf_counter() - started, 3)})


def _cnn(run: Context, task: Benchmark, rows: np.ndarray, logs: list[Logger], directory: Path) -> Outcome:
    settings, recipe = run.config.classifier, recipe_of(run)
    batch = recipe.policy.batch_size
    epochs = max(settings.epochs, math.ceil(settings.steps / math.ceil(len(rows) / batch)))
    recipe = recipe._replace(policy=Policy(batch, epochs, settings.learning_rate, stable=False))
    module = CnnModule(settings, classes=len(task.classes), optimiser=recipe.settings, seed=recipe.seed)
    prepared = PreparedFinetuning(module, episode_data(task, rows, recipe, cpu=64, gpu=1024), recipe)
    probability, seconds = train_and_predict(prepared, logs=logs, checkpoints=directory / CHECKPOINTS)
    return Outcome(probability.numpy(), recipe.policy._asdict() | {"stable": None}, seconds)


def _optimiser(run: Context) -> Json:
    """The settings of other groups that shape a baseline: none, but for a network."""
    config = run.config
    if not isinstance(config.classifier, CnnBaseline):
        return {}
    optimiser = {name: getattr(config.finetune, name) for name in OPTIMISER}
    return {"batch_size": recipe_of(run).policy.batch_size, "finetune": optimiser}
