"""The classifier of a run: a fine-tuned encoder, a probe of a frozen one, or a baseline on the same episode."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from genomask.checks import require_packages
from genomask.console import program, say
from genomask.experiment.config.words import typed_again
from genomask.experiment.stages.context import Context
from genomask.experiment.store.artefact import Artefact
from genomask.files import read_json
from genomask.finetune.classifiers import PROBES, EncoderClassifier, GcBaseline, KmerBaseline, uses_encoder
from genomask.models.settings import CLASSIFIER
from genomask.tasks.examples import TARGET_SCORES


def check_settings(run: Context) -> None:
    """Find what is wrong with the settings of a classifier before anything is built."""
    settings = run.config.classifier
    if isinstance(settings, EncoderClassifier) and run.config.finetune.lora is not None:
        require_packages("finetune.lora", "peft", extra="lora")
    if isinstance(settings, (*PROBES, GcBaseline, KmerBaseline)):
        require_packages(f"classifier={settings.kind}", "sklearn", extra="baselines")
    if isinstance(settings, PROBES) and settings.layer is not None:
        from genomask.models.initial import encoder_sizes

        layer, last, kept = settings.layer, encoder_sizes(run.config.model)[0], run.config.embed.layers
        if kept != "all":
            raise ValueError(f"classifier.layer={layer} needs embed.layers=all; found embed.layers={kept}.")
        if layer > last:
            raise ValueError(f"classifier.layer needs a layer from 0 to {last}, the model's last; found {layer}.")


def classifier_artefact(run: Context) -> Artefact:
    """What the run's score is kept in, identified by the encoder, the task, the episode and all that shapes the score.

    Its directory holds ``result.json``, ``probabilities.npy`` and ``episode.csv``.
    """
    from genomask.experiment.stages.learners import shaping
    from genomask.experiment.stages.task import task_artefact

    config, inputs = run.config, (task_artefact(run),)
    names, step = [config.task.name], config.pretrain.step
    settings = {"shots": config.shots, "seed": config.seed, "task": config.task.name}  # its name names the draw
    if uses_encoder(config.classifier):
        from genomask.experiment.stages.pretrain import encoder_artefact

        inputs = (encoder_artefact(run), *inputs)
        names += [config.model.name, config.labels["masking"], *([] if step is None else [f"step={step}"])]
        filed = {"step": step, "contender": config.labels.get("contender")}  # no contender lacks a result of its own
        settings |= {name: value for name, value in filed.items() if value is not None}
    names += [] if isinstance(config.classifier, EncoderClassifier) else [config.classifier.name]
    label = "-".join([*names, f"shots={config.shots}", f"seed={config.seed}"])
    return Artefact("finetune", label, settings | shaping(run), inputs)


def check_classifier(run: Context) -> None:
    """Read the task, draw the episode and see that embeddings fit on the disk, unless the classifier is there."""
    if not run.store.has(classifier_artefact(run)):
        from genomask.experiment.stages.task import check_task

        check_task(run)
        if isinstance(run.config.classifier, PROBES):
            from genomask.experiment.stages.embed import check_embeddings

            check_embeddings(run)


def build_classifier(run: Context) -> Path:
    """Train and evaluate, if that has not been done yet."""
    from genomask.experiment.stages.result import build_scored

    return build_scored(run, classifier_artefact(run))


def report_classifier(run: Context) -> None:
    """Train, evaluate and print the scores; in a sweep, in one line."""
    directory = build_classifier(run)
    found = read_json(directory / "result.json")
    if run.config.sweep.name:
        fate = "   COLLAPSED to one class" if _collapsed(found) else ""
        say(f"       {_scores(found)}   {directory.name}{fate}")
        return
    trained = f", masking={found['masking']}" if uses_encoder(run.config.classifier) else ""
    kind = "" if found["classifier"] in ("encoder", found["model"]) else f", classifier={found['classifier']}"
    say(f"\n{found['task']}, {found['model']}{trained}{kind}")
    say(f"  shots={found['shots']}, seed={found['seed']}")
    say(f"  {_scores(found)}   on {found['n_test']:,} test sequences")
    if _collapsed(found):
        say("  every test sequence was given the same class: this fine-tuning collapsed")
    synthetic = [found[source] for source in ("genome", "task") if "synthetic" in found[source]]
    if synthetic:
        say(f"  synthetic data: {', '.join(synthetic)}; the numbers say nothing about real DNA")
    say(f"  written to {directory}")
    say("\nNext:")
    for purpose, command in _next(run, directory, found):
        say(f"  {purpose}:\n    {command}")


def _next(run: Context, directory: Path, result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What may be of interest now, and the user's own command with the one change that does it."""
    if "kind" in result:
        yield "others that learn such labels", typed_again("-m", "classifier=encoder,ridge,cnn")
    elif uses_encoder(run.config.classifier):
        other = "span" if run.config.labels["masking"] == "random" else "random"
        if run.config.encoder is None:
            yield f"masking={other} on the same episode", typed_again(f"masking={other}")
        yield "classifiers without an encoder", typed_again("-m", "classifier=majority,gc,kmer_logistic,cnn")
        if isinstance(run.config.classifier, EncoderClassifier):
            yield "the same encoder frozen: many draws in seconds", typed_again("classifier=probe")
    else:
        yield "a fine-tuned encoder on the same episode", typed_again("classifier=encoder")
    yield "ten seeds of every size", typed_again("-m", "shots=10,50,100,500,1000", "seed=range(10)")
    if (directory / CLASSIFIER).is_dir():
        yield "its predictions of FASTA, CSV or BED", f"{program()} predict {directory} FILE"
    elif isinstance(run.config.classifier, EncoderClassifier):
        yield "keep the classifier, to predict with it", typed_again("finetune.save_model=true")


def _scores(found: dict[str, Any]) -> str:
    """The headline scores of a result."""
    shown = TARGET_SCORES.get(found.get("kind", ""), {"accuracy": "accuracy", "auc": "AUC"})
    return "   ".join(f"{title} {found[name]:.3f}" for name, title in shown.items())


def _collapsed(found: dict[str, Any]) -> bool:
    """Whether a trained classifier gave every test sequence one class; a majority vote always does."""
    return found["collapsed"] is True and found["classifier"] != "majority"
