"""A sweep whose workers are killed at random ends, after restarts, where an undisturbed one ends."""

import hashlib
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from strikes import CASES
from sweeping import TRAIN, kill, members, start
from trainings import SHAPE, stable, write_data

JOBS = 200
GRID = ("classifier=gc,encoder", "shots=2,3,4,5,6", "seed=range(20)")
BUDGET = (
    *SHAPE,
    "masking=random",
    "pretrain.max_steps=3",
    "pretrain.batch=4",
    "pretrain.validation_segments=8",
    "pretrain.calibration_segments=20",
    "fs=on",
    "fs.epochs=2",
    "finetune.checkpoint_every=500",
)
KILLS = max(2, CASES // 4)
WAIT = 900


@pytest.fixture(scope="module")
def words(tmp_path_factory) -> tuple[str, ...]:
    return ("-m", *write_data(tmp_path_factory.mktemp("data")), *BUDGET, *GRID)


@pytest.fixture(scope="module")
def expected(words, tmp_path_factory) -> dict[str, Any]:
    runs = tmp_path_factory.mktemp("undisturbed")
    with start(*words, f"paths.runs={runs}", log=runs / "log") as process:
        assert process.wait(WAIT) == 0, (runs / "log").read_text()
    found = cells(runs)
    assert len(found) == JOBS
    return found


def cells(runs: Path) -> dict[str, Any]:
    """Scores and hash of the predictions of every finished job."""
    return {
        path.parent.name: (
            stable(json.loads(path.read_text())),
            hashlib.sha256((path.parent / "probabilities.npy").read_bytes()).hexdigest(),
        )
        for path in runs.glob("finetune/*/result.json")
        if (path.parent / "manifest.json").is_file() and path.parent.suffix != ".building"
    }


@pytest.mark.timeout(3 * WAIT)
def test_a_sweep_under_fire_ends_as_an_undisturbed_one(words, expected, tmp_path, record_property):
    dice, runs, killed, starts = random.Random(f"submitit_local {CASES}"), tmp_path / "runs", 0, 0
    moments = sorted(dice.sample(range(JOBS - 10), KILLS))  # by how many jobs are done
    command = (*words, "launcher=submitit_local", "hydra.launcher.at_once=2")
    while len(cells(runs)) < JOBS:
        starts += 1
        assert starts <= KILLS + 2, (tmp_path / "log").read_text()
        with start(*command, f"paths.runs={runs}", log=tmp_path / "log") as process:
            while process.poll() is None:
                workers = members(process, workers=True)
                if workers and killed < KILLS and len(list(runs.glob("finetune/*"))) >= moments[killed]:
                    killed += kill(dice.choice(workers))
                time.sleep(0.1 + dice.random())
            printed = (tmp_path / "log").read_text()
            assert "Traceback" not in printed, printed
            assert process.returncode == 0 or "The same command goes on from here." in printed, printed
    assert killed, "nothing was killed"
    assert cells(runs) == expected
    assert not list(runs.glob("*/*.building"))
    assert subprocess.run([sys.executable, TRAIN, "status", str(runs)], check=False).returncode == 0
    record_property(f"sweep of {JOBS} jobs", killed)
