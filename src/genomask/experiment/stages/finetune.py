"""Fine-tuned encoders: from an encoder and a k-shot episode to the predictions of a test set."""

from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from torch import Tensor

from genomask.console import say
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.pretrain import DIVERGED, build_encoder
from genomask.experiment.stages.result import Episode, Outcome
from genomask.experiment.stages.task import build_task
from genomask.experiment.store.artefact import Json
from genomask.finetune.cross_validation import cross_validate, fold_data
from genomask.finetune.recipe import (
    PreparedFinetuning,
    Recipe,
    classifier_module,
    episode_data,
    train_and_predict,
    trained_model,
)  # fmt: skip
from genomask.finetune.settings import policy
from genomask.models.bert import read_encoder
from genomask.models.export import export_encoder
from genomask.models.settings import CLASSIFIER
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.datamodule import EpisodeDataModule
from genomask.tasks.examples import Benchmark, crop
from genomask.training.checkpoints import CHECKPOINTS

FINETUNE_FORMAT = 1  # raised when the code would score otherwise
NOT_HASHED = ("evaluation_batch", "fast_path", "shortcut", "checkpoint_every")  # change rounding, not results
LATER = {"cross_validate": None, "pool": "cls", "lora": None}  # settings that are hashed where they are used


def shaping(run: Context) -> Json:
    """All that shapes the score but the encoder, the task and the draw."""
    settings = {name: value for name, value in asdict(run.config.finetune).items() if name not in NOT_HASHED}
    used = {name: value for name, value in settings.items() if name not in LATER or value != LATER[name]}
    return {"format": FINETUNE_FORMAT, "policy": recipe_of(run).policy._asdict(), "finetune": used}


def prepare(run: Context) -> tuple[Path, Benchmark]:
    """The encoder's directory, and the benchmark, cut to what the encoder takes."""
    encoder, task = build_encoder(run), build_task(run)
    return encoder, _benchmark(task, _encoder(encoder).longest, run.config.finetune.crop)


def recipe_of(run: Context) -> Recipe:
    """How the run trains a classifier."""
    config = run.config
    return Recipe(config.finetune, policy(config.shots_or_none, config.fewshot, config.fs), config.trainer, config.seed)


def train(run: Context, episode: Episode) -> Outcome:
    """Fine-tune on the episode and predict the test set; keeps the classifier where it is wanted."""
    recipe, task, directory = recipe_of(run), episode.task, episode.directory
    assert episode.encoder is not None, "prepare gives one"
    encoder = _encoder(episode.encoder)
    data = episode_data(task, episode.rows, recipe)
    module = classifier_module(encoder, recipe, data)
    module.diverged = run.store.root / DIVERGED / episode.name
    if not run.config.sweep.name:
        sizes = f"{len(episode.rows):,} examples for {recipe.policy.epochs} epochs"
        say(f"       {sizes}, then {len(task.test.labels):,} test sequences", style="dim")
    folds = fold_data(data, folds=recipe.settings.cross_validate or 0, seed=recipe.seed)
    prepared = PreparedFinetuning(module, data, recipe)
    predicted, seconds = train_and_predict(prepared, logs=episode.logs, checkpoints=directory / CHECKPOINTS)

    def predict(fold: EpisodeDataModule) -> Tensor:
        return train_and_predict(PreparedFinetuning(classifier_module(encoder, recipe, fold), fold, recipe))[0]

    further = {"cross_validation": cross_validate(folds, predict)} if folds else {}
    if recipe.settings.save_model:
        (directory / CLASSIFIER).mkdir(exist_ok=True)
        export_encoder(trained_model(module, task.classes), directory / CLASSIFIER, module.tokens)
    return Outcome(predicted.numpy(), recipe.policy._asdict(), seconds, further)


# What the seeds of a cell share. The directories are artefacts, which never change once they are there.
_encoder = lru_cache(maxsize=1)(read_encoder)


@lru_cache(maxsize=1)
def _benchmark(task: Path, longest: int, keep: str) -> Benchmark:
    return crop(open_benchmark(task), longest=longest, keep=keep)
