"""Sixteen processes that want the same artefacts build each once, also where a builder is killed."""

import hashlib
import os
import signal
import time
from pathlib import Path

import pytest

from genomask.console import say
from trainings import PATIENCE, processes, quiet, write_data

MANY = 16
WANTED = ("genome", "rank", "encoder")
STEPS = 60


@pytest.fixture(scope="module")
def words(tmp_path_factory) -> tuple[str, ...]:
    data = write_data(tmp_path_factory.mktemp("data"))
    return (*data, "masking=pmi", "stage=pretrain", f"pretrain.max_steps={STEPS}")


def want(words: tuple[str, ...], runs: Path, log: Path) -> None:
    """Run the program, then read all that it built."""
    quiet(log)
    from compose import configuration
    from genomask.experiment.run import job

    job(configuration(*words, f"paths.runs={runs}"))
    say(f"read {digest(runs)}")


def digest(runs: Path) -> str:
    """One hash of every file that says what was computed, and nothing of when and where."""
    whole = hashlib.sha256()
    for kind in WANTED:
        for path in sorted((runs / kind).rglob("*")):
            if path.suffix in (".safetensors", ".npy", ".u8", ".csv") and "log" not in path.parent.name:
                whole.update(path.relative_to(runs).as_posix().encode() + path.read_bytes())
    return whole.hexdigest()


def start(words: tuple[str, ...], folder: Path, count: int) -> list:
    folder.mkdir(parents=True, exist_ok=True)
    crowd = [
        processes().Process(target=want, args=(words, folder / "runs", folder / f"printed-{number}"))
        for number in range(count)
    ]
    for process in crowd:
        process.start()
    return crowd


def printed(folder: Path) -> list[str]:
    return [line for log in folder.glob("printed-*") for line in log.read_text().splitlines()]


@pytest.fixture(scope="module")
def alone(words, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("alone")
    (process,) = start(words, folder, 1)
    process.join(PATIENCE)
    assert process.exitcode == 0, printed(folder)
    return digest(folder / "runs")


def test_all_read_the_same_bytes_which_one_of_them_built(words, alone, tmp_path, record_property):
    crowd = start(words, tmp_path, MANY)
    for process in crowd:
        process.join(4 * PATIENCE)
    lines = printed(tmp_path)
    assert [process.exitcode for process in crowd] == [0] * MANY, lines
    assert [line for line in lines if line.startswith("read ")] == [f"read {alone}"] * MANY
    built = [line.split("/")[-2] for line in lines if line.startswith("build ")]
    assert sorted(set(built)) == sorted(built), "nothing is built twice"
    assert set(WANTED) <= set(built)
    record_property("sixteen processes at once", MANY)


def test_a_killed_builder_is_replaced_by_one_of_the_waiting(words, alone, tmp_path, record_property):
    crowd = start(words, tmp_path, MANY)
    kills = 0
    for _ in range(2):
        builder = _builder(tmp_path, crowd)
        os.kill(builder.pid, signal.SIGKILL)
        builder.join()
        kills += 1
    for process in crowd:
        process.join(4 * PATIENCE)
    lines = printed(tmp_path)
    codes = sorted(process.exitcode for process in crowd)
    assert codes == [-signal.SIGKILL] * kills + [0] * (MANY - kills), lines
    assert [line for line in lines if line.startswith("read ")] == [f"read {alone}"] * (MANY - kills)
    assert not list((tmp_path / "runs").glob("*/*.building"))
    record_property("builders with fifteen waiting", kills)


def _builder(folder: Path, crowd: list):
    """The living process that pretrains, once it has begun to."""
    while True:
        assert any(process.is_alive() for process in crowd), printed(folder)
        for number, process in enumerate(crowd):
            log = folder / f"printed-{number}"
            if process.is_alive() and log.is_file() and "hides" in log.read_text():
                return process
        time.sleep(0.05)
