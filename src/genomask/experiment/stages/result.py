"""One line of a results table: what was run, and what came out."""

import json
from dataclasses import asdict
from pathlib import Path

from genomask.experiment.config.schema import Config
from genomask.experiment.stages.cleaning import task_artefact
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.pretrain import encoder_artefact
from genomask.experiment.stages.rank import genome_artefact
from genomask.experiment.store.artefact import Artefact
from genomask.experiment.store.manifest import MANIFEST
from genomask.finetune.metrics import Scores
from genomask.finetune.settings import Policy
from genomask.tasks.examples import Benchmark
from genomask.training.host import repeatability

NOT_PRETRAINED = dict.fromkeys(("genome", "masking", "ranking", "wc", "hga", "fs"), "-")


def result(
    run: Context,
    *,
    scores: Scores,
    pretraining: dict[str, object],
    task: Benchmark,
    n_train: int,
    chosen: Policy,
    seconds: dict[str, float],
) -> dict[str, object]:
    """Everything that a table, a report or a comparison needs to know of one fine-tuning.

    ``classifier`` is ``encoder``, or the name of a baseline; files from before there were baselines lack it.
    """
    config, used = run.config, _used(run)
    return {
        "task": config.task.name,
        "classifier": config.classifier.kind,
        "model": config.model.name,
        "genome": config.genome.label,
        "masking": config.pretrained_by,
        "ranking": config.ranking.mode,
        "wc": config.labels["wc"],
        "hga": config.labels["hga"],
        "fs": "on" if chosen.stable else "off",
        "shots": config.shots,
        "seed": config.seed,
        "pretrain_seed": config.pretrain_seed,
        "match_rate": config.match_rate,
        "leaks_dropped": _dropped(config),
        "n_train": n_train,
        "n_test": len(task.test.labels),
        "classes": list(task.classes),
        **scores._asdict(),
        **chosen._asdict(),
        "pretraining": pretraining,
        "repeatability": repeatability(config.trainer),
        "seconds": {artefact.kind: _seconds(run.store.path(artefact)) for artefact in used} | seconds,
        "artefacts": {artefact.kind: artefact.digest for artefact in used},
    }


def baseline_result(
    run: Context,
    *,
    scores: Scores,
    task: Benchmark,
    n_train: int,
    training: dict[str, object],
    seconds: dict[str, float],
) -> dict[str, object]:
    """The same of a baseline, which has no encoder: ``-`` or null stands for all that shapes one.

    ``classifier`` is its kind, ``model`` its name, ``settings`` what it was made with.
    """
    config, source = run.config, task_artefact(run)
    return {
        "task": config.task.name,
        "classifier": config.classifier.kind,
        "model": config.classifier.name,
        **NOT_PRETRAINED,
        "shots": config.shots,
        "seed": config.seed,
        "pretrain_seed": None,
        "match_rate": None,
        "leaks_dropped": _dropped(config),
        "n_train": n_train,
        "n_test": len(task.test.labels),
        "classes": list(task.classes),
        **scores._asdict(),
        **(dict.fromkeys(Policy._fields) | training),
        "settings": asdict(config.classifier),
        "pretraining": {},
        "repeatability": repeatability(config.trainer),
        "seconds": {"task": _seconds(run.store.path(source))} | seconds,
        "artefacts": {"task": source.digest},
    }


def _dropped(config: Config) -> str:
    """Which leaks were left out of which side, ``none`` where the benchmark is as its source has it."""
    return f"{'+'.join(sorted(config.leaks.drop))} of {config.leaks.side}" if config.leaks.drop else "none"


def _used(run: Context) -> tuple[Artefact, ...]:
    encoder = encoder_artefact(run)
    others = tuple(artefact for artefact in encoder.inputs if artefact.kind != "genome")
    return (genome_artefact(run), *others, encoder, task_artefact(run))


def _seconds(directory: Path) -> float | None:
    manifest = directory / MANIFEST
    return json.loads(manifest.read_text(encoding="utf-8"))["seconds"] if manifest.is_file() else None
