"""One process or two, sharded or not: the same segments, losses and masks, and checkpoints that any goes on from."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
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
    # In bfloat16, where micro-batches round otherwise, Adam may take the other direction at weights whose gradient is
    # almost nothing: of a position that no masked token of a step depends on, it was +1.77e-6 against -1.69e-6.
    "pretrain.precision=32-true",
    "pretrain.micro_batch=3",  # and unequal numbers of micro-batches, in training and in validation
    "pretrain.clip_norm=0.1",  # below the norms that occur
    "pretrain.learning_rate=1e-3",
    "pretrain.checkpoint_every=100",
)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def words(tmp_path_factory) -> tuple[str, ...]:
    data = write_data(tmp_path_factory.mktemp("data"))
    return (*(word for word in data if word != "trainer=cpu"), *BUDGET)


def start(words: Sequence[str], folder: Path, trainer: str, **environment: str) -> subprocess.CompletedProcess[str]:
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


def train(words: Sequence[str], folder: Path, trainer: str, *, stop: int | None = None) -> Path:
    """Pretrain on a CPU; returns the encoder's directory."""
    done = start(words, folder, trainer, **({"STOP": str(stop)} if stop else {}))
    assert done.returncode == (1 if stop else 0), done.stdout + done.stderr
    if stop:
        assert "Stopped. The same command goes on from here." in done.stderr
    (encoder,) = folder.glob("encoder/*")
    return encoder


def notes(folder: Path, rank: str = "*", kind: str = "rank") -> list[dict]:
    """What a process noted of its steps, or all of them; with ``kind="state"``, of its validations."""
    files = sorted(folder.glob(f"{kind}-{rank}"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def seen(folder: Path) -> Counter:
    """How often every segment was seen in every epoch, over all processes."""
    return Counter(pair for note in notes(folder) for pair in zip(note["epoch"], note["segment"], strict=True))


@pytest.fixture(scope="module")
def one(words, tmp_path_factory) -> Path:
    return train(words, tmp_path_factory.mktemp("one"), "cpu")


@pytest.fixture(scope="module", params=["ddp", "fsdp"])
def two(words, tmp_path_factory, request) -> Path:
    return train(words, tmp_path_factory.mktemp(request.param), request.param)


def assert_same_course(found: Path, expected: Path) -> None:
    """The same curves and weights but for the order in which floats were summed."""
    values, wanted = curve(found), curve(expected)
    assert values.keys() == wanted.keys()
    for key, value in wanted.items():
        # The share of masked tokens is averaged over processes, whose batches are unequal.
        if "masked_share" not in key[1]:
            assert float(values[key]) == pytest.approx(float(value), rel=1e-5), key
    weights = [load_file(encoder / "model.safetensors") for encoder in (found, expected)]
    torch.testing.assert_close(*weights, rtol=1e-4, atol=1e-6)


def test_two_processes_see_what_one_sees_every_segment_once_an_epoch(one, two):
    alone, together = seen(one.parents[1]), seen(two.parents[1])
    assert together == alone
    assert set(together.values()) == {1}
    assert together.total() == STEPS * BATCH
    assert max(epoch for epoch, _ in together) >= 1, "an epoch ended"
    assert len(list(two.parents[1].glob("rank-*"))) == 2


def test_two_processes_reach_the_losses_of_one(one, two):
    assert_same_course(two, one)


@pytest.mark.parametrize(("first", "second"), [("cpu", "ddp"), ("ddp", "fsdp"), ("fsdp", "cpu"), ("cpu", "fsdp")])
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


STATEFUL = {
    # The perplexity changes by 0.43 from the first validation to the second.
    "cm_gems": ("masking=cm_gems", "masking.threshold=0.5", "ranking.k=3"),
    "adaptive": ("masking=adaptive", "masking.k=2"),
}


def masks(folder: Path) -> dict[int, list[int]]:
    """The masked tokens of every step, over all processes."""
    found: dict[int, list[int]] = {}
    for note in notes(folder):
        found[note["step"]] = sorted(found.get(note["step"], []) + note["targets"])
    return found


def assert_same_masks(folder: Path, expected: Path) -> None:
    """The same state of the strategy after every validation, on every process, and the same masks at every step."""
    wanted = notes(expected, "0", "state")
    assert [note["step"] for note in wanted] == [10, 20, 30, 40]
    for path in folder.glob("state-*"):
        assert [note.keys() for note in notes(folder, path.name[-1], "state")] == [note.keys() for note in wanted]
        for found, note in zip(notes(folder, path.name[-1], "state"), wanted, strict=True):
            for name in note.keys() & {"perplexities", "weights"}:
                assert found[name] == pytest.approx(note[name], rel=1e-5), (path, name)
    assert masks(folder) == masks(expected)


@pytest.mark.parametrize("name", STATEFUL)
def test_a_strategy_that_validations_change_masks_alike_in_one_process_and_in_two(words, tmp_path, name):
    words = [word for word in words if not word.startswith("masking=")] + list(STATEFUL[name])
    one = train(words, tmp_path / "one", "cpu")
    states = notes(tmp_path / "one", "0", "state")
    if name == "cm_gems":
        changes = np.abs(np.diff(states[-1]["perplexities"]))
        assert 0.3 < changes.min() < 0.47, "it switches, and not by a hair's breadth"
        assert changes.argmin() == 0, "after the second validation, at step 20"
    else:
        assert len({tuple(note["weights"]) for note in states}) == len(states), "each validation changes the weights"
    two = train(words, tmp_path / "two", "ddp")
    assert_same_course(two, one)
    assert_same_masks(tmp_path / "two", tmp_path / "one")
    assert (tmp_path / "two" / "state-0").read_text() == (tmp_path / "two" / "state-1").read_text()
    for first, second, stop in (("cpu", "ddp", 17), ("ddp", "cpu", 24)):
        folder = tmp_path / f"{first}-{second}"
        train(words, folder, first, stop=stop)
        encoder = train(words, folder, second)
        assert_same_course(encoder, one)
        assert masks(folder) == masks(tmp_path / "one")
