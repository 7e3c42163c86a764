"""Artefacts are named by what shaped them, whole or absent, built once, and refused when damaged."""

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from compose import composed
from genomask.experiment.stages.rank import build_genome
from genomask.experiment.store.artefact import MANIFEST, Artefact
from genomask.experiment.store.store import Store

GENOME = Artefact("genome", "toy", {"bases": 10})


def ranking(**settings) -> Artefact:
    return Artefact("rank", "toy-eq1", {"k": 6, "mode": "eq1"} | settings, (GENOME,))


def write(directory: Path) -> None:
    (directory / "sub").mkdir()
    (directory / "sub" / "file.txt").write_text("content")


def test_names_depend_on_settings_and_inputs_but_not_on_the_order_of_keys():
    turned = Artefact("rank", "toy-eq1", {"mode": "eq1", "k": 6}, (GENOME,))
    other_genome = Artefact("rank", "toy-eq1", {"k": 6, "mode": "eq1"}, (Artefact("genome", "toy", {"bases": 11}),))
    assert turned.name == ranking().name
    assert len({ranking().name, ranking(k=5).name, other_genome.name}) == 3


def test_the_label_is_for_people_and_leaves_the_digest_alone():
    assert Artefact("genome", "renamed", {"bases": 10}).digest == GENOME.digest


def test_an_artefact_is_built_once(tmp_path):
    store, calls = Store(tmp_path), []
    for _ in range(2):
        store.build(ranking(), lambda directory: (calls.append(directory), write(directory)))
    assert len(calls) == 1
    assert (store.path(ranking()) / "sub" / "file.txt").read_text() == "content"


def test_a_failing_builder_leaves_nothing_behind(tmp_path):
    def fail(directory: Path) -> None:
        write(directory)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Store(tmp_path).build(ranking(), fail)
    assert list((tmp_path / "rank").iterdir()) == []


def test_a_full_disk_names_what_could_not_be_written(tmp_path):
    def fill(directory: Path) -> None:
        write(directory)
        raise OSError("10 requested and 3 written")

    with pytest.raises(OSError, match=r"toy-eq1-\w+ cannot be written: 10 requested.*Is the disk full\?"):
        Store(tmp_path).build(ranking(), fill)
    assert list((tmp_path / "rank").iterdir()) == []


def test_a_resumable_build_finds_what_the_interrupted_one_left(tmp_path):
    def interrupted(directory: Path) -> None:
        write(directory)
        raise KeyboardInterrupt

    def resume(directory: Path) -> None:
        assert (directory / "sub" / "file.txt").is_file()

    store = Store(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        store.build(ranking(), interrupted, resume_from="sub/*")
    assert not store.has(ranking())
    store.build(ranking(), resume, resume_from="sub/*")
    assert store.has(ranking())


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda file: file.write_text("c0ntent"), "has changed"),
        (lambda file: file.write_text("cont"), "4 bytes instead of 7"),
        (lambda file: file.unlink(), "is missing"),
        (lambda file: (file.parents[1] / "manifest.json").write_text("{"), "cannot be read"),
        (lambda file: (file.parents[1] / "manifest.json").write_text("[]"), "cannot be read"),
    ],
)
def test_a_damaged_artefact_is_refused_by_name(tmp_path, damage, reason):
    store = Store(tmp_path)
    directory = store.build(ranking(), write)
    damage(directory / "sub" / "file.txt")
    with pytest.raises(ValueError, match=f"(?s){directory.name} is damaged.*{reason}"):
        store.build(ranking(), write)


def build_slowly(root: Path, log: Path) -> None:
    def builder(directory: Path) -> None:
        with log.open("a") as lines:
            lines.write(f"{os.getpid()}\n")
        time.sleep(0.3)
        write(directory)

    Store(root).build(ranking(), builder)


def test_processes_that_want_the_same_artefact_build_it_once(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=build_slowly, args=(tmp_path, tmp_path / "log")) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert len((tmp_path / "log").read_text().splitlines()) == 1


def test_a_killed_builder_leaves_no_lock_and_no_half_artefact(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    worker = spawn.Process(target=build_slowly, args=(tmp_path, tmp_path / "log"))
    worker.start()
    while not (tmp_path / "log").exists():
        time.sleep(0.01)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    store = Store(tmp_path)
    assert not store.has(ranking())
    store.build(ranking(), write)
    assert sorted(path.name for path in (tmp_path / "rank").iterdir()) == [ranking().name]


def test_a_genome_says_how_many_records_and_bases_it_leaves_out(tmp_path, capsys):
    (tmp_path / "two.fa").write_text(">chr1\nACGTNNACGT\n>chr2\nACGT\n")
    words = (
        "genome=fasta",
        f"genome.path={tmp_path}/two.fa",
        "genome.chromosomes=[chr1]",
        f"paths.runs={tmp_path}/runs",
    )
    found = json.loads((build_genome(composed(*words)) / MANIFEST).read_text())["counts"]
    assert found["records"] == {"read": 2, "used": 1, "refused": {"not in genome.chromosomes": 1}}
    assert found["bases"] == {"read": 10, "used": 8, "refused": {"not A, C, G or T": 2}}
    printed = capsys.readouterr().out
    assert "2 records read, 1 used; refused: 1 not in genome.chromosomes" in printed
    assert "10 bases read, 8 used; refused: 2 not A, C, G or T" in printed
