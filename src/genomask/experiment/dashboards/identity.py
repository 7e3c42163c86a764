"""How a job presents itself to W&B, so that the default views sort themselves."""

from dataclasses import asdict
from typing import Any

from genomask.experiment.config.schema import Config
from genomask.finetune.baselines.settings import EncoderClassifier


def run_identity(config: Config, job: str) -> dict[str, Any]:
    """Group, job type, tags and config of one job: ``wandb.init``'s own arguments.

    The seeds of a cell share a group, so that a grouped view shows their mean and spread; pretrainings of a
    model on a genome share another.

    Args:
        config: The job's settings.
        job: ``pretrain`` or ``finetune``.
    """
    baseline = job == "finetune" and not isinstance(config.classifier, EncoderClassifier)
    masking, model = ("-", config.classifier.name) if baseline else (config.pretrained_by, config.model.name)
    if job == "pretrain":
        group, tags = f"pretrain-{model}-{config.genome.label}", [config.genome.label]
    else:
        group = f"{config.task.name}-{model}-{masking}-shots={config.shots}"
        tags = [config.task.name, f"shots={config.shots}"]
    shown = {"row": model if baseline else _row(config), "shown": {"model": model, "masking": masking}}
    return {
        "group": group,
        "job_type": job,
        "tags": [job, model, masking, *tags],
        "config": asdict(config) | shown,
    }


def _row(config: Config) -> str:
    """Masking and options in one word, for the legend of a plot."""
    options = [name for name in ("wc", "hga", "fs") if config.labels[name] != "off"]
    return "+".join([config.pretrained_by, *options])
