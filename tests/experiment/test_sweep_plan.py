"""A plan lists every job once, in cells of seeds, and what must be pretrained first."""

import json
import re
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode

from compose import composed
from genomask.experiment.config.schema import register
from genomask.experiment.run import CONF
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.run import STAGES, artefact_of
from genomask.experiment.stages.task import build_task
from genomask.experiment.store.artefact import Artefact
from genomask.experiment.store.store import Store
from genomask.experiment.sweeps.estimate import JOB, STEP, Pass, Speed, estimate
from genomask.experiment.sweeps.plan import Plan, make_plan
from genomask.finetune.metrics import draw_folds
from genomask.finetune.settings import policy
from genomask.genome.fasta import FastaGenome
from genomask.tasks.sources import SyntheticTask


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
    assert [artefact.kind for cell in found.cells for artefact in cell.artefacts.values()] == [kind] * count


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
    assert plan(*words).left() == []


def build(runs: Path, artefact: Artefact, seconds: dict[str, float] | None = None) -> None:
    """A finished artefact without content, but for the seconds that its result names."""

    def builder(directory: Path) -> None:
        if seconds:
            (directory / "result.json").write_text(json.dumps({"seconds": seconds}))

    config = {"model": {"hidden_size": 256, "layers": 2}}
    Store(runs, config).build(artefact, builder)


@pytest.fixture
def slow_machine(monkeypatch):
    """Every measured speed: a millisecond for a token of a layer, a second for a probe or baseline."""

    def sequence(_: Speed, run: Context, work: Pass) -> float:
        return 1e-3 * work.tokens * run.config.model.layers

    monkeypatch.setattr(Speed, "sequence", sequence)
    monkeypatch.setattr(Speed, "shallow", lambda *_, **__: 1.0)


def seconds(found: Plan) -> dict[str, float]:
    return estimate(found.runs, found.work()).seconds


@pytest.mark.usefixtures("slow_machine")
def test_the_time_left_is_the_mean_of_finished_runs_of_the_same_kind(tmp_path):
    words = ("shots=10,50", "seed=0,1,2", "hydra.mode=MULTIRUN", f"paths.runs={tmp_path}")
    ten, fifty = plan(*words).cells
    before = estimate(tmp_path, ((artefact, fifty.run) for artefact in fifty.artefacts.values())).seconds["fine-tuning"]
    build(tmp_path, ten.artefacts[0], {"finetune": 20.0, "evaluate": 10.0, "genome": 1000.0})
    build(tmp_path, ten.artefacts[1], {"finetune": 40.0, "evaluate": 10.0})
    build(tmp_path, ten.encoder)
    assert seconds(plan(*words))["fine-tuning"] == pytest.approx(40.0 + JOB + before), "50 shots take longer"


@pytest.mark.usefixtures("slow_machine")
def test_work_that_was_never_done_is_counted(tmp_path):
    words = ("shots=10", "hydra.mode=MULTIRUN", f"paths.runs={tmp_path}")
    found = seconds(plan(*words))
    tokens, layers = 384, 2  # of a mean segment; of LOGO
    sequences = 100 * 32 + 2 / 3 * 3 * 64  # and three validations, under two masks and without a backward pass
    assert found["pretraining"] == pytest.approx(1e-3 * tokens * layers * sequences + JOB)
    sequences = 20 * 20 + 1 / 3 * 1200  # 20 epochs, then the test set
    assert found["fine-tuning"] == pytest.approx(1e-3 * 70 * layers * sequences + 80 * STEP + JOB)
    assert seconds(plan("model=dnabert", *words))["fine-tuning"] > 5 * found["fine-tuning"]


@pytest.mark.usefixtures("slow_machine")
def test_a_sweep_of_probes_embeds_each_task_once_for_each_encoder(tmp_path):
    words = ("classifier=probe", "pretrain_seed=0,1", "shots=10,50", "seed=0,1,2", "hydra.mode=MULTIRUN")
    found = seconds(plan(*words, f"paths.runs={tmp_path}"))
    assert found["embedding"] == pytest.approx(2 * (1e-3 * 70 * 2 * (2400 + 1200) + JOB))
    assert found["probes and baselines"] == pytest.approx(12 * (1.0 + JOB))


@pytest.mark.usefixtures("slow_machine")
def test_a_plan_of_more_than_a_day_proposes_what_is_shorter(tmp_path):
    words = ("hydra.mode=MULTIRUN", f"paths.runs={tmp_path}")
    lines = list(plan("model=dnabert", "pretrain=paper", *words).lines())
    assert any(re.match(r"left +about [\d,.]+ days of work.*: pretraining [\d,.]+ days", line) for line in lines)
    assert any(line.startswith("long ") and "pretrain=quick" in line for line in lines)
    lines = list(plan("shots=10,50", "seed=range(1000)", *words).lines())
    assert any(line.startswith("long ") and "classifier=probe" in line for line in lines)


@pytest.mark.usefixtures("slow_machine")
def test_a_task_that_is_cut_from_a_genome_is_counted_once_it_is_built(tmp_path, monkeypatch):
    words = ("shots=10", "hydra.mode=MULTIRUN", f"paths.runs={tmp_path}")
    (cell,) = plan(*words).cells
    cut = FastaGenome("absent.fa")
    monkeypatch.setattr(SyntheticTask, "genome_source", lambda _: cut)
    monkeypatch.setattr(FastaGenome, "fingerprint", lambda _: {})
    assert estimate(tmp_path, [(cell.artefacts[0], cell.run)]).unknown == {"finetune": 1}
    monkeypatch.undo()
    build_task(composed("shots=10", f"paths.runs={tmp_path}"))
    monkeypatch.setattr(SyntheticTask, "read", None)
    monkeypatch.setattr(Speed, "sequence", lambda *_: 1e-3)
    assert estimate(tmp_path, [(cell.artefacts[0], cell.run)]).seconds["fine-tuning"] > 0


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_speed_is_that_of_the_shape_and_the_precision(monkeypatch, precision):
    monkeypatch.setattr("genomask.experiment.sweeps.estimate.PATIENCE", 0.0)
    small = ("model.hidden_size=32", "model.heads=2", "model.intermediate_size=64")
    run, speed, asked = composed(*small, "model.layers=1"), Speed(), []
    monkeypatch.setattr(torch, "autocast", lambda *_, enabled: asked.append(enabled) or nullcontext())
    one = speed.sequence(run, Pass(2, 30, 4, precision))
    assert one > 0
    assert set(asked) == {precision == "bf16-mixed"}
    assert speed.sequence(run, Pass(2, 30, 4, precision)) == one, "each shape is measured once"
    assert speed.sequence(run, Pass(2, 30, 0, precision)) != one, "an embedding has no backward pass"


@pytest.mark.parametrize("classifier", ["probe", "knn", "ridge", "kmer_logistic", "gc", "majority"])
def test_a_shallow_classifier_is_timed_on_rows_like_those_of_its_episode(monkeypatch, classifier):
    monkeypatch.setattr("genomask.experiment.sweeps.estimate.PATIENCE", 0.0)
    speed, run = Speed(), composed(f"classifier={classifier}", "model.hidden_size=16", "model.heads=2")
    few = speed.shallow(run, rows=100, classes=2, bases=30)
    assert few > 0
    assert speed.shallow(run, rows=1000, classes=2, bases=30) == pytest.approx(10 * few)


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
