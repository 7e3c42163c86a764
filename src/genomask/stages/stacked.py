"""Fine-tune the seeds of one cell together; each becomes the artefact that it would have become alone."""

import json
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from genomask.console import say
from genomask.finetune.stacked import train_stacked
from genomask.stages.classifier import uses_encoder
from genomask.stages.cleaning import build_task
from genomask.stages.context import Context
from genomask.stages.finetune import Ready, evaluate, finetune_artefact, finetune_trainer, make_ready
from genomask.stages.pretrain import build_encoder
from genomask.stages.training import loggers


def can_stack(run: Context) -> bool:
    """Whether the run fine-tunes an encoder in fp32, which alone repeats the dropout of every seed."""
    finetunes = run.config.stage.run == ["finetune"] and uses_encoder(run)
    return finetunes and run.config.finetune.precision == "32-true"


def finetune_together(runs: Sequence[Context]) -> None:
    """Train the classifiers of runs that differ in their seed alone, then evaluate and write one by one."""
    encoder, task = build_encoder(runs[0]), build_task(runs[0])
    ready = [make_ready(run, encoder, task) for run in runs]
    first = ready[0]
    started = time.perf_counter()
    curves = train_stacked(
        [one.module for one in ready],
        [one.data for one in ready],
        epochs=first.chosen.epochs,
        device=finetune_trainer(runs[0], first.chosen, []).strategy.root_device,
    )
    seconds = (time.perf_counter() - started) / len(runs)
    for run, one, curve in zip(runs, ready, curves, strict=True):
        run.store.build(finetune_artefact(run), partial(_write, run, one, curve, seconds))


def _write(run: Context, ready: Ready, curve: list[float], seconds: float, directory: Path) -> None:
    steps = len(ready.data.train_dataloader())
    with loggers(run.config, directory / "log", job="finetune", name=finetune_artefact(run).name) as logs:
        for log in logs:
            for epoch, loss in enumerate(curve):
                log.log_metrics({"finetune/loss": loss, "epoch": epoch}, step=(epoch + 1) * steps - 1)
            log.save()
        fit = finetune_trainer(run, ready.chosen, logs)
        evaluate(run, ready, fit, directory, seconds=seconds)
    found = json.loads((directory / "result.json").read_text(encoding="utf-8"))
    say(f"       accuracy {found['accuracy']:.3f}   AUC {found['auc']:.3f}   seed {run.config.seed}")
