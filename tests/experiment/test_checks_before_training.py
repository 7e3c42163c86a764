"""What can be known before a training is checked before it: by a run, and by a sweep for each of its jobs."""

import shutil
from collections import namedtuple

import pytest
from test_sweep_plan import plan

from compose import composed
from genomask.experiment.stages.rank import build_genome
from genomask.experiment.stages.run import check_inputs, run_stages
from genomask.experiment.sweeps.plan import run_sweep

GOOD = "ACGTTGCAAC,0\nGGCATTACGT,1\n" * 3


@pytest.fixture
def words(tmp_path):
    """Makes the words of a task of these training and test rows."""

    def write(train: str = GOOD, test: str = GOOD) -> tuple[str, ...]:
        for name, rows in (("train", train), ("test", test)):
            (tmp_path / f"{name}.csv").write_text(f"sequence,label\n{rows}")
        files = (f"task.train={tmp_path}/train.csv", f"task.test={tmp_path}/test.csv")
        return ("task=csv", *files, "shots=2", "trainer=cpu", f"paths.runs={tmp_path}/runs")

    return write


BAD = [
    ({"train": GOOD + "ACGTTGCAAU,0\n"}, (), "train.csv"),
    ({"test": "ACGTTGCAAC,0\n"}, (), "no row of class 1"),
    ({}, ("shots=4",), "shots=4 needs 4 examples of every class"),
    ({"train": GOOD + f"{'ACGT' * 300},0\n"}, (), "takes at most 507 bases|at most 507|1200"),
]


@pytest.mark.parametrize(("rows", "more", "message"), BAD)
def test_a_task_that_cannot_be_used_is_refused_before_an_encoder_is_trained(words, tmp_path, rows, more, message):
    with pytest.raises(ValueError, match=message):
        run_stages(composed(*words(**rows), *more))
    assert not (tmp_path / "runs" / "encoder").exists()


@pytest.mark.parametrize(("rows", "more", "message"), BAD)
def test_a_sweep_refuses_a_job_whose_task_cannot_be_used_before_it_starts_any(words, tmp_path, rows, more, message):
    several = [f"shots=2,{word.removeprefix('shots=')}" for word in more]
    found = plan("hydra.mode=MULTIRUN", "masking=random,pmi", *words(**rows), *several)
    with pytest.raises(SystemExit, match=f"error in job .*({message})"):
        run_sweep(found, lambda jobs: pytest.fail(f"started {jobs}"))
    assert not (tmp_path / "runs" / "sweeps").exists()


@pytest.fixture
def disk(monkeypatch):
    """Leaves so many megabytes on every disk."""

    def leave(megabytes: int) -> None:
        usage = namedtuple("usage", "free")
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(megabytes * 10**6))

    return leave


def test_a_run_whose_checkpoints_do_not_fit_on_the_disk_is_refused_before_it_starts(words, disk):
    run = composed(*words())
    disk(10)
    with pytest.raises(OSError, match=r"cannot be written: 10 MB are free, and this run writes about \d{3} MB"):
        check_inputs(run)


@pytest.mark.parametrize("stage", [("stage=embed",), ("classifier=probe",)])
def test_embeddings_that_do_not_fit_on_the_disk_are_refused_before_an_encoder_is_trained(words, disk, tmp_path, stage):
    tiny = ("model.hidden_size=8", "model.layers=1", "model.heads=2", "model.intermediate_size=8", "pretrain=none")
    run = composed(*words(*2 * [GOOD * 2_000]), *tiny, "embed.layers=all", *stage)
    disk(2)
    with pytest.raises(OSError, match=r"2 MB are free, and this run writes about 5 MB"):
        check_inputs(run)
    assert not (tmp_path / "runs" / "encoder").exists()


def test_a_genome_that_does_not_fit_on_the_disk_is_refused_before_it_is_encoded(disk, tmp_path):
    (tmp_path / "one.fa").write_text(f">chr1\n{'ACGT' * 500_000}\n")
    run = composed("genome=fasta", f"genome.path={tmp_path}/one.fa", f"paths.runs={tmp_path}/runs")
    disk(1)
    with pytest.raises(OSError, match=r"cannot be written: 1 MB are free, and this run writes about 2 MB"):
        build_genome(run)
    assert not list(tmp_path.glob("runs/genome/*"))
    disk(3)
    assert build_genome(run).is_dir()


def test_a_directory_of_runs_that_is_a_file_is_refused_before_anything_is_built(words, tmp_path):
    run = composed(*words())
    (tmp_path / "runs").write_text("")
    with pytest.raises(OSError, match="runs cannot be written"):
        check_inputs(run)
