"""What a run tells W&B: how it sorts itself among others, and one masked sequence as media."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from lightning.pytorch.loggers import Logger, WandbLogger

from genomask.alphabet import decode
from genomask.corpus.datamodule import CorpusDataModule
from genomask.experiment.config.schema import Config
from genomask.finetune.classifiers import PROBES, EncoderClassifier

MEDIA: Final = "pretrain/masked_sequence"
LINE: Final = 100  # bases
CHOSEN: Final = "background:#D55E00;color:#fff"  # bases that the strategy chose
HIDDEN: Final = "background:#E69F00;color:#000"  # others that a masked token covers


def run_identity(config: Config, job: str) -> dict[str, Any]:
    """Group, job type (``pretrain`` or ``finetune``), tags and config of one job: ``wandb.init``'s own arguments.
    The seeds of a cell share a group, so that a grouped view shows their mean and spread; pretrainings of a model on
    a genome share another."""
    encoder = job == "pretrain" or isinstance(config.classifier, (EncoderClassifier, *PROBES))
    masking, model = (config.pretrained_by, config.model.name) if encoder else ("-", config.classifier.name)
    probe = config.classifier.name if job != "pretrain" and isinstance(config.classifier, PROBES) else None
    if job == "pretrain":
        group, tags = f"pretrain-{model}-{config.genome.label}", [config.genome.label]
    else:
        group = "-".join(filter(None, (config.task.name, model, masking, probe, f"shots={config.shots}")))
        tags = [config.task.name, f"shots={config.shots}"]
    options = [name for name in ("wc", "hga", "fs") if config.labels[name] != "off"]
    row = "+".join(filter(None, (masking, *options, probe))) if encoder else model
    return {
        "group": group,
        "job_type": job,
        "tags": [job, model, masking, *tags, *([probe] if probe else [])],
        "config": asdict(config) | {"row": row, "shown": {"model": model, "masking": masking}},
    }


def log_masked_sequence(loggers: Sequence[Logger], corpus: CorpusDataModule) -> None:
    """Log the first training sequence as it is masked to every W&B run among the loggers."""
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            import wandb

            logger.experiment.log({MEDIA: wandb.Html(masked_html(corpus), inject=False)})


def masked_html(corpus: CorpusDataModule) -> str:
    """A masked sequence as HTML: chosen bases on red, others that no visible token shows on orange."""
    pieces, keys, progress = corpus.sample(1)
    bases, lower, tracks = pieces[0]
    masker = corpus.masker
    row = masker(bases, lower, tracks, key=keys[0], progress=float(progress[0]))
    styles = ["" for _ in bases]
    for start, stop in zip(row.tokens.start[row.masked], row.tokens.stop[row.masked], strict=True):
        styles[start:stop] = [HIDDEN] * (stop - start)
    styles = [CHOSEN if chosen else style for style, chosen in zip(styles, row.chosen, strict=True)]
    pairs = zip(decode(bases), styles, strict=True)
    letters = [f'<span style="{style}">{letter}</span>' if style else letter for letter, style in pairs]
    lines = ["".join(letters[start : start + LINE]) for start in range(0, len(letters), LINE)]
    count = f"{row.masked.sum()} of {len(row.masked)} {masker.tokens.name} tokens to predict ({row.masked.mean():.1%})"
    key_line = f'<span style="{CHOSEN}">chosen bases</span> <span style="{HIDDEN}">others in a masked token</span>'
    return f"<p>{type(masker.strategy).__name__}: {count}. {key_line}</p><pre>{chr(10).join(lines)}</pre>"
