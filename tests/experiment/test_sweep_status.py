"""The state of a job follows from what is on disk and from who holds its lock, whatever happened before."""

import json
import multiprocessing
import os
import re
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from genomask.experiment.store.artefact import Artefact
from genomask.experiment.store.store import Store, is_held
from genomask.experiment.sweeps.status import Job, main, read_jobs, record, score_lines

SCORE = Artefact("finetune", "toy-shots=10-seed=0", {"seed": 0})
NAME = f"finetune/{SCORE.name}"


@pytest.fixture
def sweep(tmp_path) -> Path:
    folder = tmp_path / "sweeps" / "table1"
    folder.mkdir(parents=True)
    plan = {"jobs": [{"overrides": ["shots=10", "seed=0"], "artefact": NAME}]}
    (folder / "plan.json").write_text(json.dumps(plan))
    return folder


def state(sweep: Path) -> Job:
    (job,) = read_jobs(sweep.parents[1])
    return job


def hold(root: Path) -> None:
    with Store(root).claim(SCORE) as mine:
        (root / f"claimed-{mine}").touch()
        time.sleep(60)


def held(root: Path) -> multiprocessing.process.BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=hold, args=(root,))
    process.start()
    while not (root / "claimed-True").exists():
        assert process.is_alive()
        time.sleep(0.01)
    return process


def test_a_job_that_never_started_is_missing(sweep):
    assert state(sweep) == Job("table1", ("shots=10", "seed=0"), NAME, "missing", None, None)


def test_a_failure_is_told_until_the_job_is_done(sweep):
    record(sweep, NAME, error="out of memory", seconds=2.5)
    assert state(sweep)[3:6] == ("failed", "out of memory", 2.5)
    Store(sweep.parents[1]).build(SCORE, lambda directory: (directory / "result.json").touch())
    assert state(sweep).state == "done"
    assert state(sweep).error is None


def test_the_seconds_of_a_job_that_another_command_ran_are_its_manifests(sweep):
    Store(sweep.parents[1]).build(SCORE, lambda directory: (directory / "result.json").touch())
    manifest = json.loads((sweep.parents[1] / NAME / "manifest.json").read_text())
    assert state(sweep).seconds == manifest["seconds"]


def test_a_job_runs_while_its_process_lives_and_no_longer(sweep):
    record(sweep, NAME, error="an earlier attempt", seconds=1.0)
    process = held(sweep.parents[1])
    assert state(sweep)[3:] == ("running", None, None, None)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert state(sweep).state == "failed"


def test_status_names_what_runs_and_since_when(sweep, capsys):
    plan = {"encoders": ["encoder/toy-1"], **json.loads((sweep / "plan.json").read_text())}
    (sweep / "plan.json").write_text(json.dumps(plan))
    record(sweep, NAME, started=datetime.now(UTC).isoformat())
    process = held(sweep.parents[1])
    try:
        assert abs(state(sweep).since - datetime.now(UTC)) < timedelta(minutes=1)
        assert main([str(sweep.parents[1])]) == 2
        assert re.search(rf"runs +{NAME} since \d\d:\d\d, for \d+ s", capsys.readouterr().out)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.join()


def test_a_claim_is_refused_while_another_process_has_it_and_builds_in_its_own(sweep):
    root = sweep.parents[1]
    process = held(root)
    with Store(root).claim(SCORE) as mine:
        assert not mine
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with Store(root).claim(SCORE) as mine:
        assert mine
        Store(root).build(SCORE, lambda directory: (directory / "result.json").touch())
        assert is_held(root, NAME), "a claim outlasts the build in it"
    assert not is_held(root, NAME)


def test_asking_leaves_no_lock_behind(sweep):
    state(sweep)
    assert not (sweep.parents[1] / ".locks").exists()


def test_the_scores_of_a_suite_name_each_task_once(tmp_path):
    jobs = []
    for name in ("tata", "splice"):
        folder = tmp_path / "finetune" / name
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(json.dumps({"accuracy": 0.5}))
        words = (f"task.name='{name}'", f"task.dir='/data/{name}'", "shots=10", "seed=0")
        jobs.append(Job("suite", words, f"finetune/{name}", "done"))
    assert score_lines(tmp_path, jobs) == ["task    n  accuracy", "tata    1  0.500", "splice  1  0.500"]


def test_the_status_of_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is none at .*absent"):
        read_jobs(tmp_path / "absent")
