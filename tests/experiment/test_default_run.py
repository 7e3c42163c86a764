"""The main job at its default settings: what a newcomer types first."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_first_command_ends_clearly_above_chance(tmp_path):
    words = ["masking=pmi", "model=logo", "logger=csv", "trainer=cpu", f"paths.runs={tmp_path}"]
    train = str(Path(__file__).parents[2] / "train.py")
    done = subprocess.run([sys.executable, train, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.glob("finetune/*/result.json")
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["n_test"] == 1200
    # Chance has a standard deviation of 0.014 in accuracy and 0.017 in AUC.
    assert found["accuracy"] > 0.6
    assert found["auc"] > 0.8
    assert "Next:" in done.stdout
