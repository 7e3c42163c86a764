"""The product: a FASTA file goes in, a score comes out, and nothing is built twice."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForMaskedLM, AutoTokenizer

from compose import composed
from genomask.experiment.stages.run import run_stages

TINY = (
    "model.hidden_size=16",
    "model.layers=1",
    "model.heads=2",
    "model.intermediate_size=16",
    "pretrain.max_steps=5",
    "pretrain.batch=4",
    "pretrain.validate_every=5",
    "pretrain.validation_segments=8",
    "pretrain.calibration_segments=60",
    "logger=csv",
    "trainer=cpu",
    "shots=2",
)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A genome of 60 kb, and a task in which one class is richer in G and C."""
    folder, draw = tmp_path_factory.mktemp("data"), np.random.default_rng(0)

    def text(size: int, gc: float = 0.5) -> str:
        return "".join(draw.choice(list("ACGT"), size, p=[(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]))

    (folder / "toy.fa").write_text(f">chr1\n{text(40_000)}\n>chr2\nNNNN{text(20_000).lower()}\n")
    for name, rows in (("train", 20), ("test", 30)):
        table = [f"{text(50, 0.2 + 0.6 * (row % 2))},{row % 2}" for row in range(rows)]
        (folder / f"{name}.csv").write_text("\n".join(["sequence,label", *table]))
    return folder


def run(data: Path, runs: Path, *overrides: str) -> None:
    files = (f"genome.path={data}/toy.fa", f"task.train={data}/train.csv", f"task.test={data}/test.csv")
    run_stages(composed("genome=fasta", "task=csv", *files, f"paths.runs={runs}", *TINY, *overrides))


def results(runs: Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted(runs.glob("finetune/*/result.json"))]


def built(runs: Path) -> set[str]:
    return {path.parent.relative_to(runs).as_posix() for path in runs.glob("*/*/manifest.json")}


def test_a_fasta_file_becomes_a_score_and_a_rerun_finds_everything(data, tmp_path, capsys):
    run(data, tmp_path)
    first = built(tmp_path)
    assert sorted(name.split("/")[0] for name in first) == ["context", "encoder", "finetune", "genome", "rank", "task"]
    assert "accuracy" in capsys.readouterr().out

    run(data, tmp_path)
    printed = capsys.readouterr().out
    assert built(tmp_path) == first
    assert "cached " in printed
    assert "build " not in printed


def test_the_result_says_all_that_a_table_needs(data, tmp_path):
    run(data, tmp_path, "seed=3", "pretrain_seed=1")
    (found,) = results(tmp_path)
    expected = {
        "task": "csv", "model": "logo", "masking": "pmi", "ranking": "eq1",
        "wc": "on", "hga": "off", "fs": "on",
        "shots": 2, "seed": 3, "pretrain_seed": 1, "n_train": 4, "n_test": 30, "epochs": 20, "batch_size": 5,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected
    for score in ("accuracy", "auc", "f1"):
        assert 0 <= found[score] <= 1
    assert -1 <= found["mcc"] <= 1
    assert found["pretraining"]["perplexity"] > 1
    assert found["pretraining"]["perplexity_common"] > 1
    assert 0.1 < found["pretraining"]["realised_masking_rate"] < 0.2
    assert set(found["seconds"]) == {"genome", "rank", "encoder", "task", "finetune", "evaluate"}
    assert set(found["artefacts"]) == {"genome", "rank", "encoder", "task"}


def test_two_encoders_meet_the_same_episode_and_seeds_share_an_encoder(data, tmp_path):
    run(data, tmp_path, "masking=random")
    run(data, tmp_path, "masking=random", "seed=1")
    encoders = [name for name in built(tmp_path) if name.startswith("encoder/")]
    assert len(encoders) == 1
    assert len(results(tmp_path)) == 2
    assert not any(name.startswith("rank/") for name in built(tmp_path)), "random masking needs no ranking"


def test_the_same_configuration_and_seed_give_the_same_bytes(data, tmp_path):
    for runs in ("a", "b"):
        run(data, tmp_path / runs)
    files = ("encoder/*/model.safetensors", "finetune/*/probabilities.npy", "rank/*/ranking.csv")
    for pattern in files:
        one, other = (next((tmp_path / runs).glob(pattern)).read_bytes() for runs in ("a", "b"))
        assert one == other, pattern


@pytest.mark.parametrize("masking", ["pmi_vocab", "pmi_released", "span", "whole_span"])
def test_every_masking_strategy_pretrains_at_a_matched_rate(data, tmp_path, masking):
    run(
        data,
        tmp_path,
        f"masking={masking}",
        "match.tokens=0.15",
        "stage=pretrain",
        "pretrain.calibration_segments=200",
    )
    summary = json.loads(next(tmp_path.glob("encoder/*/pretraining.json")).read_text())
    assert summary["realised_masking_rate"] == pytest.approx(0.15, abs=0.002)


def test_a_pretraining_tells_its_speed(data, tmp_path):
    run(data, tmp_path, "stage=pretrain", "pretrain.log_every=2")
    (encoder,) = tmp_path.glob("encoder/*")
    found = json.loads((encoder / "pretraining.json").read_text())["throughput"]
    assert 0 < found["bases_per_second"] < found["tokens_per_second"] * 2
    assert 0.5 < found["batch_fill"] <= 1
    assert found["flops_per_second"] > 0
    assert found["model_flop_utilisation"] > 0
    logged = list(csv.DictReader((encoder / "log/metrics.csv").read_text().splitlines()))
    assert [row["step"] for row in logged if row["pretrain/tokens_per_second"]] != []


@pytest.mark.parametrize(
    ("profile", "file", "text"),
    [
        ("simple", "fit-profile.txt", "run_training_batch"),
        ("advanced", "fit-profile.txt", "module.py"),
        ("pytorch", "fit-profile*training_step*.json", "aten::native_layer_norm"),
    ],
)
def test_a_profile_lies_in_the_log_folder_and_makes_no_other_encoder(data, tmp_path, profile, file, text):
    words = ("stage=pretrain", "pretrain.max_steps=5")
    run(data, tmp_path, *words, f"trainer.profile={profile}")
    reports = [report.read_text() for report in tmp_path.glob(f"encoder/*/log/{file}")]
    assert any(text in report for report in reports)
    run(data, tmp_path, *words)
    assert len(list(tmp_path.glob("encoder/*"))) == 1


@pytest.mark.parametrize(("stage", "kinds"), [("rank", {"genome", "rank"}), ("vocab", {"genome", "vocab"})])
def test_a_stage_alone_builds_what_it_needs_and_no_more(data, tmp_path, stage, kinds):
    run(data, tmp_path, f"stage={stage}")
    assert {name.split("/")[0] for name in built(tmp_path)} == kinds


def test_full_shots_train_on_the_whole_pool(data, tmp_path):
    run(data, tmp_path, "shots=full", "pretrain.max_steps=1")
    (found,) = results(tmp_path)
    assert (found["n_train"], found["epochs"], found["batch_size"], found["fs"]) == (20, 5, 15, "off")


def test_without_a_key_wandb_logs_offline_and_never_asks(data, tmp_path, monkeypatch):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "absent"))
    run(data, tmp_path, "logger=auto", "pretrain.max_steps=1")
    assert len(list(tmp_path.glob("*/*/log/wandb/offline-run-*/*.wandb"))) == 2, "one run a job"
    with pytest.raises(ValueError, match="logger=wandb needs an API key; found none"):
        run(data, tmp_path, "logger=wandb", "seed=1", "pretrain.max_steps=1")
    assert not any(tmp_path.glob("finetune/*.building")), "a failed job leaves nothing half-written"


def test_no_pretraining_fine_tunes_the_initial_weights(data, tmp_path):
    run(data, tmp_path, "pretrain=none", "pretrain.max_steps=0")
    (found,) = results(tmp_path)
    assert found["pretraining"]["max_steps"] == 0
    assert (found["classifier"], found["model"], found["masking"]) == ("encoder", "logo", "none")


def test_the_encoder_opens_in_hugging_face_and_reads_raw_dna(data, tmp_path):
    run(data, tmp_path, "stage=pretrain")
    folder = next(tmp_path.glob("encoder/*"))
    tokens = AutoTokenizer.from_pretrained(folder)("acgtacgta", return_tensors="pt")
    assert AutoModelForMaskedLM.from_pretrained(folder)(**tokens).logits.shape == (1, 6, 4101)


def test_a_changed_genome_or_setting_is_built_anew(data, tmp_path):
    run(data, tmp_path, "stage=rank")
    run(data, tmp_path, "stage=rank", "ranking=released")
    run(data, tmp_path, "stage=rank", "genome.chromosomes=[chr1]")
    kinds = sorted(name.split("/")[0] for name in built(tmp_path))
    assert kinds == ["genome", "genome", "rank", "rank", "rank"]


def test_a_damaged_encoder_is_refused_not_used(data, tmp_path):
    run(data, tmp_path, "stage=pretrain")
    weights = next(tmp_path.glob("encoder/*/model.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ValueError, match=r"is damaged: the content of model\.safetensors has changed"):
        run(data, tmp_path)


def test_two_processes_train_the_encoder_that_one_process_trains(data, tmp_path):
    files = (f"genome.path={data}/toy.fa", f"task.train={data}/train.csv", f"task.test={data}/test.csv")
    settings = ("genome=fasta", "task=csv", *files, *TINY, "pretrain.log_every=1", "trainer.accelerator=cpu")
    settings += ("pretrain.precision=32-true",)  # of bfloat16, the order of sums shows
    train = str(Path(__file__).parents[1] / "train.py")
    for trainer in ("cpu", "ddp"):
        words = (*(word for word in settings if word != "trainer=cpu"), f"trainer={trainer}")
        done = subprocess.run(
            [sys.executable, train, *words, f"paths.runs={tmp_path}/{trainer}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
    one, two = (load_file(next((tmp_path / runs).glob("encoder/*/model.safetensors"))) for runs in ("cpu", "ddp"))
    torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-5)
    assert len(results(tmp_path / "ddp")) == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_gpu_that_is_not_there_costs_one_line(data, tmp_path):
    with pytest.raises(ValueError, match=r"trainer: .*[Nn]o supported gpu backend"):
        run(data, tmp_path, "trainer=gpu", "stage=pretrain")


def test_a_saved_classifier_opens_in_hugging_face(data, tmp_path):
    from transformers import AutoModelForSequenceClassification

    run(data, tmp_path, "finetune.save_model=true")
    model = AutoModelForSequenceClassification.from_pretrained(next(tmp_path.glob("finetune/*/model")))
    assert model.config.num_labels == 2
