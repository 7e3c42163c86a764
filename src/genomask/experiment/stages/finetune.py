"""Stage ``finetune``: from an encoder and a k-shot episode to a score on the test set."""

import json
import shutil
import time
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from lightning import Trainer
from lightning.pytorch.loggers import Logger
from torch import Tensor

from genomask.console import say
from genomask.experiment.dashboards.identity import run_identity
from genomask.experiment.stages.cleaning import build_task, task_artefact
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.pretrain import DIVERGED, build_encoder, encoder_artefact
from genomask.experiment.stages.result import result
from genomask.experiment.store.artefact import Artefact
from genomask.files import write_json
from genomask.finetune.cross_validation import cross_validate
from genomask.finetune.metrics import score
from genomask.finetune.module import ClassifierModule
from genomask.finetune.settings import Policy, policy
from genomask.finetune.wandb_scores import log_scores
from genomask.models.bert import Encoder, read_encoder, sequence_classifier
from genomask.models.export import export_encoder
from genomask.models.settings import CLASSIFIER
from genomask.seeds import derived_seed
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.datamodule import EpisodeDataModule
from genomask.tasks.episode import draw_episode
from genomask.tasks.examples import Benchmark, check_test_set, crop
from genomask.tokens import longest_sequence
from genomask.training.checkpoints import (
    CHECKPOINTS,
    RESUMABLE,
    ResumePoints,
    log_folder,
    newest_checkpoint,
    train_from,
)  # fmt: skip
from genomask.training.host import fixed_order, sequences_at_once
from genomask.training.loggers import loggers
from genomask.training.trainer import trainer

FINETUNE_FORMAT = 1  # raised when the code would score otherwise
NOT_HASHED = ("evaluation_batch", "fast_path", "shortcut", "checkpoint_every")  # change rounding, not results


class Ready(NamedTuple):
    """A classifier that is about to be trained, with its data and what it is made of."""

    module: ClassifierModule
    data: EpisodeDataModule
    task: Benchmark
    encoder: Path
    chosen: Policy


def finetune_artefact(run: Context) -> Artefact:
    """One fine-tuning, identified by its encoder, its task and all that shapes its score."""
    config = run.config
    choices = f"{config.task.name}-{config.model.name}-{config.labels['masking']}"
    label = f"{choices}-shots={config.shots}-seed={config.seed}"
    settings = {
        "format": FINETUNE_FORMAT,
        "shots": config.shots,
        "seed": config.seed,
        "task": config.task.name,  # names the draw of the episode
        "policy": _policy(run)._asdict(),
        "finetune": _settings(run),
    }
    return Artefact("finetune", label, settings, (encoder_artefact(run), task_artefact(run)))


def build_finetune(run: Context) -> Path:
    """Fine-tune and evaluate; the directory holds ``result.json`` and ``probabilities.npy``."""
    artefact = finetune_artefact(run)
    if run.store.has(artefact):
        return run.store.open(artefact)
    encoder, task = build_encoder(run), build_task(run)
    return run.store.build(artefact, lambda directory: _finetune(run, encoder, task, directory), resume_from=RESUMABLE)


def make_ready(run: Context, encoder: Path, task: Path) -> Ready:
    """Draw the episode and the classifier of one run. Encoder and test set are shared with the run before."""
    config, chosen = run.config, _policy(run)
    longest = longest_sequence(config.model.max_tokens, config.model.k)
    rows = _benchmark(task, longest, config.finetune.crop)
    check_test_set(rows)
    episode = draw_episode(rows.pool.labels, task=config.task.name, shots=_shots(run), seed=config.seed)
    data = EpisodeDataModule(
        rows,
        episode,
        batch_size=chosen.batch_size,
        evaluation_batch=sequences_at_once(config.trainer, config.finetune.evaluation_batch, cpu=8, gpu=256),
        seed=derived_seed(config.seed, "order of examples"),
    )
    module = _classifier(run, _encoder(encoder), classes=len(rows.classes))
    module.test_tokens = _test_tokens(task, longest, config.finetune.crop, config.model.k, data.evaluation_batch)
    module.diverged = run.store.root / DIVERGED / finetune_artefact(run).name
    return Ready(module, data, rows, encoder, chosen)


def evaluate(run: Context, ready: Ready, fit: Trainer, directory: Path, *, seconds: float) -> None:
    """Predict the test set with a trained classifier and write its scores, predictions and, if asked, itself.

    Args:
        run: Whose result it is.
        ready: The trained classifier and its data.
        fit: The trainer to predict with.
        directory: Where to write.
        seconds: How long the training took.
    """
    module, task = ready.module, ready.task
    started = time.perf_counter()
    fit.test(module, datamodule=ready.data, verbose=False)
    took = {"finetune": round(seconds, 3), "evaluate": round(time.perf_counter() - started, 3)}
    probability = module.predicted()
    labels = torch.from_numpy(np.array(task.test.labels))
    np.save(directory / "probabilities.npy", probability.numpy(), allow_pickle=False)
    log_scores(fit.loggers, probability, labels)
    found = result(
        run,
        scores=score(probability, labels),
        pretraining=json.loads((ready.encoder / "pretraining.json").read_text(encoding="utf-8")),
        task=task,
        n_train=len(ready.data.episode.labels),
        chosen=ready.chosen,
        seconds=took,
    )
    if run.config.finetune.cross_validate is not None:
        found["cross_validation"] = _cross_validation(run, ready)
    write_json(directory / "result.json", found)
    if run.config.finetune.save_model:
        (directory / CLASSIFIER).mkdir()
        module.model.config.id2label = dict(enumerate(task.classes))
        export_encoder(module.model, directory / CLASSIFIER, run.config.model)


def finetune_trainer(run: Context, chosen: Policy, logs: list[Logger], *, checkpoints: Path | None = None) -> Trainer:
    """The trainer of one fine-tuning, which keeps checkpoints if it is told where."""
    every = run.config.finetune.checkpoint_every
    return trainer(
        run.config.trainer,
        precision=run.config.finetune.precision,
        loggers=logs,
        callbacks=[ResumePoints(checkpoints, every=every)] if checkpoints else [],
        devices=1,  # an episode is too small to share
        max_epochs=chosen.epochs,
        gradient_clip_val=run.config.finetune.clip_norm,
        log_every_n_steps=1,
    )


def _finetune(run: Context, encoder: Path, task: Path, directory: Path) -> None:
    ready = make_ready(run, encoder, task)
    name = finetune_artefact(run).name
    if not run.config.sweep.name:
        rows, tested = len(ready.data.episode.labels), len(ready.task.test.labels)
        sizes = f"{rows:,} examples for {ready.chosen.epochs} epochs, then {tested:,} test sequences"
        say(f"       {sizes}", style="dim")
    newest = newest_checkpoint(directory / CHECKPOINTS)
    log = log_folder(directory, newest)
    identity = run_identity(run.config, "finetune")
    with fixed_order(run.config.trainer), loggers(run.config.logger, log, name=name, wandb_run=identity) as logs:
        fit = finetune_trainer(run, ready.chosen, logs, checkpoints=directory / CHECKPOINTS)
        started = time.perf_counter()
        train_from(fit, ready.module, ready.data, newest)
        evaluate(run, ready, fit, directory, seconds=time.perf_counter() - started)
    shutil.rmtree(directory / CHECKPOINTS, ignore_errors=True)


def _cross_validation(run: Context, ready: Ready) -> dict[str, object]:
    """Train on all folds of the episode but one, and score that one; the test set has no part in it."""
    config = run.config

    def predict(data: EpisodeDataModule) -> Tensor:
        module = _classifier(run, _encoder(ready.encoder), classes=len(ready.task.classes))
        fit = finetune_trainer(run, ready.chosen, [])
        fit.fit(module, datamodule=data)
        fit.test(module, datamodule=data, verbose=False)
        return module.predicted()

    assert config.finetune.cross_validate is not None, "asked for by the caller"
    return cross_validate(
        ready.data,
        predict,
        folds=config.finetune.cross_validate,
        seed=config.seed,
        classes=ready.task.classes,
    )


def _classifier(run: Context, encoder: Encoder, *, classes: int) -> ClassifierModule:
    config = run.config
    return ClassifierModule(
        sequence_classifier(
            encoder,
            classes=classes,
            seed=derived_seed(config.seed, "classification head"),
            hidden_dropout=config.finetune.hidden_dropout,
        ),
        settings=config.finetune,
        k=config.model.k,
        learning_rate=_policy(run).learning_rate,
        seed=config.seed,
    )


# What the seeds of a cell share. The directories are artefacts, which never change once they are there.
_encoder = lru_cache(maxsize=1)(read_encoder)


@lru_cache(maxsize=1)
def _benchmark(task: Path, longest: int, keep: str) -> Benchmark:
    return crop(open_benchmark(task), longest=longest, keep=keep)


@lru_cache(maxsize=1)
def _test_tokens(*_: object) -> dict[int, Tensor]:
    """Token ids of the test set's batches, filled in by the first evaluation."""
    return {}


def _settings(run: Context) -> dict[str, object]:
    """All that shapes the score; a setting that came later counts only where it is used."""
    settings = {name: value for name, value in asdict(run.config.finetune).items() if name not in NOT_HASHED}
    if settings["cross_validate"] is None:
        del settings["cross_validate"]
    return settings


def _shots(run: Context) -> int | None:
    return run.config.shots if isinstance(run.config.shots, int) else None


def _policy(run: Context) -> Policy:
    return policy(_shots(run), run.config.fewshot, run.config.fs)
