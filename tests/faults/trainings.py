"""Trainings of a second or two, each in a process forked from one that has imported everything."""

import csv
import hashlib
import json
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

from genomask.console import console
from strikes import Strike, count_calls

SHAPE = ("model.hidden_size=16", "model.layers=1", "model.heads=2", "model.intermediate_size=16", "tokens.k=3")
TINY = (
    *SHAPE,
    "model.hidden_dropout=0.1",
    "masking=random",
    "trainer=cpu",
    "trainer.threads=1",
    "logger=csv",
    "genome=fasta",
    "task=csv",
    "pretrain.max_steps=40",
    "pretrain.batch=7",
    "pretrain.micro_batch=3",
    "pretrain.validate_every=10",
    "pretrain.validation_segments=8",
    "pretrain.calibration_segments=20",
    "pretrain.log_every=1",
    "pretrain.checkpoint_every=5",
    "shots=full",
    "fewshot.high_batch=4",
    "fs=off",
    "fs.plain_epochs=3",
    "finetune.checkpoint_every=4",
    "finetune.save_model=true",
)
PATIENCE = 280  # seconds for a training that takes a few; beside other work, a minute
# Columns of curves: how one counts, and what a training measures anew from where it went on.
CLOCKED = ("step", "epoch", "second", "flop", "batch_fill")
VOLATILE = ("seconds", "throughput", "artefacts", "created", "commit", "versions")


class Ending(NamedTuple):
    """How a training ended: exit code (negative: a signal), seconds, and all that it printed."""

    code: int | None
    seconds: float
    printed: str


def processes() -> Any:
    """Where processes come from: a server that has imported PyTorch, and has no threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["genomask.experiment.stages.learners", "compose", "hydra._internal.defaults_list"])
    return context


def train(
    words: tuple[str, ...],
    folder: Path,
    *,
    strike: Strike | None = None,
    count: bool = False,
    log: Path | None = None,
    unforeseen: bool = False,
) -> Ending:
    """Run ``python train.py WORDS`` in a process of its own, which may be struck.

    With ``unforeseen``, the disk looks large enough until it is full, as where others fill it meanwhile.
    """
    how = {"strike": strike, "count": count, "unforeseen": unforeseen}
    log = log or folder / f"printed-{len(list(folder.glob('printed-*')))}"
    process = processes().Process(target=_train, args=(words, folder, log), kwargs=how)
    started = time.perf_counter()
    process.start()
    process.join(PATIENCE)
    if process.is_alive():
        process.kill()
        process.join()
    return Ending(process.exitcode, time.perf_counter() - started, log.read_text() if log.is_file() else "")


def _train(words: tuple[str, ...], folder: Path, log: Path, *, strike: Strike | None, count: bool, unforeseen: bool):
    quiet(log)
    multiprocessing.set_start_method("fork", force=True)  # what a program's own workers are started by
    from compose import configuration
    from genomask.experiment.run import job
    from genomask.experiment.store.store import Store

    cfg = configuration(*words, f"paths.runs={folder}/runs")
    if count:
        count_calls(folder / "calls")
    if unforeseen:
        mock.patch.object(Store, "check_room").start()
    if strike is not None:
        strike.arm(folder / "struck")
    job(cfg)


def quiet(log: Path) -> None:
    """Let what this process prints go to a file, and let it heed signals as a program does."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.stdout, sys.stderr = (open(stream, "w", buffering=1) for stream in (1, 2))  # noqa: PTH123, SIM115
    console.file = sys.stdout
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def write_data(folder: Path) -> tuple[str, ...]:
    """A genome of 20 kb and a task whose second class is richer in G and C; returns the words for them."""
    draw = np.random.default_rng(0)

    def text(size: int, gc: float = 0.5) -> str:
        return "".join(draw.choice(list("ACGT"), size, p=[(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]))

    (folder / "toy.fa").write_text(f">chr1\n{text(20_000)}\n")
    for name, rows in (("train", 41), ("test", 20)):
        table = [f"{text(int(draw.integers(30, 50)), 0.3 + 0.4 * (row % 2))},{row % 2}" for row in range(rows)]
        (folder / f"{name}.csv").write_text("\n".join(["sequence,label", *table]))
    files = (f"genome.path={folder}/toy.fa", f"task.train={folder}/train.csv", f"task.test={folder}/test.csv")
    return (*files, *TINY)


def share(source: Path, folder: Path, *kinds: str) -> None:
    """Let a new directory of runs begin with what another one has built of these kinds."""
    (folder / "runs").mkdir(parents=True)
    for kind in kinds:
        (folder / "runs" / kind).symlink_to(source / "runs" / kind)


def fingerprint(folder: Path, kind: str) -> dict[str, Any]:
    """Everything that must be equal: weights and predictions by hash, scores, and the curve."""
    (artefact,) = (folder / "runs" / kind).iterdir()
    files = {
        path.relative_to(artefact).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in artefact.rglob("*")
        if path.suffix in (".safetensors", ".npy") or path.name in ("config.json", "tokenizer.json")
    }
    assert files, f"{artefact} holds no weights or predictions"
    summary = artefact / ("pretraining.json" if kind == "encoder" else "result.json")
    return files | {"scores": stable(json.loads(summary.read_text())), "curve": curve(artefact)}


def curve(artefact: Path) -> dict[tuple[int, str], str]:
    """Every logged value by step and name; rates, which depend on the clock, are left out."""
    found = {}
    logs = sorted(artefact.glob("log*/metrics.csv"), key=lambda path: _first_step(path.parent.name))
    for log in logs:
        with log.open(newline="") as lines:
            for row in csv.DictReader(lines):
                for name, value in row.items():
                    if value and not any(word in name for word in CLOCKED):
                        found[int(row["step"]), name] = value
    return found


def _first_step(name: str) -> int:
    return int(name.partition("-from-step=")[2] or 0)


def stable(value: Any) -> Any:
    """A summary without what depends on the clock."""
    if isinstance(value, dict):
        return {name: stable(part) for name, part in value.items() if name not in VOLATILE}
    return value
