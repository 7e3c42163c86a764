"""Stage ``finetune``: from an encoder and a k-shot episode to a score on the test set."""

import shutil
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from torch import Tensor

from genomask.console import say
from genomask.experiment.stages.cleaning import build_task, task_artefact
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.pretrain import DIVERGED, build_encoder, encoder_artefact
from genomask.experiment.stages.result import Outcome, contender_of, draw_rows, job_loggers, shots_of, write_result
from genomask.experiment.store.artefact import Artefact, Json
from genomask.finetune.cross_validation import cross_validate
from genomask.finetune.lora import merge_lora
from genomask.finetune.recipe import PreparedFinetuning, Recipe, classifier_module, episode_data, train_and_predict
from genomask.finetune.settings import policy
from genomask.models.bert import read_encoder
from genomask.models.export import export_encoder
from genomask.models.settings import CLASSIFIER
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.datamodule import EpisodeDataModule
from genomask.tasks.examples import Benchmark, crop
from genomask.training.checkpoints import CHECKPOINTS, RESUMABLE

FINETUNE_FORMAT = 1  # raised when the code would score otherwise
NOT_HASHED = ("evaluation_batch", "fast_path", "shortcut", "checkpoint_every")  # change rounding, not results


def finetune_artefact(run: Context) -> Artefact:
    """One fine-tuning, identified by its encoder, its task and all that shapes its score."""
    config = run.config
    step = config.pretrain.step
    choices = f"{config.task.name}-{config.model.name}-{config.labels['masking']}"
    choices += "" if step is None else f"-step={step}"
    label = f"{choices}-shots={config.shots}-seed={config.seed}"
    settings = {
        "format": FINETUNE_FORMAT,
        "shots": config.shots,
        "seed": config.seed,
        "task": config.task.name,  # names the draw of the episode
        "policy": recipe_of(run).policy._asdict(),
        "finetune": _settings(run),
        **({} if step is None else {"step": step}),
        **contender_of(run),
    }
    return Artefact("finetune", label, settings, (encoder_artefact(run), task_artefact(run)))


def build_finetune(run: Context) -> Path:
    """Fine-tune and evaluate; the directory holds ``result.json``, ``probabilities.npy`` and ``episode.csv``."""
    artefact = finetune_artefact(run)
    if run.store.has(artefact):
        return run.store.open(artefact)
    encoder, task = build_encoder(run), build_task(run)
    return run.store.build(artefact, lambda directory: _finetune(run, encoder, task, directory), resume_from=RESUMABLE)


def recipe_of(run: Context) -> Recipe:
    """How the run trains a classifier."""
    config = run.config
    chosen = policy(shots_of(run), config.fewshot, config.fs)
    return Recipe(config.finetune, chosen, config.trainer, config.seed)


def open_task(run: Context, task: Path, encoder: Path) -> Benchmark:
    """The benchmark, cut to what the run's encoder takes."""
    return _benchmark(task, _encoder(encoder).longest, run.config.finetune.crop)


def _finetune(run: Context, encoder: Path, folder: Path, directory: Path) -> None:
    task, recipe, artefact = open_task(run, folder, encoder), recipe_of(run), finetune_artefact(run)
    rows = draw_rows(run, task)
    data = episode_data(task, rows, recipe)
    module = classifier_module(_encoder(encoder), recipe, classes=len(task.classes))
    module.diverged = run.store.root / DIVERGED / artefact.name
    if not run.config.sweep.name:
        sizes = f"{len(rows):,} examples for {recipe.policy.epochs} epochs"
        say(f"       {sizes}, then {len(task.test.labels):,} test sequences", style="dim")
    with job_loggers(run, artefact, directory) as logs:
        prepared = PreparedFinetuning(module, data, recipe)
        probability, seconds = train_and_predict(prepared, logs=logs, checkpoints=directory / CHECKPOINTS)
        further = _cross_validation(run, prepared, encoder, task)
        outcome = Outcome(probability.numpy(), recipe.policy._asdict(), seconds, further)
        write_result(run, directory, outcome, task=task, rows=rows, logs=logs, encoder=encoder)
    if run.config.finetune.save_model:
        (directory / CLASSIFIER).mkdir()
        if recipe.settings.lora is not None:
            merge_lora(module.model)
        module.model.config.id2label = dict(enumerate(task.classes))
        export_encoder(module.model, directory / CLASSIFIER, module.tokens)
    shutil.rmtree(directory / CHECKPOINTS, ignore_errors=True)


def _cross_validation(run: Context, prepared: PreparedFinetuning, encoder: Path, task: Benchmark) -> Json:
    """Train on all folds of the episode but one, and score that one; the test set has no part in it."""
    folds, recipe = run.config.finetune.cross_validate, prepared.recipe
    if folds is None:
        return {}

    def predict(data: EpisodeDataModule) -> Tensor:
        module = classifier_module(_encoder(encoder), recipe, classes=len(task.classes))
        return train_and_predict(PreparedFinetuning(module, data, recipe))[0]

    found = cross_validate(prepared.data, predict, folds=folds, seed=recipe.seed, classes=task.classes)
    return {"cross_validation": found}


# What the seeds of a cell share. The directories are artefacts, which never change once they are there.
_encoder = lru_cache(maxsize=1)(read_encoder)


@lru_cache(maxsize=1)
def _benchmark(task: Path, longest: int, keep: str) -> Benchmark:
    return crop(open_benchmark(task), longest=longest, keep=keep)


def _settings(run: Context) -> Json:
    """All that shapes the score; a setting that came later counts only where it is used."""
    settings = {name: value for name, value in asdict(run.config.finetune).items() if name not in NOT_HASHED}
    for name, unused in (("cross_validate", None), ("pool", "cls"), ("lora", None)):
        if settings[name] == unused:
            del settings[name]
    return settings
