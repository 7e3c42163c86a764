"""What every scored classifier leaves: its episode, its probabilities, and one line of a results table."""

import csv
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from genomask.experiment.config.schema import Config
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.learners import Episode, Outcome, prepare, train
from genomask.experiment.stages.pretrain import encoder_artefact
from genomask.experiment.stages.task import task_artefact
from genomask.experiment.store.artefact import MANIFEST, Artefact, Json
from genomask.experiment.wandb_run import run_identity
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


def build_scored(run: Context, artefact: Artefact) -> Path:
    """Train and evaluate a classifier, if that has not been done yet; sums have a fixed order meanwhile."""

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
    if task.pool.targets is None or task.test.targets is None:
        labels, name = torch.from_numpy(np.array(task.test.labels)), "probabilities.npy"
        answers = [task.classes[label] for label in task.pool.labels[rows]]
        scores = score(predicted, labels)._asdict()
    else:
        name, targets = "predictions.npy", torch.from_numpy(np.array(task.test.targets))
        answers = [LABEL_DIVIDER.join(map(str, row)) for row in task.pool.targets[rows].tolist()]
        scores, line["kind"] = score_targets(predicted, targets, task.kind), task.kind
    log_scores(episode.logs, scores, predicted, labels)
    np.save(directory / name, outcome.predicted, allow_pickle=False)
    with (directory / EPISODE_FILE).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("row", "label"), *zip(rows.tolist(), answers, strict=True)])
    write_json(directory / "result.json", line | scores)


def _line(run: Context, outcome: Outcome, task: Benchmark, n_train: int, encoder: Path | None) -> Json:
    """Everything but the scores that a table, a report or a comparison needs to know of one classifier.

    ``classifier`` is ``encoder`` for a fine-tuning, or the kind of a probe or baseline; ``-`` or null stands for
    what shapes an encoder where there is none.
    """
    config, leaks, used = run.config, run.config.leaks, (task_artefact(run),)
    fine_tuned, pretraining = isinstance(config.classifier, EncoderClassifier), Json()
    if encoder is not None:
        pretraining = read_json(encoder / "pretraining.json")
        used = (*encoder_artefact(run).inputs, encoder_artefact(run), *used)
    of_encoder = {
        "pretrain_seed": config.pretrain_seed,
        "match_rate": config.match.tokens,
        "match_bases": config.match.bases,
        "step": config.pretrain.step,
    }
    return {
        "task": config.task.name,
        "classifier": config.classifier.kind,
        "model": config.classifier.name if encoder is None else config.model.name,
        **(NO_ENCODER if encoder is None else _pretrained(config, pretraining, outcome.training.get("stable"))),
        "shots": config.shots,
        "seed": config.seed,
        **(dict.fromkeys(of_encoder) if encoder is None else of_encoder),
        "leaks_dropped": f"{'+'.join(sorted(leaks.drop))} of {leaks.side}" if leaks.drop else "none",
        "n_train": n_train,
        "n_test": len(task.test.labels),
        "classes": list(task.classes),
        "sequence_length": int(np.median(task.pool.lengths)),
        **dict.fromkeys(Scores._fields),  # in their place; filled in by the caller
        **(dict.fromkeys(Policy._fields) | outcome.training),
        **({} if fine_tuned else {"settings": asdict(config.classifier)}),
        "pretraining": pretraining,
        "repeatability": repeatability(config.trainer),
        "seconds": {artefact.kind: _seconds(run.store.path(artefact)) for artefact in used} | outcome.seconds,
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


def _seconds(directory: Path) -> float | None:
    """Seconds that an artefact took to build; None if it is not here."""
    return read_json(directory / MANIFEST)["seconds"] if (directory / MANIFEST).is_file() else None
