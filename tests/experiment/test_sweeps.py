"""A sweep runs every job once, gives what the jobs give alone, and survives what happens to it."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from compose import composed, configuration
from genomask.experiment.run import cell_runs
from genomask.experiment.stages.classifier import classifier_artefact
from genomask.experiment.stages.run import run_stages

TRAIN = str(Path(__file__).parents[2] / "train.py")
TINY = (
    "model.hidden_size=16",
    "model.layers=1",
    "model.heads=2",
    "model.intermediate_size=16",
    "pretrain.max_steps=2",
    "pretrain.batch=4",
    "pretrain.validation_segments=8",
    "pretrain.calibration_segments=60",
    "logger=csv",
    "trainer=cpu",
    "trainer.threads=1",
)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> tuple[str, ...]:
    """Words for a genome of 40 kb, and for a task in which one class is richer in G and C."""
    folder, draw = tmp_path_factory.mktemp("data"), np.random.default_rng(0)

    def text(size: int, gc: float = 0.5) -> str:
        return "".join(draw.choice(list("ACGT"), size, p=[(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]))

    (folder / "toy.fa").write_text(f">chr1\n{text(40_000)}\n")
    for name, rows in (("train", 20), ("test", 30)):
        table = [f"{text(int(draw.integers(30, 50)), 0.2 + 0.6 * (row % 2))},{row % 2}" for row in range(rows)]
        (folder / f"{name}.csv").write_text("\n".join(["sequence,label", *table]))
    files = (f"genome.path={folder}/toy.fa", f"task.train={folder}/train.csv", f"task.test={folder}/test.csv")
    return ("genome=fasta", "task=csv", *files, *TINY)


@pytest.fixture(scope="module", autouse=True)
def interruptible():
    """Processes that start in the background of a shell ignore SIGINT, and so would those that they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def start(*words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, TRAIN, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def program(*words: str) -> tuple[int, str, str]:
    with start(*words) as process:
        printed, errors = process.communicate()  # pytest's own time limit ends a hang
    return process.returncode, printed, errors


def scores(runs: Path) -> dict[str, bytes]:
    """Predictions of every fine-tuning by its name, which holds the digest of all that shaped it."""
    return {path.parent.name: path.read_bytes() for path in runs.glob("finetune/*/probabilities.npy")}


GRID = ("-m", "masking=random,span", "shots=2", "seed=0,1,2")


@pytest.fixture(scope="module")
def expected(data, tmp_path_factory) -> dict[str, bytes]:
    """The jobs of the grid, each run on its own as a plain command runs it."""
    runs = tmp_path_factory.mktemp("alone")
    for masking in ("random", "span"):
        for seed in range(3):
            run_stages(composed(*data, f"masking={masking}", "shots=2", f"seed={seed}", f"paths.runs={runs}"))
    return scores(runs)


@pytest.mark.parametrize(
    "launcher",
    [
        "local",
        pytest.param("submitit_local", marks=pytest.mark.slow),
    ],
)
def test_every_launcher_gives_the_predictions_of_jobs_run_one_by_one(data, expected, tmp_path, launcher):
    code, printed, errors = program(*GRID, f"launcher={launcher}", *data, f"paths.runs={tmp_path}")
    assert code == 0, errors
    assert "6 jobs in 2 cells, 0 done" in printed
    table = [line.split() for line in printed.splitlines()[-3:]]
    assert table[0] == ["masking", "n", "accuracy", "auc"]
    assert [row[:2] for row in table[1:]] == [["random", "3"], ["span", "3"]]
    assert scores(tmp_path) == expected


def test_a_failed_job_leaves_the_others_running_and_is_told_at_the_end_and_later(data, tmp_path):
    diverging = ("fs=on", "fs.learning_rate=4e-4,1e38")
    words = ("-m", "shots=2", "seed=0,1", *diverging, *data, f"paths.runs={tmp_path}")
    code, printed, errors = program(*words)
    assert code == 1
    assert "Traceback" not in errors + printed
    assert "2 done, 2 failed of 4 jobs" in printed
    assert printed.count("The loss became nan at step") >= 2
    assert "2 of 4 jobs are not done. The same command goes on from here." in errors

    code, printed, _ = program("status", str(tmp_path))
    assert code == 1
    assert "2 done, 2 failed of 4 jobs" in printed
    assert "The loss became nan at step" in printed


def test_a_finished_sweep_finds_everything_done(data, tmp_path):
    words = ("-m", "shots=2", "seed=0,1", *data, f"paths.runs={tmp_path}")
    assert program(*words)[0] == 0
    code, printed, _ = program(*words)
    assert code == 0
    assert "2 jobs in 1 cells, 2 done" in printed
    assert "build " not in printed
    code, printed, _ = program("plan", "shots=2,3", "seed=0,1", *data, f"paths.runs={tmp_path}")
    assert code == 0
    assert "4 jobs in 2 cells, 2 done" in printed
    assert "left   about" in printed, "counted, as nothing with three shots was ever run"
    assert program("status", str(tmp_path))[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_sweep_goes_on_and_ends_with_the_same_predictions(data, expected, tmp_path, how):
    words = (*GRID, *data, f"paths.runs={tmp_path}")
    process = start(*words)
    while len(scores(tmp_path)) < 2:
        assert process.poll() is None, "ended before it was interrupted"
        time.sleep(0.02)
    process.send_signal(how)
    _, errors = process.communicate()
    assert process.returncode != 0
    assert "Traceback" not in errors
    assert program("status", str(tmp_path))[0] == 2
    finished = (path for path in tmp_path.glob("finetune/*/result.json") if path.parent.suffix != ".building")
    before = {path: path.stat().st_mtime_ns for path in finished}

    assert program(*words)[0] == 0
    assert scores(tmp_path) == expected
    assert all(path.stat().st_mtime_ns == written for path, written in before.items()), "nothing runs twice"
    assert not any(tmp_path.glob("*/*.building"))


@pytest.mark.slow
def test_two_sweeps_at_once_share_the_work(data, expected, tmp_path):
    words = (*GRID, *data, f"paths.runs={tmp_path}")
    both = [start(*words) for _ in range(2)]
    printed = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    assert scores(tmp_path) == expected
    built = [line for out, _ in printed for line in out.splitlines() if line.startswith("build ")]
    assert len(built) == len(set(built)), "nothing is built twice"


@pytest.mark.slow
def test_a_killed_worker_takes_no_other_job_of_submitit_along(data, expected, tmp_path):
    words = (*GRID, "launcher=submitit_local", "hydra.launcher.at_once=1", *data, f"paths.runs={tmp_path}")
    process = start(*words)
    while not any(tmp_path.glob("finetune/*.building")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    workers = subprocess.run(
        ["ps", "-o", "pid=,args=", "--sid", str(process.pid)], capture_output=True, text=True, check=True
    ).stdout
    (worker,) = [line.split()[0] for line in workers.splitlines() if "submitit.core._submit" in line]
    subprocess.run(["kill", "-KILL", worker], check=True)
    printed, errors = process.communicate()
    assert process.returncode == 1, printed
    assert "3 done, 3 missing of 6 jobs" in printed, errors
    assert program(*words)[0] == 0
    assert scores(tmp_path) == expected


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_a_sweep_on_ray_outlives_a_node_and_scores_as_a_local_one_does(data, tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # Ray's way to say: the loopback address alone
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    cluster_utils = pytest.importorskip("ray.cluster_utils", reason="needs Ray: make test-ray")
    node = {"node_ip_address": "127.0.0.1", "include_dashboard": False, "object_store_memory": 80_000_000}
    grid = ("-m", "masking=random,span", "classifier=encoder,probe", "shots=2,3", "seed=0,1,2,3,4", *data)
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **node})
    try:
        _, worker = (cluster.add_node(num_cpus=1, **node) for _ in range(2))
        on_ray = ("launcher=ray", f"hydra.launcher.address={cluster.address}", f"paths.runs={tmp_path}/ray")
        process = start(*grid, *on_ray)
        while not any(tmp_path.glob("ray/finetune/*/result.json")):
            assert process.poll() is None, process.communicate()
            time.sleep(0.1)
        cluster.remove_node(worker, allow_graceful=False)
        printed, errors = process.communicate()
    finally:
        cluster.shutdown()
    assert process.returncode == 0, printed + errors
    assert "40 done of 40 jobs" in printed
    code, local, errors = program(*grid, f"paths.runs={tmp_path}/local")
    assert code == 0, errors
    assert scores(tmp_path / "ray") == scores(tmp_path / "local")
    assert table(printed) == table(local)


def table(printed: str) -> str:
    """Table of scores at a sweep's end."""
    return printed.partition("40 done of 40 jobs")[2]


def test_a_cell_gives_its_jobs_the_identity_that_they_have_alone(data, tmp_path):
    words = (*data, f"paths.runs={tmp_path}", "pretrain_seed=${seed}")
    runs = cell_runs(configuration(*words, "sweep.name=x", "sweep.seeds=[3,5]"))
    assert [run.config.pretrain_seed for run in runs] == [3, 5]
    for run, seed in zip(runs, (3, 5), strict=True):
        alone = composed(*words, f"seed={seed}")
        assert classifier_artefact(run).name == classifier_artefact(alone).name
        assert run.store.config == alone.store.config, "a saved configuration knows nothing of the sweep"


@pytest.mark.parametrize("trainer", ["trainer=ddp", "trainer.devices=2", "trainer.nodes=2"])
def test_several_processes_a_job_are_refused_with_the_way_to_do_it(data, tmp_path, trainer):
    code, _, errors = program("-m", "seed=0,1", *data, trainer, f"paths.runs={tmp_path}/runs")
    assert code == 1
    assert "would start the whole sweep again" in errors
    assert "stage=pretrain" in errors
    assert not (tmp_path / "runs").exists()


def test_cross_validation_is_recorded_and_is_another_job(data, tmp_path):
    words = (*data, "shots=4", f"paths.runs={tmp_path}")
    code, _, errors = program("-m", "finetune.cross_validate=null,2", *words)
    assert code == 0, errors
    found = [json.loads(path.read_text()) for path in tmp_path.glob("finetune/*/result.json")]
    (with_folds,) = [result for result in found if "cross_validation" in result]
    (without,) = [result for result in found if "cross_validation" not in result]
    assert with_folds["cross_validation"]["folds"] == 2
    assert 0 <= with_folds["cross_validation"]["accuracy"] <= 1
    assert with_folds["accuracy"] == without["accuracy"], "the folds leave the result alone"
