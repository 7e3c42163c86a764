"""How a job presents itself to W&B, so that the default views sort themselves."""

from dataclasses import asdict
from typing import Any

from genomask.experiment.config.schema import Config
from genomask.finetune.classifiers import PROBES, EncoderClassifier


def run_identity(config: Config, job: str) -> dict[str, Any]:
    """Group, job type, tags and config of one job: ``wandb.init``'s own arguments.

    The seeds of a cell share a group, so that a grouped view shows their mean and spread; pretrainings of a
    model on a genome share another.

    Args:
        config: The job's settings.
        job: ``pretrain`` or ``finetune``.
    """
    encoder = job == "pretrain" or isinstance(config.classifier, (EncoderClassifier, *PROBES))
    masking, model = (config.pretrained_by, config.model.name) if encoder else ("-", config.classifier.name)
    probe = config.classifier.name if job != "pretrain" and isinstance(config.classifier, PROBES) else None
    if job == "pretrain":
        group, tags = f"pretrain-{model}-{config.genome.label}", [config.genome.label]
    else:
        group = "-".join(filter(None, (config.task.name, model, masking, probe, f"shots={config.shots}")))
        tags = [config.task.name, f"shots={config.shots}"]
    row = "+".join(filter(None, (_row(config), probe))) if encoder else model
    shown = {"row": row, "shown": {"model": model, "masking": masking}}
    return {
        "group": group,
        "job_type": job,
        "tags": [job, model, masking, *tags, *([probe] if probe else [])],
        "config": asdict(config) | shown,
    }


def _row(config: Config) -> str:
    """Masking and options in one word, for the legend of a plot."""
    options = [name for name in ("wc", "hga", "fs") if config.labels[name] != "off"]
    return "+".join([config.pretrained_by, *options])
