"""A spoilt checkpoint is gone on from to the same numbers or refused in one line; no pickle in one is run."""

import pickle
from collections import Counter
from pathlib import Path
from random import Random

import pytest
import torch

from fuzz_cases import LONG_RUN
from fuzz_checkpoints import digest, sound_checkpoint, spoil_checkpoint, train, write_checkpoint
from genomask.training.checkpoints import HASH, newest_checkpoint
from test_fuzzing_models import Harm


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The bytes of a checkpoint, and the weights that an undisturbed training ends at."""
    folder = tmp_path_factory.mktemp("sound")
    file = sound_checkpoint(folder)
    return file.read_bytes(), train(folder / "whole")


def judge(sound, number: int, folder: Path) -> str:
    """How going on from a spoilt checkpoint ended."""
    data, expected = sound
    case = spoil_checkpoint(data, Random(f"checkpoint {number}"))
    file = folder / "step=4.ckpt"
    write_checkpoint(file, case.data, noted=digest(case.data if case.noted else data))
    try:
        weights = train(folder, file)
    except ValueError as error:
        text = str(error)
        assert "\n" not in text, text
        assert len(text) < 1000, text
        assert f"{file} is damaged: " in text or (case.shaped and "The loss became nan" in text), text
        return "refused"
    if not case.shaped:
        assert all(torch.equal(weights[name], weight) for name, weight in expected.items())
    return "accepted"


def run_cases(sound, numbers: range, folder: Path) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for number in numbers:
        try:
            outcomes[judge(sound, number, folder)] += 1
        except Exception as error:
            raise AssertionError(f"checkpoint, case {number}: {error!r}") from error
    return outcomes


def test_a_sound_checkpoint_is_gone_on_from_to_the_same_bytes(sound, tmp_path):
    data, expected = sound
    write_checkpoint(tmp_path / "step=4.ckpt", data, noted=digest(data))
    weights = train(tmp_path, tmp_path / "step=4.ckpt")
    assert all(torch.equal(weights[name], weight) for name, weight in expected.items())


def test_a_spoilt_checkpoint_is_gone_on_from_to_the_same_numbers_or_refused_in_one_line(sound, tmp_path):
    outcomes = run_cases(sound, range(30), tmp_path)
    assert outcomes["refused"] > 12
    assert outcomes["accepted"] > 1


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_many_spoilt_checkpoints_are_gone_on_from_to_the_same_numbers_or_refused(sound, tmp_path):
    outcomes = run_cases(sound, range(1000, 1000 + LONG_RUN // 20), tmp_path)
    print(f"\ncheckpoints: {dict(outcomes)}")  # noqa: T201  (shown by -s)


@pytest.mark.parametrize("name", ["exp_avg", "exp_avg_sq", "step"])
def test_an_optimiser_state_of_another_shape_is_refused(sound, tmp_path, name):
    """PyTorch's fused step would write beyond the end of one that is too small."""
    (tmp_path / "sound").write_bytes(sound[0])
    found = torch.load(tmp_path / "sound", weights_only=True)
    states = found["optimizer_states"][0]["state"]
    states[max(states)][name] = torch.zeros(3)
    file = tmp_path / "step=4.ckpt"
    torch.save(found, file)
    write_checkpoint(file, file.read_bytes(), noted=digest(file.read_bytes()))
    with pytest.raises(ValueError, match=rf"step=4.ckpt is damaged: .*{name} has the shape \[3\], its weight \["):
        train(tmp_path, file)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("inside", [False, True])
def test_a_checkpoint_that_would_run_a_command_is_refused_unrun(sound, tmp_path, zipped, inside):
    file, mark = tmp_path / "step=4.ckpt", tmp_path / "harm"
    (tmp_path / "sound").write_bytes(sound[0])
    found = torch.load(tmp_path / "sound", weights_only=True)
    torch.save(found | {"more": Harm(mark)} if inside else Harm(mark), file, _use_new_zipfile_serialization=zipped)
    write_checkpoint(file, file.read_bytes(), noted=digest(file.read_bytes()))
    with pytest.raises(ValueError, match=r"step=4\.ckpt is damaged: .*; none of it was run\. Remove it"):
        train(tmp_path, file)
    assert not mark.exists()
    pickle.loads(pickle.dumps(Harm(mark)))  # it would have
    assert mark.exists()


def test_a_checkpoint_without_its_hash_is_refused(sound, tmp_path):
    (tmp_path / "step=4.ckpt").write_bytes(sound[0])
    with pytest.raises(ValueError, match=rf"step=4\.ckpt is damaged: its hash, .*{HASH}, is missing"):
        train(tmp_path, tmp_path / "step=4.ckpt")


def test_a_file_that_only_looks_like_a_checkpoint_is_left_alone(sound, tmp_path):
    for name in ("step=2.ckpt", "step=9 (copy).ckpt", "step=.ckpt"):
        (tmp_path / name).write_bytes(sound[0])
    found = newest_checkpoint(tmp_path)
    assert found is not None
    assert found.name == "step=2.ckpt"
