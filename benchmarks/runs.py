"""Rows ``default_run``, ``cell`` and ``kshot``: the commands and calls that users wait for."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

import genomask
from benchmarks.inputs import Inputs
from benchmarks.reference import TASK, fine_tune, letters
from benchmarks.row import Contender, Row
from genomask.tasks.arrays import open_benchmark

OURS, APART = "genomask", "genomask, one process per seed"
SCRIPT: Final = "Hugging Face eager, padded"
SEEDS: Final = 10  # Sec. 5.2
COMMAND: Final = (sys.executable, "-c", "from genomask.cli import main; main()")
ONE_THREAD: Final = ("trainer=cpu", "trainer.threads=1")
TUNING: Final = (f"task={TASK}", "shots=10", "finetune.hidden_dropout=0")  # two paths draw different numbers
CHOICES: Final = (
    *TUNING,
    *ONE_THREAD,
    "pretrain=none",  # neither the encoder's weights nor what is measured on it matter here
    "pretrain.validation_segments=20",
    "pretrain.calibration_segments=20",
    "masking=random",
    "logger=csv",
)
SMALL: Final = (
    "pretrain.max_steps=2",
    "pretrain.batch=8",
    "pretrain.validation_segments=8",
    "pretrain.calibration_segments=60",
    "shots=2",
    "fs.epochs=1",
)
TOLERANCE: Final = 5e-3  # of a probability or an AUC: 80 optimiser steps apart, rounding grows


def default_run(inputs: Inputs) -> Row:
    """README's first command, from nothing to the score."""
    runs = inputs.folder / "default"
    words = ["masking=pmi", "model=logo", "trainer=cpu", "logger=csv", *(SMALL if inputs.quick else ())]

    def whole() -> Mapping[int, float]:
        _run([*COMMAND, *words, f"paths.runs={runs}"])
        return _scores(runs)

    return Row(
        "python train.py masking=pmi model=logo: rank, pretrain, fine-tune, evaluate",
        (1.0, "runs"),
        {OURS: Contender(whole, clear=lambda: shutil.rmtree(runs, ignore_errors=True))},
        lambda results: f"AUC {next(iter(results[OURS].values())):.3f}; there is no reference",
        most_rounds=1,
        note="All cores, start-up included.",
    )


def cell(inputs: Inputs) -> Row:
    """All seeds of a cell by one command, beside one script per seed; encoder and task are built before."""
    task, encoder = _built(inputs)
    runs, (seeds, single) = inputs.folder / "cell", (2, 1) if inputs.quick else (SEEDS, 2)
    script = [sys.executable, "-m", "benchmarks.reference", str(task), str(encoder)]
    contenders = {
        OURS: Contender(partial(_cell, runs, f"seed=range({seeds})")),
        APART: Contender(
            lambda: {seed: auc for n in range(single) for seed, auc in _cell(runs, f"seed={n}").items()},
            single / seeds,
        ),
        f"{SCRIPT}, one process per seed": Contender(
            lambda: {n: float(_run([*script, str(n)])) for n in range(single)}, single / seeds
        ),
    }
    return Row(
        f"a sweep's cell: {seeds} seeds of 10 shots of LOGO on {TASK}, 1,200 test sequences each, one thread",
        (float(seeds), "seeds"),
        contenders,
        _same_scores,
        most_rounds=2,
        note=f"Start-up included. Of one process per seed, {single} are run; the script pads to 100 tokens.",
    )


def kshot(inputs: Inputs) -> Row:
    """One fine-tuning and evaluation by the Python interface, in this process."""
    folder, encoder = _built(inputs)
    task = open_benchmark(folder)
    pool = {"sequence": letters(task.pool), "label": task.pool.labels.tolist()}
    test = letters(task.test)

    def ours() -> np.ndarray:
        settings = (*TUNING[2:], *ONE_THREAD)
        classifier = genomask.fine_tune(encoder, pool, shots=10, seed=0, task=TASK, settings=settings)
        return genomask.predict(classifier, test)[:, 1]

    contenders = {OURS: Contender(ours), SCRIPT: Contender(lambda: fine_tune(folder, encoder, 0)[0])}
    return Row(
        f"fine-tune LOGO on 10 shots of {TASK} and evaluate {len(test):,} sequences, one thread",
        (1.0, "fine-tunings"),
        contenders,
        _same_probabilities,
        most_rounds=3,
    )


def _built(inputs: Inputs) -> tuple[Path, Path]:
    """Folders of the task and of an encoder that was not trained."""
    runs = inputs.folder / "cell"
    if not runs.exists():
        _run([*COMMAND, *CHOICES, f"paths.runs={runs}", "seed=0"])
    task, encoder = (next(runs.glob(f"{kind}/*/manifest.json")).parent for kind in ("task", "encoder"))
    return task, encoder


def _cell(runs: Path, seeds: str) -> dict[int, float]:
    """Run these seeds, from nothing but encoder and task; the AUC of every seed."""
    shutil.rmtree(runs / "finetune", ignore_errors=True)
    _run([*COMMAND, *(["-m"] if "range" in seeds else []), *CHOICES, f"paths.runs={runs}", seeds])
    return _scores(runs)


def _scores(runs: Path) -> dict[int, float]:
    results = [json.loads(file.read_text(encoding="utf-8")) for file in runs.glob("finetune/*/result.json")]
    return {result["seed"]: result["auc"] for result in results}


def _run(command: list[str]) -> str:
    """Run a command in its own process and return what it printed."""
    source = Path(genomask.__file__).resolve().parents[1]
    environment = {"PYTHONPATH": os.pathsep.join((str(source), str(Path(__file__).resolve().parents[1])))}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)
    if done.returncode:
        raise ValueError(f"{' '.join(command[:4])} ... ended with {done.returncode}: {done.stderr[-300:]}")
    return done.stdout


def _same_scores(results: Mapping[str, Any]) -> str:
    ours, alone, theirs = results.values()
    if any(ours[seed] != auc for seed, auc in alone.items()):
        raise ValueError("a seed has another AUC in its own process than beside others")
    apart = max(abs(ours[seed] - auc) for seed, auc in theirs.items())
    if not apart < TOLERANCE:
        raise ValueError(f"an AUC differs by {apart:.1e}")
    return f"AUC of {len(theirs)} seeds within {apart:.0e}"


def _same_probabilities(results: Mapping[str, Any]) -> str:
    apart = float(np.abs(results[OURS] - results[SCRIPT]).max())
    if not apart < TOLERANCE:
        raise ValueError(f"a probability differs by {apart:.1e}")
    return f"probabilities within {apart:.0e}"
