"""How a run's classifier learns an episode and predicts a test set: an encoder fine-tuned or frozen, or a baseline."""

import math
import time
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int64
from lightning.pytorch.loggers import Logger
from torch import Tensor

from genomask.console import note
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.embed import build_embeddings
from genomask.experiment.stages.pretrain import DIVERGED, build_encoder
from genomask.experiment.stages.task import build_task
from genomask.experiment.store.artefact import Json
from genomask.finetune import classifiers
from genomask.finetune.cnn import fresh_network
from genomask.finetune.metrics import cross_validate, fold_data
from genomask.finetune.module import EpisodeModule, objective_of
from genomask.finetune.recipe import Recipe, classifier_module, episode_data, train_and_predict, trained_model
from genomask.finetune.settings import Policy, policy
from genomask.finetune.shallow import baseline_prediction, fit_probe, fit_targets, way_of_choosing
from genomask.models.bert import load_encoder
from genomask.models.export import export_encoder
from genomask.models.settings import CLASSIFIER
from genomask.tasks.arrays import PARTS, open_benchmark
from genomask.tasks.datamodule import EpisodeDataModule
from genomask.tasks.examples import Benchmark, crop
from genomask.training.checkpoints import CHECKPOINTS

FORMAT = 1  # raised when the code would score otherwise
NOT_HASHED = ("evaluation_batch", "checkpoint_every")  # change rounding, not results
LATER = {"cross_validate": None, "pool": "cls", "lora": None}  # settings that are hashed where they are used
OPTIMISER = ("warmup_share", "weight_decay", "beta1", "beta2", "epsilon", "clip_norm", "precision")  # of a CNN


class Episode(NamedTuple):
    """What a classifier learns from: rows of the pool, an encoder's directory if it starts from one; and the
    directory and the name of the artefact that is being built."""

    task: Benchmark
    rows: Int64[np.ndarray, " _episode"]
    encoder: Path | None
    logs: list[Logger]
    directory: Path
    name: str


class Outcome(NamedTuple):
    """Predictions of the test set (probabilities, or values), the policy, seconds, and further keys of the result."""

    predicted: Float[np.ndarray, "rows classes"]
    training: Json
    seconds: dict[str, float]
    further: Json = {}  # noqa: RUF012 - a NamedTuple's default, never changed


def shaping(run: Context) -> Json:
    """All that shapes the score but the encoder, the task and the draw."""
    classifier, tuning = run.config.classifier, asdict(run.config.finetune)
    if isinstance(classifier, classifiers.EncoderClassifier):
        used = {n: v for n, v in tuning.items() if n not in NOT_HASHED and (n not in LATER or v != LATER[n])}
        return {"format": FORMAT, "policy": recipe_of(run).policy._asdict(), "finetune": used}
    own = {**asdict(classifier), "name": classifier.kind, **way_of_choosing(classifier)}
    found = {"format": FORMAT, "classifier": own}
    if isinstance(classifier, classifiers.PROBES):
        return found | run.config.embed.reading
    if isinstance(classifier, classifiers.CnnBaseline):
        optimiser = {name: tuning[name] for name in OPTIMISER}
        found |= {"batch_size": recipe_of(run).policy.batch_size, "finetune": optimiser}
    return found


def prepare(run: Context) -> tuple[Path | None, Benchmark]:
    """The encoder's directory, if there is one, and the benchmark; cut to what a fine-tuned encoder takes."""
    if isinstance(run.config.classifier, classifiers.PROBES):
        build_embeddings(run)
    encoder, task = build_encoder(run) if classifiers.uses_encoder(run.config.classifier) else None, build_task(run)
    if encoder is None or isinstance(run.config.classifier, classifiers.PROBES):
        return encoder, _task(task)
    return encoder, _cropped(task, _encoder(encoder).longest, run.config.finetune.crop)


def train(run: Context, episode: Episode) -> Outcome:
    """Learn from the episode and predict the test set."""
    settings, seed, task, started = run.config.classifier, run.config.seed, episode.task, time.perf_counter()
    if isinstance(settings, classifiers.EncoderClassifier):
        return _finetuned(run, episode)
    if isinstance(settings, classifiers.CnnBaseline):
        return _cnn(run, episode)
    if isinstance(settings, classifiers.PROBES):
        folder, started = build_embeddings(run), time.perf_counter()
        pool, test = (_matrix(folder, part, settings.pool, settings.layer) for part in PARTS)
        predicted = probe_prediction(settings, task, episode.rows, pool[episode.rows], test, seed=seed)
    else:
        known = task.pool.take(episode.rows)
        predicted = baseline_prediction(settings, known, task.test, classes=len(task.classes), seed=seed)
    return Outcome(predicted, {}, {"finetune": round(time.perf_counter() - started, 3)})


def probe_prediction(
    settings: Any, task: Benchmark, rows: Int64[np.ndarray, " _episode"], known: Any, test: Any, *, seed: int
) -> Float[np.ndarray, "rows classes"]:
    """Predictions by a probe that learns the embeddings of some rows of the task's pool."""
    if task.pool.targets is None:
        return fit_probe(settings, known, np.array(task.pool.labels[rows]), seed=seed)(test)
    return fit_targets(known, task.pool.targets[rows])(test)


def recipe_of(run: Context) -> Recipe:
    """How the run trains a network."""
    config = run.config
    return Recipe(config.finetune, policy(config.shots_or_none, config.fewshot, config.fs), config.trainer, config.seed)


def _finetuned(run: Context, episode: Episode) -> Outcome:
    """Fine-tune; keeps the classifier where it is wanted."""
    recipe, task, directory = recipe_of(run), episode.task, episode.directory
    assert episode.encoder is not None, "prepare gives one"
    encoder = _encoder(episode.encoder)
    data = episode_data(task, episode.rows, recipe)
    module = classifier_module(encoder, recipe, data)
    module.diverged = run.store.root / DIVERGED / episode.name
    if not run.config.sweep.name:
        sizes = f"{len(episode.rows):,} examples for {recipe.policy.epochs} epochs"
        note(f"{sizes}, then {len(task.test.labels):,} test sequences")
    folds = fold_data(data, folds=recipe.settings.cross_validate or 0, seed=recipe.seed)
    places = {"logs": episode.logs, "checkpoints": directory / CHECKPOINTS}
    predicted, seconds = train_and_predict(module, data, recipe, **places)

    def predict(fold: EpisodeDataModule) -> Tensor:
        return train_and_predict(classifier_module(encoder, recipe, fold), fold, recipe)[0]

    further = {"cross_validation": cross_validate(folds, predict)} if folds else {}
    if recipe.settings.save_model:
        (directory / CLASSIFIER).mkdir(exist_ok=True)
        export_encoder(trained_model(module, task.classes), directory / CLASSIFIER, module.tokens)
    return Outcome(predicted.numpy(), recipe.policy._asdict(), seconds, further)


def _cnn(run: Context, episode: Episode) -> Outcome:
    settings, recipe, task = run.config.classifier, recipe_of(run), episode.task
    batch = recipe.policy.batch_size
    epochs = max(settings.epochs, math.ceil(settings.steps / math.ceil(len(episode.rows) / batch)))
    recipe = recipe._replace(policy=Policy(batch, epochs, settings.learning_rate, stable=False))
    data = episode_data(task, episode.rows, recipe, cpu=64, gpu=1024)
    module = EpisodeModule(
        fresh_network(settings, classes=len(task.classes), seed=recipe.seed),
        settings=recipe.settings,
        learning_rate=settings.learning_rate,
        seed=recipe.seed,
        objective=objective_of(data),
    )
    places = {"logs": episode.logs, "checkpoints": episode.directory / CHECKPOINTS}
    probability, seconds = train_and_predict(module, data, recipe, **places)
    return Outcome(probability.numpy(), recipe.policy._asdict() | {"stable": None}, seconds)


# What the seeds of a cell share. The directories are artefacts, which never change once they are there.
_encoder, _task = lru_cache(maxsize=1)(load_encoder), lru_cache(maxsize=1)(open_benchmark)


@lru_cache(maxsize=1)
def _cropped(task: Path, longest: int, keep: str) -> Benchmark:
    return crop(open_benchmark(task), longest=longest, keep=keep)


@lru_cache(maxsize=2)
def _matrix(directory: Path, part: str, pool: str, layer: int | None) -> Float32[np.ndarray, "rows hidden"]:
    matrix = np.load(directory / f"{part}-{pool}.npy", mmap_mode="r", allow_pickle=False)
    return matrix if matrix.ndim == 2 else matrix[:, -1 if layer is None else layer]
