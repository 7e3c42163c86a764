"""A plan lists every job once, in cells of seeds, and what must be pretrained first."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode

from compose import composed
from genomask.experiment.config.schema import register
from genomask.experiment.run import CONF
from genomask.experiment.stages.registry import STAGES
from genomask.experiment.stages.run import artefact_of
from genomask.experiment.stages.task import build_task
from genomask.experiment.store.artefact import Artefact
from genomask.experiment.store.store import Store
from genomask.experiment.sweeps.estimate import estimate
from genomask.experiment.sweeps.plan import Plan, make_plan
from genomask.finetune.cross_validation import draw_folds
from genomask.finetune.settings import policy


def plan(*words: str) -> Plan:
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        hydra = GlobalHydra.instance().hydra
        master = hydra.compose_config("config", list(words), RunMode.MULTIRUN, with_log_configuration=False)
        assert master.hydra.mode == RunMode.MULTIRUN, "an experiment must not run as one job"
        return make_plan(master, hydra.config_loader, master.hydra.overrides.task)


def jobs(found: Plan) -> int:
    return sum(len(cell.seeds) for cell in found.cells)


@pytest.mark.parametrize(
    ("experiment", "cells", "seeds", "encoders"),
    [
        ("table1", 60, 10, 4),
        ("table2", 60, 10, 3),
        ("masking_controls", 90, 10, 6),
        ("masking_probe", 216, 10, 24),
        ("ranking_modes", 30, 10, 2),
    ],
)
def test_an_experiment_is_a_multirun_of_ten_seeds_a_cell(tmp_path, experiment, cells, seeds, encoders):
    found = plan(f"experiment={experiment}", f"paths.runs={tmp_path}")
    assert len(found.cells) == cells
    assert {cell.seeds for cell in found.cells} == {tuple(range(seeds))}
    assert len(found.encoders()) == encoders


@pytest.mark.parametrize(("experiment", "kind", "count"), [("table5", "vocab", 2), ("fig1", "encoder", 6)])
def test_an_experiment_without_fine_tuning_has_a_job_an_artefact(tmp_path, experiment, kind, count):
    found = plan(f"experiment={experiment}", f"paths.runs={tmp_path}")
    assert [artefact.kind for cell in found.cells for artefact in cell.artefacts] == [kind] * count


def test_every_row_of_table_2_fine_tunes_as_the_paper_says():
    stable = {
        "pmi": (),
        "pmi_fs": (10, 50, 100, 500, 1000),
        "pmi_wc_fs": (10, 50, 100),
        "pmi_wc_hga_fs": (10, 50, 100),
    }
    for variant, shots_with_fs in stable.items():
        config = composed(f"variant={variant}").config
        for shots in (10, 50, 100, 500, 1000):
            assert policy(shots, config.fewshot, config.fs).stable == (shots in shots_with_fs), (
                variant,
                shots,
            )
        assert (config.labels["wc"] == "on") == ("wc" in variant)
        assert (config.labels["hga"] == "on") == ("hga" in variant)
        assert config.labels["masking"] == "pmi"


def test_a_word_of_the_command_line_narrows_an_experiment(tmp_path):
    found = plan("experiment=table1", "shots=10", "variant=pmi_wc_fs", "seed=7", f"paths.runs={tmp_path}")
    assert [cell.seeds for cell in found.cells] == [(7,)] * 3


def test_jobs_that_come_to_the_same_are_one_job(tmp_path):
    found = plan("seed=1,1,2", "fs=auto,on", "shots=10,500", "hydra.mode=MULTIRUN", f"paths.runs={tmp_path}")
    assert jobs(found) == 6, "fs=auto is fs=on at ten shots, and two of the seeds are one"


def test_the_same_jobs_are_the_same_sweep_and_others_another(tmp_path):
    words = ("shots=10", "hydra.mode=MULTIRUN", f"paths.runs={tmp_path}")
    names = {plan("seed=0,1", *words).name, plan("seed=1,0", "trainer=cpu", *words).name}
    assert len(names) == 1
    assert plan("seed=0,2", *words).name not in names


def test_what_is_built_is_no_longer_left(tmp_path):
    words = ("shots=10", "seed=0,1", "hydra.mode=MULTIRUN", f"paths.runs={tmp_path}")
    (cell,) = plan(*words).cells
    build(tmp_path, cell.artefacts[0])
    assert [left.seeds for left in plan(*words).left()] == [(1,)]
    assert len(plan(*words).encoders()) == 1
    build(tmp_path, cell.encoder)
    assert plan(*words).encoders() == {}
    build(tmp_path, cell.artefacts[1])
    assert plan(*words).left() == ()


def build(runs: Path, artefact: Artefact, seconds: dict[str, float] | None = None) -> None:
    """A finished artefact without content, but for the seconds that its result names."""

    def builder(directory: Path) -> None:
        if seconds:
            (directory / "result.json").write_text(json.dumps({"seconds": seconds}))

    config = {"model": {"hidden_size": 256, "layers": 2}}
    Store(runs, config).build(artefact, builder)


def test_the_time_left_is_the_mean_of_finished_runs_of_the_same_kind(tmp_path):
    words = ("shots=10,50", "seed=0,1,2", "hydra.mode=MULTIRUN", f"paths.runs={tmp_path}")
    ten, fifty = plan(*words).cells
    assert estimate(tmp_path, ten.artefacts) == (0.0, 3)
    build(tmp_path, ten.artefacts[0], {"finetune": 20.0, "evaluate": 10.0, "genome": 1000.0})
    build(tmp_path, ten.artefacts[1], {"finetune": 40.0, "evaluate": 10.0})
    assert estimate(tmp_path, ten.artefacts[2:]) == (40.0, 0)
    assert estimate(tmp_path, [*ten.artefacts[2:], *fifty.artefacts]) == (40.0, 3), "50 shots take longer"


def test_what_was_never_built_is_counted_and_timed_by_the_speed_of_the_machine(tmp_path, monkeypatch):
    monkeypatch.setattr("genomask.experiment.sweeps.estimate._speed", lambda _: 1e9)
    words = ("shots=10", "hydra.mode=MULTIRUN", f"paths.runs={tmp_path}")
    (small,), (large,) = plan("model=logo", *words).cells, plan("model=dnabert", *words).cells
    seconds = [estimate(tmp_path, [cell.encoder]).seconds for cell in (small, large)]
    assert seconds[1] > 20 * seconds[0] > 0, "DNABERT has 12 layers of 768 features, LOGO 2 of 256"
    twice = plan("model=logo", "pretrain.max_steps=200", *words).cells[0].encoder
    assert estimate(tmp_path, [twice]).seconds == pytest.approx(2 * seconds[0], rel=0.2), "validations come on top"
    lines = plan("model=dnabert", "pretrain=paper", *words).lines()
    assert any(re.match(r"left +about [\d,.]+ days of work", line) for line in lines)
    assert any(line.startswith("long ") and "pretrain=quick" in line for line in lines)


def test_the_work_of_a_fine_tuning_is_known_once_its_task_has_been_read(tmp_path, monkeypatch):
    monkeypatch.setattr("genomask.experiment.sweeps.estimate._speed", lambda _: 1e9)
    (cell,) = plan("shots=10", "hydra.mode=MULTIRUN", f"paths.runs={tmp_path}").cells
    assert estimate(tmp_path, cell.artefacts).unknown == 1
    build_task(composed("shots=10", f"paths.runs={tmp_path}"))
    assert estimate(tmp_path, cell.artefacts).seconds > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("seed=1,abc",), r"error in job seed=abc .*: seed needs a whole number; found 'abc'"),
        (("seed=1,-1",), r"error in job seed=-1 .*: seed needs at least 0"),
        (("shots=10,ten",), r"error in job shots=ten .*: shots needs a number from 1"),
        (("genome=fasta", "genome.path=absent.fa", "seed=0,1"), "there is none at absent.fa"),
        (("shots=2", "finetune.cross_validate=3"), "finetune.cross_validate needs at most shots = 2 folds"),
    ],
)
def test_an_impossible_job_ends_the_plan_with_its_reason(tmp_path, words, message):
    with pytest.raises(SystemExit) as ended:
        plan(*words, "hydra.mode=MULTIRUN", f"paths.runs={tmp_path}")
    assert re.search(message, str(ended.value).replace("\n", " ")), ended.value


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_says_what_it_builds_or_that_it_cannot_be_swept(stage):
    run = composed("stage=all", f"stage.run=[{stage}]", "variants.vcf=x.vcf", "variants.sequence=ACGT")
    if stage in ("motifs", "variants", "mutagenesis"):
        with pytest.raises(ValueError, match=f"stage={stage} cannot be swept"):
            artefact_of(run)
    else:
        assert artefact_of(run).name


def test_folds_share_out_every_class_and_every_example_once():
    labels = np.array([0] * 10 + [1] * 7)
    folds = draw_folds(labels, folds=3, seed=0)
    assert sorted(np.concatenate(folds).tolist()) == list(range(17))
    for label in (0, 1):
        sizes = [int((labels[fold] == label).sum()) for fold in folds]
        assert max(sizes) - min(sizes) <= 1
    other = draw_folds(labels, folds=3, seed=1)
    assert [fold.tolist() for fold in folds] != [fold.tolist() for fold in other], "the seed draws them"
    with pytest.raises(ValueError, match="Cross-validation needs 8 examples of every class; found 7"):
        draw_folds(labels, folds=8, seed=0)


LAUNCHERS = sorted(path.stem for path in (CONF / "launcher").glob("*.yaml"))


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_every_launcher_composes_into_a_plan(tmp_path, launcher):
    if launcher == "ray":
        pytest.importorskip("ray", reason="needs the extra ray")
    words = ("seed=0,1", "hydra.mode=MULTIRUN", f"launcher={launcher}", f"paths.runs={tmp_path}")
    assert jobs(plan(*words)) == 2
