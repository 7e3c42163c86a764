"""One process or two: the same segments, the same losses, and checkpoints that either goes on from."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from trainings import curve, write_data

PROGRAM = str(Path(__file__).parents[1] / "faults" / "noting.py")
STEPS, BATCH = 40, 7  # odd, so that the two processes get unequal shares
BUDGET = (
    "stage=pretrain",
    "model.hidden_dropout=0",
    "model.attention_dropout=0",
    f"pretrain.max_steps={STEPS}",
    f"pretrain.batch={BATCH}",
    "pretrain.micro_batch=2",
    "pretrain.learning_rate=1e-3",
    "pretrain.checkpoint_every=100",
)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def words(tmp_path_factory) -> tuple[str, ...]:
    data = write_data(tmp_path_factory.mktemp("data"))
    return (*(word for word in data if word != "trainer=cpu"), *BUDGET)


def start(words: tuple[str, ...], folder: Path, trainer: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program on a CPU, in one process or two."""
    folder.mkdir(exist_ok=True)
    machine = (f"trainer={trainer}", "trainer.accelerator=cpu", f"paths.runs={folder}")
    return subprocess.run(
        [sys.executable, PROGRAM, *words, *machine],
        env=os.environ | {"NOTE": str(folder)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )


def train(words: tuple[str, ...], folder: Path, trainer: str, *, stop: int | None = None) -> Path:
    """Pretrain on a CPU; returns the encoder's directory."""
    done = start(words, folder, trainer, **({"STOP": str(stop)} if stop else {}))
    assert done.returncode == (1 if stop else 0), done.stdout + done.stderr
    if stop:
        assert "Stopped. The same command goes on from here." in done.stderr
    (encoder,) = folder.glob("encoder/*")
    return encoder


def notes(folder: Path, rank: str = "*") -> list[dict]:
    """What a process noted of its steps, or all of them."""
    files = folder.glob(f"rank-{rank}")
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def seen(folder: Path) -> Counter:
    """How often every segment was seen in every epoch, over all processes."""
    return Counter(pair for note in notes(folder) for pair in zip(note["epoch"], note["segment"], strict=True))


@pytest.fixture(scope="module")
def one(words, tmp_path_factory) -> Path:
    return train(words, tmp_path_factory.mktemp("one"), "cpu")


@pytest.fixture(scope="module")
def two(words, tmp_path_factory) -> Path:
    return train(words, tmp_path_factory.mktemp("two"), "ddp")


def assert_same_course(found: Path, expected: Path) -> None:
    """The same curves and weights but for the order in which floats were summed."""
    values, wanted = curve(found), curve(expected)
    assert values.keys() == wanted.keys()
    for key, value in wanted.items():
        # The share of masked tokens is averaged over processes, whose batches are unequal.
        if "masked_share" not in key[1]:
            assert float(values[key]) == pytest.approx(float(value), rel=1e-3), key
    weights = [load_file(encoder / "model.safetensors") for encoder in (found, expected)]
    torch.testing.assert_close(*weights, rtol=1e-2, atol=1e-4)


def test_two_processes_see_what_one_sees_every_segment_once_an_epoch(one, two):
    alone, together = seen(one.parents[1]), seen(two.parents[1])
    assert together == alone
    assert set(together.values()) == {1}
    assert together.total() == STEPS * BATCH
    assert max(epoch for epoch, _ in together) >= 1, "an epoch ended"
    assert len(list(two.parents[1].glob("rank-*"))) == 2


def test_two_processes_reach_the_losses_of_one(one, two):
    assert_same_course(two, one)


@pytest.mark.parametrize(("first", "second"), [("cpu", "ddp"), ("ddp", "cpu")])
def test_a_checkpoint_moves_between_one_process_and_two(words, one, tmp_path, first, second):
    stopped = train(words, tmp_path, first, stop=17)
    assert [path.name for path in stopped.glob("checkpoints/*.ckpt")] == ["step=18.ckpt"]
    encoder = train(words, tmp_path, second)
    assert_same_course(encoder, one)
    assert seen(tmp_path) == seen(one.parents[1])


@pytest.mark.parametrize("rank", [0, 1])
def test_a_loss_that_is_no_number_on_one_process_stops_both_in_one_line(words, tmp_path, rank):
    words = (*words, "pretrain.log_every=4", "pretrain.checkpoint_every=3")  # a checkpoint looks first
    done = start(words, tmp_path, "ddp", DIVERGE=f"{rank} 5")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if "no number" in line or "The loss became" in line]
    (kept,) = tmp_path.glob("diverged/*.npz")
    assert kept.name.endswith("-step=5.npz")
    assert said == [
        f"error: The loss became nan at step 5. Its batch is kept in {kept}. "
        "Lower pretrain.learning_rate, or warm up longer (wc=on)."
    ]
    targets = np.load(kept, allow_pickle=False)["targets"].tolist()
    assert targets == next(note["targets"] for note in notes(tmp_path, str(rank)) if note["step"] == 4)
    assert max(note["step"] for note in notes(tmp_path)) < 6, "neither went on"
    assert [path.name for path in tmp_path.glob("encoder/*/checkpoints/*.ckpt")] == ["step=3.ckpt"]
