"""A training that is ended at any moment, in any way, goes on and ends at the bytes of one left alone."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from strikes import Strike, draw
from trainings import fingerprint, share, train, write_data


class Undisturbed(NamedTuple):
    """What trainings of one kind start from, and what one that was left alone ended at."""

    folder: Path
    words: tuple[str, ...]
    seconds: float
    calls: dict[str, int]
    expected: dict


def undisturbed(folder: Path, words: tuple[str, ...], kind: str) -> Undisturbed:
    ended = train(words, folder, count=True)
    assert ended.code == 0, ended.printed
    lines = (line.split("\t") for line in (folder / "calls").read_text().splitlines())
    calls = {place: int(number) for place, number in lines}
    return Undisturbed(folder, words, ended.seconds, calls, fingerprint(folder, kind))


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> tuple[Path, tuple[str, ...]]:
    """Genome, task and an encoder, built once."""
    folder = tmp_path_factory.mktemp("base")
    words = write_data(folder)
    ended = train((*words, "pretrain.max_steps=4", "fs.plain_epochs=1"), folder)
    assert ended.code == 0, ended.printed
    return folder, words


@pytest.fixture(scope="module", params=[0, 2], ids=["0 workers", "2 workers"])
def pretraining(request, base, tmp_path_factory) -> Undisturbed:
    source, words = base
    folder = tmp_path_factory.mktemp("pretraining")
    share(source, folder, "genome")
    return undisturbed(folder, (*words, "stage=pretrain", f"pretrain.workers={request.param}"), "encoder")


@pytest.fixture(scope="module")
def finetuning(base, tmp_path_factory) -> Undisturbed:
    source, words = base
    folder = tmp_path_factory.mktemp("finetuning")
    share(source, folder, "genome", "task", "encoder")
    return undisturbed(folder, (*words, "pretrain.max_steps=4"), "finetune")


def interrupt(alone: Undisturbed, strike: Strike, folder: Path, kind: str, *shared: str) -> bool:
    """Strike a training once, let it go on, and compare; returns whether it was struck at all."""
    share(alone.folder, folder, *shared)
    first = train(alone.words, folder, strike=strike)
    struck = (folder / "struck").is_file()
    if first.code != 0:
        assert struck, first.printed
        assert strike.end == "exception" or "Traceback" not in heeded(first.printed), first.printed
        again = train(alone.words, folder)
        assert again.code == 0, f"{strike}\n{first.printed}\n{again.printed}"
    found = fingerprint(folder, kind)
    assert found == alone.expected, f"{strike}\n{first.printed}"
    assert not list((folder / "runs" / kind).glob("*/checkpoints"))
    return first.code != 0


def heeded(printed: str) -> str:
    """What was printed, without what Python says of a signal that came inside one of its own callbacks."""
    return re.sub(r"Exception ignored in:.*\nTraceback", "", printed)


def test_an_interrupted_pretraining_ends_at_the_same_bytes(case, pretraining, tmp_path, record_property):
    strike = draw(case, pretraining.calls, pretraining.seconds)
    record_property(f"pretraining, {strike.end}", 0)
    struck = interrupt(pretraining, strike, tmp_path / "run", "encoder", "genome")
    record_property(f"pretraining, {strike.end}", int(struck))


def test_an_interrupted_finetuning_ends_at_the_same_bytes(case, finetuning, tmp_path, record_property):
    strike = draw(case, finetuning.calls, finetuning.seconds)
    shared = ("genome", "task", "encoder")
    struck = interrupt(finetuning, strike, tmp_path / "run", "finetune", *shared)
    record_property(f"fine-tuning, {strike.end}", int(struck))
