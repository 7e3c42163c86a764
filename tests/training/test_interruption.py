"""However a pretraining is stopped, the same command goes on with it and ends at the same bytes."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TRAIN = str(Path(__file__).parents[2] / "train.py")
SETTINGS = (
    "stage=pretrain",
    "model.hidden_size=16",
    "model.layers=1",
    "model.heads=2",
    "model.intermediate_size=16",
    "model.hidden_dropout=0.1",
    "pretrain.max_steps=150",
    "pretrain.batch=8",
    "pretrain.validation_segments=16",
    "pretrain.checkpoint_every=20",
    "trainer=cpu",
    "logger=csv",
)


@pytest.fixture(autouse=True)
def heard():
    """Let a process that is started here hear SIGINT, also where a shell runs the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def start(runs: Path) -> subprocess.Popen:
    words = [sys.executable, TRAIN, *SETTINGS, f"paths.runs={runs}"]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(runs: Path) -> tuple[str, bytes]:
    """Run to the end; returns what was printed and the weights."""
    process = start(runs)
    printed, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    (weights,) = runs.glob("encoder/*/model.safetensors")
    return printed, weights.read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> bytes:
    return finish(tmp_path_factory.mktemp("runs"))[1]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_stopped_pretraining_goes_on_and_ends_at_the_same_bytes(tmp_path, undisturbed, how):
    process = start(tmp_path)
    while not any(tmp_path.glob("encoder/*.building/checkpoints/step=*.ckpt")):
        assert process.poll() is None, "ended before its first checkpoint"
        time.sleep(0.02)
    process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    assert process.returncode not in (0, None)
    assert "Traceback" not in errors
    if how != signal.SIGKILL:
        assert "Stopped. The same command goes on from here." in errors
    assert not any(tmp_path.glob("encoder/*/model.safetensors")), "the encoder must not look finished"

    printed, weights = finish(tmp_path)
    assert "resume at step" in printed
    assert weights == undisturbed
    (encoder,) = tmp_path.glob("encoder/*")
    assert sorted(path.name.split("=")[0] for path in encoder.glob("log*")) == ["log", "log-from-step"]
    assert not (encoder / "checkpoints").exists()
