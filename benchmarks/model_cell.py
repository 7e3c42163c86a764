"""Row ``cell``: ten seeds of a 10-shot cell, from the command to the last score, in one process or in ten."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import genomask
from benchmarks.inputs import Inputs
from benchmarks.row import Comparison, Contender, Row

OURS, APART = "genomask, one process", "genomask, a process a seed"
REFERENCE = "a process a seed, Hugging Face eager"
SEEDS: Final = 10  # Sec. 5.2
CHOICES: Final = (
    "pretrain=none",  # the encoder's weights are of no importance here, nor is what is measured on it
    "pretrain.validation_segments=20",
    "pretrain.calibration_segments=20",
    "masking=random",
    "task=synthetic_prom_core",
    "shots=10",
    "finetune.hidden_dropout=0",  # two paths draw different numbers
    "trainer=cpu",
    "trainer.threads=1",
    "logger=csv",
)
AUC_TOLERANCE: Final = 2e-3  # 80 optimiser steps apart, rounding grows
COMMAND: Final = (sys.executable, "-c", "from genomask.cli import main; main()")


def cell(inputs: Inputs) -> Row:
    """All seeds by one command, beside one script a seed; encoder and benchmark are there already."""
    runs = inputs.folder / "cell"
    seeds, theirs = (2, 1) if inputs.quick else (SEEDS, 2)
    _run([*COMMAND, *CHOICES, f"paths.runs={runs}", "seed=0"])
    task, encoder = (next(runs.glob(f"{kind}/*/manifest.json")).parent for kind in ("task", "encoder"))
    script = [sys.executable, "-m", "benchmarks.model_script", str(task), str(encoder)]
    contenders = {
        OURS: Contender(partial(_ours, runs, f"seed=range({seeds})")),
        APART: Contender(
            lambda: {k: v for n in range(theirs) for k, v in _ours(runs, f"seed={n}").items()}, theirs / seeds
        ),
        REFERENCE: Contender(
            lambda: {seed: json.loads(_run([*script, str(seed)])) for seed in range(theirs)}, theirs / seeds
        ),
    }
    return Row(
        f"{seeds} seeds of 10 shots, synthetic_prom_core, LOGO: start-up, training, 1,200 test sequences",
        (float(seeds), "seeds"),
        contenders,
        (Comparison(OURS, REFERENCE, 5), Comparison(OURS, APART)),
        _same_scores,
        clock="cpu",
        most_rounds=2,
        note=(
            f"Of a process a seed, {theirs} of {seeds} are run, one by one; the reference pads to 100 tokens "
            "as DNABERT's command does. All in float32 on one thread, without dropout."
        ),
    )


def _ours(runs: Path, seeds: str) -> dict[int, float]:
    """Run what is asked for, from nothing but encoder and benchmark; the AUC of every seed."""
    shutil.rmtree(runs / "finetune", ignore_errors=True)
    _run([*COMMAND, *(["-m"] if "range" in seeds else []), *CHOICES, f"paths.runs={runs}", seeds])
    found = [json.loads(file.read_text(encoding="utf-8")) for file in runs.glob("finetune/*/result.json")]
    return {result["seed"]: result["auc"] for result in found}


def _run(command: list[str]) -> str:
    """Run a command in a process of its own, on one thread, and return what it printed."""
    source = str(Path(genomask.__file__).resolve().parents[1])
    environment = {"OMP_NUM_THREADS": "1", "PYTHONPATH": source}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)
    if done.returncode:
        raise ValueError(f"{' '.join(command[:4])} ... ended with {done.returncode}: {done.stderr[-300:]}")
    return done.stdout


def _same_scores(results: Mapping[str, Any]) -> str:
    ours, theirs = results[OURS], results[REFERENCE]
    if any(ours[seed] != auc for seed, auc in results[APART].items()):
        raise ValueError("a seed has another AUC in a process of its own than beside others")
    apart = max(abs(ours[seed] - auc) for seed, auc in theirs.items())
    if not apart < AUC_TOLERANCE:
        raise ValueError(f"an AUC differs by {apart:.1e}")
    return f"AUC of {len(theirs)} seeds within {apart:.0e}"
