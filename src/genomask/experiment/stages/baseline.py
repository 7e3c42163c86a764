"""Baselines: the same episode, the same test set and the same scores as a fine-tuning, without an encoder."""

import math
import shutil
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from genomask.experiment.dashboards.identity import run_identity
from genomask.experiment.stages.cleaning import build_task, task_artefact
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.result import baseline_result
from genomask.experiment.store.artefact import Artefact, Json
from genomask.files import write_json
from genomask.finetune.baselines.settings import CnnBaseline, GcBaseline, KmerBaseline
from genomask.finetune.metrics import score
from genomask.finetune.settings import Policy, policy
from genomask.seeds import derived_seed
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.episode import draw_episode
from genomask.tasks.examples import Benchmark, check_test_set
from genomask.training.checkpoints import CHECKPOINTS, RESUMABLE, log_folder, newest_checkpoint
from genomask.training.host import fixed_order

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
    """Train and evaluate; the directory holds ``result.json`` and ``probabilities.npy``."""
    artefact = baseline_artefact(run)
    if run.store.has(artefact):
        return run.store.open(artefact)
    task = open_benchmark(build_task(run))

    def build(directory: Path) -> None:
        with fixed_order(run.config.trainer):
            _baseline(run, task, directory)

    return run.store.build(artefact, build, resume_from=RESUMABLE)


def _baseline(run: Context, task: Benchmark, directory: Path) -> None:
    config = run.config
    check_test_set(task)
    episode = draw_episode(task.pool.labels, task=config.task.name, shots=_shots(run), seed=config.seed)
    probability, training, seconds = _predict(run, task, episode, directory)
    np.save(directory / "probabilities.npy", probability, allow_pickle=False)
    found = baseline_result(
        run,
        scores=score(torch.from_numpy(probability), torch.from_numpy(np.array(task.test.labels))),
        task=task,
        n_train=len(episode),
        training=training,
        seconds=seconds,
    )
    write_json(directory / "result.json", found)


def _predict(
    run: Context, task: Benchmark, episode: np.ndarray, directory: Path
) -> tuple[np.ndarray, Json, dict[str, float]]:
    """Class probabilities of the test set, how a network was trained, and the seconds that it took."""
    settings, seed = run.config.classifier, run.config.seed
    if isinstance(settings, CnnBaseline):
        return _cnn(run, task, episode, directory)
    started = time.perf_counter()
    train = task.pool.take(episode)
    match settings:
        case GcBaseline():
            from genomask.finetune.baselines.logistic import gc_content

            probability = gc_content(train, task.test, settings=settings, seed=seed)
        case KmerBaseline():
            from genomask.finetune.baselines.logistic import kmer_counts

            probability = kmer_counts(train, task.test, settings=settings, seed=seed)
        case _:
            from genomask.finetune.baselines.majority import class_frequencies

            probability = class_frequencies(train, task.test, classes=len(task.classes))
    return probability, {}, {"finetune": round(time.perf_counter() - started, 3)}


def _cnn(
    run: Context, task: Benchmark, episode: np.ndarray, directory: Path
) -> tuple[np.ndarray, Json, dict[str, float]]:
    from genomask.experiment.stages.finetune import finetune_trainer
    from genomask.finetune.baselines.cnn import CnnModule
    from genomask.tasks.datamodule import EpisodeDataModule
    from genomask.training.checkpoints import train_from
    from genomask.training.host import sequences_at_once
    from genomask.training.loggers import loggers

    config, settings = run.config, run.config.classifier
    batch = policy(_shots(run), config.fewshot, config.fs).batch_size
    epochs = max(settings.epochs, math.ceil(settings.steps / math.ceil(len(episode) / batch)))
    chosen = Policy(batch, epochs, settings.learning_rate, stable=False)
    module = CnnModule(settings, classes=len(task.classes), optimiser=config.finetune, seed=config.seed)
    data = EpisodeDataModule(
        task,
        episode,
        batch_size=batch,
        evaluation_batch=sequences_at_once(config.trainer, config.finetune.evaluation_batch, cpu=64, gpu=1024),
        seed=derived_seed(config.seed, "order of examples"),
    )
    newest, name = newest_checkpoint(directory / CHECKPOINTS), baseline_artefact(run).name
    with loggers(
        config.logger, log_folder(directory, newest), name=name, wandb_run=run_identity(config, "finetune")
    ) as logs:
        fit = finetune_trainer(run, chosen, logs, checkpoints=directory / CHECKPOINTS)
        started = time.perf_counter()
        train_from(fit, module, data, newest)
        trained = time.perf_counter()
        fit.test(module, datamodule=data, verbose=False)
    shutil.rmtree(directory / CHECKPOINTS, ignore_errors=True)
    seconds = {"finetune": round(trained - started, 3), "evaluate": round(time.perf_counter() - trained, 3)}
    return module.predicted().numpy(), chosen._asdict() | {"stable": None}, seconds


def _optimiser(run: Context) -> Json:
    """What of the other groups shapes a baseline: nothing, but for a network."""
    config = run.config
    if not isinstance(config.classifier, CnnBaseline):
        return {}
    optimiser = {name: getattr(config.finetune, name) for name in OPTIMISER}
    return {"batch_size": policy(_shots(run), config.fewshot, config.fs).batch_size, "finetune": optimiser}


def _shots(run: Context) -> int | None:
    return run.config.shots if isinstance(run.config.shots, int) else None
