"""What every scored classifier leaves: its episode, its probabilities, and one line of a results table."""

import csv
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int64
from lightning.pytorch.loggers import Logger

from genomask.experiment.config.schema import Config
from genomask.experiment.dashboards.identity import run_identity
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.pretrain import encoder_artefact
from genomask.experiment.stages.task import task_artefact
from genomask.experiment.store.artefact import Artefact, Json
from genomask.experiment.store.manifest import seconds_of
from genomask.files import read_json, write_json
from genomask.finetune.classifiers import OF_TARGETS, EncoderClassifier
from genomask.finetune.metrics import Scores, score, score_targets
from genomask.finetune.settings import Policy
from genomask.finetune.wandb_scores import log_scores
from genomask.tasks.examples import EPISODE_FILE, LABEL_DIVIDER, Benchmark, check_test_set, draw_episode
from genomask.training.checkpoints import CHECKPOINTS, RESUMABLE, log_folder, newest_checkpoint
from genomask.training.host import fixed_order, repeatability
from genomask.training.loggers import loggers

NO_ENCODER: Json = dict.fromkeys(("genome", "masking", "tokens", "corrupt", "ranking", "wc", "hga", "fs"), "-")


class Episode(NamedTuple):
    """What a classifier learns from: rows of the benchmark's pool, and an encoder's directory if it starts from one.

    ``directory`` is the artefact that is being built, ``name`` what it will be called.
    """

    task: Benchmark
    rows: Int64[np.ndarray, " _episode"]
    encoder: Path | None
    logs: list[Logger]
    directory: Path
    name: str


class Outcome(NamedTuple):
    """What one classifier gave: predictions of the test set (probabilities, or the values of a regression), how it was
    trained, seconds, and further keys of its result.
    """

    predicted: Float[np.ndarray, "rows classes"]
    training: Json
    seconds: dict[str, float]
    further: Json = {}  # noqa: RUF012 - a NamedTuple's default, never changed


def build_scored(
    run: Context,
    artefact: Artefact,
    prepare: Callable[[Context], tuple[Path | None, Benchmark]],
    train: Callable[[Context, Episode], Outcome],
) -> Path:
    """Train and evaluate a classifier, if that has not been done yet; sums have a fixed order meanwhile.

    Raises:
        ValueError: If a class has too few rows, or the test set lacks one.
    """

    def build(directory: Path, encoder: Path | None, task: Benchmark) -> None:
        config, log = run.config, log_folder(directory, newest_checkpoint(directory / CHECKPOINTS))
        check_test_set(task, targets=isinstance(config.classifier, OF_TARGETS))
        rows = draw_episode(task.pool.labels, task=config.task.name, shots=config.shots_or_none, seed=config.seed)
        identity = run_identity(config, "finetune")
        with (
            fixed_order(config.trainer),
            loggers(config.logger, log, name=artefact.name, wandb_run=identity) as logs,
        ):
            episode = Episode(task, rows, encoder, logs, directory, artefact.name)
            _write(run, episode, train(run, episode))
        shutil.rmtree(directory / CHECKPOINTS, ignore_errors=True)

    return run.store.build(artefact, build, needs=lambda: prepare(run), resume_from=RESUMABLE)


def _write(run: Context, episode: Episode, outcome: Outcome) -> None:
    """Score the test set; write ``result.json``, ``probabilities.npy`` and ``episode.csv``, and log the scores.

    Where rows have targets in place of a class, ``predictions.npy`` takes the place of the probabilities, and
    ``result.json`` has their ``kind`` and the scores of ``score_targets``.
    """
    task, rows, directory = episode.task, episode.rows, episode.directory
    predicted, line = torch.from_numpy(outcome.predicted), _line(run, outcome, task, len(rows), episode.encoder)
    labels = None
    if task.targets is None:
        labels, name = torch.from_numpy(np.array(task.test.labels)), "probabilities.npy"
        answers = [task.classes[label] for label in task.pool.labels[rows]]
        scores = score(predicted, labels)._asdict()
    else:
        name, targets = "predictions.npy", torch.from_numpy(np.array(task.targets[1]))
        answers = [LABEL_DIVIDER.join(map(str, row)) for row in task.targets[0][rows].tolist()]
        scores, line["kind"] = score_targets(predicted, targets, task.kind), task.kind
    log_scores(episode.logs, scores, predicted, labels)
    line |= scores
    np.save(directory / name, outcome.predicted, allow_pickle=False)
    with (directory / EPISODE_FILE).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("row", "label"), *zip(rows.tolist(), answers, strict=True)])
    write_json(directory / "result.json", line)


def _line(run: Context, outcome: Outcome, task: Benchmark, n_train: int, encoder: Path | None) -> Json:
    """Everything but the scores that a table, a report or a comparison needs to know of one classifier.

    ``classifier`` is ``encoder`` for a fine-tuning, or the kind of a probe or baseline; ``-`` or null stands for
    what shapes an encoder where there is none.
    """
    config, used = run.config, _used(run, encoder)
    fine_tuned = isinstance(config.classifier, EncoderClassifier)
    pretraining: Json = {} if encoder is None else read_json(encoder / "pretraining.json")
    return {
        "task": config.task.name,
        "classifier": config.classifier.kind,
        "model": config.classifier.name if encoder is None else config.model.name,
        **(NO_ENCODER if encoder is None else _pretrained(config, pretraining, outcome.training.get("stable"))),
        "shots": config.shots,
        "seed": config.seed,
        "pretrain_seed": None if encoder is None else config.pretrain_seed,
        "match_rate": None if encoder is None else config.match.tokens,
        "match_bases": None if encoder is None else config.match.bases,
        "step": None if encoder is None else config.pretrain.step,
        "leaks_dropped": _dropped(config),
        "n_train": n_train,
        "n_test": len(task.test.labels),
        "classes": list(task.classes),
        "sequence_length": int(np.median(task.pool.lengths)),
        **dict.fromkeys(Scores._fields),  # in their place; filled in by the caller
        **(dict.fromkeys(Policy._fields) | outcome.training),
        **({} if fine_tuned else {"settings": asdict(config.classifier)}),
        "pretraining": pretraining,
        "repeatability": repeatability(config.trainer),
        "seconds": {artefact.kind: seconds_of(run.store.path(artefact)) for artefact in used} | outcome.seconds,
        "artefacts": {artefact.kind: artefact.digest for artefact in used},
        **outcome.further,
    }


def _pretrained(config: Config, pretraining: Json, stable: bool | None) -> Json:
    return {
        "genome": config.genome.label,
        "masking": config.pretrained_by,
        "tokens": pretraining.get("tokens", "-"),
        "corrupt": config.labels["corrupt"],
        "ranking": config.ranking.mode,
        "wc": config.labels["wc"],
        "hga": config.labels["hga"],
        "fs": "-" if stable is None else "on" if stable else "off",
    }


def _dropped(config: Config) -> str:
    """Which leaks were left out of which side, ``none`` where the benchmark is as its source has it."""
    return f"{'+'.join(sorted(config.leaks.drop))} of {config.leaks.side}" if config.leaks.drop else "none"


def _used(run: Context, encoder: Path | None) -> tuple[Artefact, ...]:
    made = () if encoder is None else (*encoder_artefact(run).inputs, encoder_artefact(run))
    return (*made, task_artefact(run))
