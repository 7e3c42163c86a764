"""Stage ``finetune``: from an encoder and a k-shot episode to a score on the test set."""

import json
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from genomask.finetune.metrics import score
from genomask.finetune.module import ClassifierModule
from genomask.finetune.settings import Policy, policy
from genomask.models.bert import sequence_classifier
from genomask.models.export import export_encoder
from genomask.seeds import derived_seed
from genomask.stages.cleaning import build_task, task_artefact
from genomask.stages.context import Context
from genomask.stages.pretrain import build_encoder, encoder_artefact
from genomask.stages.result import result
from genomask.stages.training import loggers, sequences_at_once, trainer
from genomask.store.artefact import Artefact
from genomask.store.files import write_json
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.datamodule import EpisodeDataModule
from genomask.tasks.episode import draw_episode
from genomask.tasks.examples import Benchmark, crop

FINETUNE_FORMAT = 1  # raised when the code would score otherwise
HARMLESS = ("evaluation_batch", "shortcut")  # shape rounding, not results


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
        "finetune": {name: value for name, value in asdict(config.finetune).items() if name not in HARMLESS},
    }
    return Artefact("finetune", label, settings, (encoder_artefact(run), task_artefact(run)))


def build_finetune(run: Context) -> Path:
    """Fine-tune and evaluate; the directory holds ``result.json`` and ``probabilities.npy``."""
    artefact = finetune_artefact(run)
    if run.store.has(artefact):
        return run.store.open(artefact)
    encoder, task = build_encoder(run), open_benchmark(build_task(run))
    return run.store.build(artefact, lambda directory: _finetune(run, encoder, task, directory))


def _finetune(run: Context, encoder: Path, task: Benchmark, directory: Path) -> None:
    config, chosen = run.config, _policy(run)
    task = crop(task, longest=config.model.max_tokens - 2 + config.model.k - 1, keep=config.finetune.crop)
    episode = draw_episode(task.pool.labels, task=config.task.name, shots=_shots(run), seed=config.seed)
    module = ClassifierModule(
        sequence_classifier(
            encoder,
            classes=len(task.classes),
            seed=derived_seed(config.seed, "classification head"),
            hidden_dropout=config.finetune.hidden_dropout,
        ),
        settings=config.finetune,
        k=config.model.k,
        learning_rate=chosen.learning_rate,
        seed=config.seed,
    )
    data = EpisodeDataModule(
        task,
        episode,
        batch_size=chosen.batch_size,
        evaluation_batch=sequences_at_once(config, config.finetune.evaluation_batch, cpu=8, gpu=256),
        seed=derived_seed(config.seed, "order of examples"),
    )
    seconds = _train_and_test(run, module, data, chosen, directory)
    probability = module.predicted()
    np.save(directory / "probabilities.npy", probability.numpy(), allow_pickle=False)
    scores = score(probability, torch.from_numpy(np.array(task.test.labels)))
    pretraining = json.loads((encoder / "pretraining.json").read_text(encoding="utf-8"))
    found = result(
        run,
        scores=scores,
        pretraining=pretraining,
        task=task,
        n_train=len(episode),
        chosen=chosen,
        seconds=seconds,
    )
    write_json(directory / "result.json", found)
    if config.finetune.save_model:
        (directory / "model").mkdir()
        module.model.config.id2label = dict(enumerate(task.classes))
        export_encoder(module.model, directory / "model", config.model)


def _train_and_test(
    run: Context, module: ClassifierModule, data: EpisodeDataModule, chosen: Policy, directory: Path
) -> dict[str, float]:
    """Train for the policy's epochs and predict the test set; returns the seconds of both."""
    config, name = run.config, finetune_artefact(run).name
    with loggers(config, directory / "log", job="finetune", name=name) as logs:
        fit = trainer(
            config,
            precision=config.finetune.precision,
            loggers=logs,
            callbacks=[],
            devices=1,  # an episode is too small to share
            max_epochs=chosen.epochs,
            gradient_clip_val=config.finetune.clip_norm,
            log_every_n_steps=1,
        )
        started = time.perf_counter()
        fit.fit(module, datamodule=data)
        trained = time.perf_counter()
        fit.test(module, datamodule=data, verbose=False)
    return {"finetune": round(trained - started, 3), "evaluate": round(time.perf_counter() - trained, 3)}


def _shots(run: Context) -> int | None:
    return run.config.shots if isinstance(run.config.shots, int) else None


def _policy(run: Context) -> Policy:
    return policy(_shots(run), run.config.fewshot, run.config.fs)
