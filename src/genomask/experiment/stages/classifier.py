"""The classifier of a run (a fine-tuned encoder, a probe of a frozen one, or a baseline), and what it leaves: its
episode, its probabilities, and one line of a results table."""

import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genomask.checks import require, require_packages
from genomask.console import note, program, say
from genomask.experiment.config.schema import Config
from genomask.experiment.config.words import typed_again
from genomask.experiment.stages.context import Context, builds
from genomask.experiment.stages.embed import check_embeddings
from genomask.experiment.stages.learners import Episode, Outcome, prepare, shaping, train
from genomask.experiment.stages.pretrain import encoder_artefact
from genomask.experiment.stages.task import check_task, task_artefact
from genomask.experiment.store.artefact import Artefact, Json
from genomask.experiment.wandb_run import run_identity
from genomask.files import read_json, write_csv, write_json
from genomask.finetune import classifiers
from genomask.finetune.metrics import Scores, score, score_targets
from genomask.finetune.settings import Policy
from genomask.finetune.wandb_scores import log_scores
from genomask.models.initial import encoder_sizes
from genomask.models.settings import CLASSIFIER
from genomask.tasks.examples import EPISODE_FILE, LABEL_DIVIDER, TARGET_SCORES, Benchmark, check_test_set, draw_episode
from genomask.training.checkpoints import CHECKPOINTS, RESUMABLE, log_folder, newest_checkpoint
from genomask.training.host import fixed_order, repeatability
from genomask.training.loggers import loggers

NO_ENCODER: Json = {
    **dict.fromkeys(("genome", "masking", "tokens", "corrupt", "ranking", "wc", "hga", "fs"), "-"),
    **dict.fromkeys(("pretrain_seed", "match_rate", "match_bases", "step")),
}


def check_settings(run: Context) -> None:
    """Find what is wrong with the settings of a classifier before anything is built."""
    settings = run.config.classifier
    if isinstance(settings, classifiers.EncoderClassifier) and run.config.finetune.lora is not None:
        require_packages("finetune.lora", "peft", extra="lora")
    if isinstance(settings, (*classifiers.PROBES, classifiers.GcBaseline, classifiers.KmerBaseline)):
        require_packages(f"classifier={settings.kind}", "sklearn", extra="baselines")
    if isinstance(settings, classifiers.PROBES) and settings.layer is not None:
        layer, last, kept = settings.layer, encoder_sizes(run.config.model)[0], run.config.embed.layers
        if kept != "all":
            raise ValueError(f"classifier.layer={layer} needs embed.layers=all; found embed.layers={kept}.")
        require(layer <= last, "classifier.layer", f"a layer from 0 to {last}, the model's last", layer)


def classifier_artefact(run: Context) -> Artefact:
    """What the run's score is kept in: ``result.json``, ``probabilities.npy`` and ``episode.csv``."""
    config, inputs = run.config, (task_artefact(run),)
    names, step = [config.task.name], config.pretrain.step
    settings = {"shots": config.shots, "seed": config.seed, "task": config.task.name}  # its name names the draw
    if classifiers.uses_encoder(config.classifier):
        inputs = (encoder_artefact(run), *inputs)
        names += [config.model.name, config.labels["masking"], *([] if step is None else [f"step={step}"])]
        filed = {"step": step, "contender": config.labels.get("contender")}  # no contender lacks a result of its own
        settings |= {name: value for name, value in filed.items() if value is not None}
    names += [] if isinstance(config.classifier, classifiers.EncoderClassifier) else [config.classifier.name]
    label = "-".join([*names, f"shots={config.shots}", f"seed={config.seed}"])
    return Artefact("finetune", label, settings | shaping(run), inputs)


def check_classifier(run: Context) -> None:
    """Read the task, draw the episode and see that embeddings fit on the disk, unless the classifier is there."""
    if not run.store.has(classifier_artefact(run)):
        check_task(run)
        if isinstance(run.config.classifier, classifiers.PROBES):
            check_embeddings(run)


@builds(classifier_artefact, needs=prepare, resume_from=RESUMABLE)
def build_classifier(run: Context, directory: Path, encoder: Path | None, task: Benchmark) -> None:
    """Train and evaluate a classifier; sums have a fixed order meanwhile."""
    config, log = run.config, log_folder(directory, newest_checkpoint(directory / CHECKPOINTS))
    check_test_set(task, targets=isinstance(config.classifier, classifiers.OF_TARGETS))
    rows = draw_episode(task.pool.labels, task=config.task.name, shots=config.shots_or_none, seed=config.seed)
    name, identity = classifier_artefact(run).name, run_identity(config, "finetune")
    with fixed_order(config.trainer), loggers(config.logger, log, name=name, wandb_run=identity) as logs:
        episode = Episode(task, rows, encoder, logs, directory, name)
        _write(run, episode, train(run, episode))
    shutil.rmtree(directory / CHECKPOINTS, ignore_errors=True)


def _write(run: Context, episode: Episode, outcome: Outcome) -> None:
    """Score the test set; write ``result.json``, ``probabilities.npy`` and ``episode.csv``, and log the scores. Rows
    with targets in place of a class have ``predictions.npy`` instead, and their ``kind`` in ``result.json``."""
    task, rows, directory = episode.task, episode.rows, episode.directory
    predicted, line, labels = torch.from_numpy(outcome.predicted), _line(run, episode, outcome), None
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
    write_csv(directory / EPISODE_FILE, ("row", "label"), zip(rows.tolist(), answers, strict=True))
    write_json(directory / "result.json", line | scores)


def _line(run: Context, episode: Episode, outcome: Outcome) -> Json:
    """Everything but the scores that a table, a report or a comparison needs to know of one classifier.
    ``classifier`` is ``encoder`` for a fine-tuning, or the kind of a probe or baseline; ``-`` or null stands for
    what shapes an encoder where there is none."""
    config, leaks, used = run.config, run.config.leaks, (task_artefact(run),)
    task, encoder = episode.task, episode.encoder
    shaped, pretraining, model = NO_ENCODER, Json(), config.classifier.name
    if encoder is not None:
        pretraining, model = read_json(encoder / "pretraining.json"), config.model.name
        shaped = _pretrained(config, pretraining, outcome.training.get("stable"))
        used = (*encoder_artefact(run).inputs, encoder_artefact(run), *used)
    return {
        "task": config.task.name,
        "classifier": config.classifier.kind,
        "model": model,
        **shaped,
        "shots": config.shots,
        "seed": config.seed,
        "leaks_dropped": f"{'+'.join(sorted(leaks.drop))} of {leaks.side}" if leaks.drop else "none",
        "n_train": len(episode.rows),
        "n_test": len(task.test.labels),
        "classes": list(task.classes),
        "sequence_length": int(np.median(task.pool.lengths)),
        **dict.fromkeys(Scores._fields),  # in their place; filled in by the caller
        **(dict.fromkeys(Policy._fields) | outcome.training),
        **({} if config.classifier.kind == "encoder" else {"settings": asdict(config.classifier)}),
        "pretraining": pretraining,
        "repeatability": repeatability(config.trainer),
        "seconds": {artefact.kind: run.store.seconds(artefact) for artefact in used} | outcome.seconds,
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
        "pretrain_seed": config.pretrain_seed,
        "match_rate": config.match.tokens,
        "match_bases": config.match.bases,
        "step": config.pretrain.step,
    }


def report_classifier(run: Context) -> None:
    """Train, evaluate and print the scores; in a sweep, in one line."""
    directory = build_classifier(run)
    found = read_json(directory / "result.json")
    shown = TARGET_SCORES.get(found.get("kind", ""), {"accuracy": "accuracy", "auc": "AUC"})
    scores = "   ".join(f"{title} {found[name]:.3f}" for name, title in shown.items())
    collapsed = found["collapsed"] is True and found["classifier"] != "majority"  # whose vote is one class always
    if run.config.sweep.name:
        note(f"{scores}   {directory.name}{'   COLLAPSED to one class' * collapsed}")
        return
    trained = f", masking={found['masking']}" if classifiers.uses_encoder(run.config.classifier) else ""
    kind = "" if found["classifier"] in ("encoder", found["model"]) else f", classifier={found['classifier']}"
    say(f"\n{found['task']}, {found['model']}{trained}{kind}\n  shots={found['shots']}, seed={found['seed']}")
    say(f"  {scores}   on {found['n_test']:,} test sequences")
    if collapsed:
        say("  every test sequence was given the same class: this fine-tuning collapsed")
    synthetic = [found[source] for source in ("genome", "task") if "synthetic" in found[source]]
    if synthetic:
        say(f"  synthetic data: {', '.join(synthetic)}; the numbers say nothing about real DNA")
    say(f"  written to {directory}\n\nNext:")
    for purpose, command in _next(run, directory, found):
        say(f"  {purpose}:\n    {command}")


def _next(run: Context, directory: Path, result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What may be of interest now, and the user's own command with the one change that does it."""
    if "kind" in result:
        yield "others that learn such labels", typed_again("-m", "classifier=encoder,ridge,cnn")
    elif classifiers.uses_encoder(run.config.classifier):
        other = "span" if run.config.labels["masking"] == "random" else "random"
        if run.config.encoder is None:
            yield f"masking={other} on the same episode", typed_again(f"masking={other}")
        yield "classifiers without an encoder", typed_again("-m", "classifier=majority,gc,kmer_logistic,cnn")
        if isinstance(run.config.classifier, classifiers.EncoderClassifier):
            yield "the same encoder frozen: many draws in seconds", typed_again("classifier=probe")
    else:
        yield "a fine-tuned encoder on the same episode", typed_again("classifier=encoder")
    yield "ten seeds of every size", typed_again("-m", "shots=10,50,100,500,1000", "seed=range(10)")
    if (directory / CLASSIFIER).is_dir():
        yield "its predictions of FASTA, CSV or BED", f"{program()} predict {directory} FILE"
    elif isinstance(run.config.classifier, classifiers.EncoderClassifier):
        yield "keep the classifier, to predict with it", typed_again("finetune.save_model=true")
