"""Fine-tune the seeds of one cell together; each becomes the artefact that it would have become alone."""

import json
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from genomask.console import say
from genomask.experiment.stages.classifier import uses_encoder
from genomask.experiment.stages.cleaning import build_task
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.finetune import (
    Ready,
    evaluate,
    finetune_artefact,
    finetune_trainer,
    make_ready,
)
from genomask.experiment.stages.pretrain import build_encoder
from genomask.finetune.stacked import train_stacked
from genomask.training.divergence import DivergedError
from genomask.training.repeatability import fixed_order
from genomask.training.trainer import loggers


def can_stack(run: Context) -> bool:
    """Whether the run is a fine-tuning in fp32, which alone repeats the dropout of every seed."""
    fine_tunes = run.config.stage.run == ["finetune"] and uses_encoder(run)
    return fine_tunes and run.config.finetune.precision == "32-true"


def finetune_together(runs: Sequence[Context]) -> None:
    """Train the classifiers of runs that differ in their seed alone, then evaluate and write one by one.

    Raises:
        ValueError: Once the others are written, if the loss of a seed became no number.
    """
    encoder, task = build_encoder(runs[0]), build_task(runs[0])
    ready = [make_ready(run, encoder, task) for run in runs]
    first = ready[0]
    started = time.perf_counter()
    with fixed_order(runs[0].config):
        curves = train_stacked(
            [one.module for one in ready],
            [one.data for one in ready],
            epochs=first.chosen.epochs,
            device=finetune_trainer(runs[0], first.chosen, []).strategy.root_device,
        )
    seconds = (time.perf_counter() - started) / len(runs)
    for run, one, curve in zip(runs, ready, curves, strict=True):
        if not isinstance(curve, DivergedError):
            run.store.build(finetune_artefact(run), partial(_write, run, one, curve, seconds))
    ended = [str(curve) for curve in curves if isinstance(curve, DivergedError)]
    if ended:
        raise DivergedError(" ".join(ended))


def _write(run: Context, ready: Ready, curve: list[float], seconds: float, directory: Path) -> None:
    steps = len(ready.data.train_dataloader())
    name = finetune_artefact(run).name
    with (
        fixed_order(run.config),
        loggers(run.config, directory / "log", job="finetune", name=name) as logs,
    ):
        for log in logs:
            for epoch, loss in enumerate(curve):
                log.log_metrics({"finetune/loss": loss, "epoch": epoch}, step=(epoch + 1) * steps - 1)
            log.save()
        fit = finetune_trainer(run, ready.chosen, logs)
        evaluate(run, ready, fit, directory, seconds=seconds)
    found = json.loads((directory / "result.json").read_text(encoding="utf-8"))
    say(f"       accuracy {found['accuracy']:.3f}   AUC {found['auc']:.3f}   seed {run.config.seed}")
