"""A sweep as a job array of a real SLURM: stopped when its time is up, requeued, and done in the end."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TRAIN = str(Path(__file__).parents[2] / "train.py")
UP = shutil.which("sinfo") and subprocess.run(["sinfo"], capture_output=True, check=False).returncode == 0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),  # SLURM signals a minute early, and requeues after two
    pytest.mark.skipif(not UP, reason="needs a running SLURM: make test-slurm"),
]


def test_a_job_array_is_requeued_when_its_time_is_up_and_goes_on_where_it_was(tmp_path):
    """A pretraining and two cells of two seeds after it, which need longer than they are given."""
    words = (
        *("-m", "masking=random", "shots=2,3", "seed=0,1", f"paths.runs={tmp_path}", "trainer=cpu"),
        *("model.hidden_size=16", "model.layers=1", "model.heads=2", "model.intermediate_size=16"),
        *("pretrain.max_steps=4000", "pretrain.batch=8", "pretrain.checkpoint_every=20", "logger=csv"),
        *(
            "pretrain.validation_segments=8",
            "pretrain.calibration_segments=60",
            "pretrain.validate_every=4000",
        ),
        *("launcher=submitit_slurm", "hydra.launcher.timeout_min=3", "hydra.launcher.signal_delay_s=60"),
        *("hydra.launcher.max_num_timeout=20", "hydra.launcher.cpus_per_task=1"),
    )
    done = subprocess.run([sys.executable, TRAIN, *words], capture_output=True, text=True, check=False, timeout=3000)
    logs = "\n".join(path.read_text() for path in tmp_path.glob("sweeps/.submitit/*/*.out"))
    assert done.returncode == 0, done.stdout + done.stderr + logs
    assert len(list(tmp_path.glob("finetune/*/result.json"))) == 4
    assert "4 done of 4 jobs" in done.stdout
    assert "this job is timed-out" in logs, "the job was never stopped"
