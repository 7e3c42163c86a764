"""What runs tell W&B, read back from an offline run's file, and the workspace that shows it."""

import json
import re
import subprocess
import sys

import pytest
import torch
import wandb
from sklearn.metrics import roc_curve

from genomask.experiment.dashboard import main
from genomask.finetune.wandb_scores import roc
from test_end_to_end import data, run  # noqa: F401  (a fixture)
from wandb_file import read_offline


@pytest.fixture(autouse=True)
def no_key(tmp_path, monkeypatch):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "absent"))


def test_an_offline_run_holds_scores_plots_and_what_the_views_sort_by(data, tmp_path):  # noqa: F811
    run(data, tmp_path, "logger=wandb", "logger.wandb=offline", "seed=3", "pretrain.max_steps=1")
    (file,) = tmp_path.glob("finetune/*/log/wandb/offline-run-*/*.wandb")
    logged = read_offline(file)
    (found,) = (json.loads(path.read_text()) for path in tmp_path.glob("finetune/*/result.json"))

    assert (logged.group, logged.job_type) == ("csv-logo-pmi-shots=2", "finetune")
    assert {"finetune", "logo", "pmi", "csv", "shots=2"} == set(logged.tags)
    assert logged.config["shots"] == 2
    assert logged.config["row"] == "pmi+wc+fs"
    for score in ("accuracy", "auc", "f1", "mcc", "collapsed"):
        assert logged.summary[f"test/{score}"] == pytest.approx(found[score], abs=1e-6)
    assert logged.summary["test/n"] == 30
    last = next(row for row in logged.history if "test/row/nrows" in row)
    assert last["test/row/_type"] == "table-file"
    rows = {name: last[f"test/{name}/nrows"] for name in ("row", "roc_table", "confusion_table")}
    assert rows == {"row": 1, "roc_table": 51, "confusion_table": 4}
    assert any("finetune/loss" in row for row in logged.history)
    assert logged.exit_code == 0

    (file,) = tmp_path.glob("encoder/*/log/wandb/offline-run-*/*.wandb")
    logged = read_offline(file)
    assert (logged.group, logged.job_type, logged.exit_code) == ("pretrain-logo-toy", "pretrain", 0)
    curve = [row for row in logged.history if "validation/nats_per_base_common" in row]
    assert [row["trainer/global_step"] for row in curve] == [0, 1], "nats per base stand against steps"
    assert all("validation/perplexity_common" in row for row in curve)
    (media,) = (row for row in logged.history if "pretrain/masked_sequence/path" in row)
    assert media["pretrain/masked_sequence/_type"] == "html-file"
    page = (file.parent / "files" / media["pretrain/masked_sequence/path"]).read_text()
    sequence = re.sub("<[^>]*>", "", page.partition("<pre>")[2]).replace("\n", "")
    assert set(sequence) <= set("ACGTN")
    assert "PmiMasking: " in page
    assert page.count("<span") > 3, "hidden bases stand on colour"


def test_a_baseline_logs_its_scores_and_needs_a_key_where_wandb_has_to_be_online(data, tmp_path):  # noqa: F811
    run(data, tmp_path, "classifier=gc", "logger=wandb", "logger.wandb=offline")
    (file,) = tmp_path.glob("finetune/*/log/wandb/offline-run-*/*.wandb")
    logged = read_offline(file)
    (found,) = (json.loads(path.read_text()) for path in tmp_path.glob("finetune/*/result.json"))
    assert (logged.group, logged.config["row"]) == ("csv-gc---shots=2", "gc")
    assert logged.summary["test/auc"] == pytest.approx(found["auc"], abs=1e-6)
    with pytest.raises(ValueError, match="logger=wandb needs an API key; found none"):
        run(data, tmp_path / "other", "classifier=gc", "logger=wandb")
    assert not (tmp_path / "other").exists()


def test_files_that_wandb_ends_late_do_not_damage_an_artefact(data, tmp_path):  # noqa: F811
    run(data, tmp_path, "logger=wandb", "logger.wandb=offline", "pretrain.max_steps=1", "stage=pretrain")
    (file,) = tmp_path.glob("encoder/*/log/wandb/offline-run-*/*.wandb")
    with file.open("ab") as handle:
        handle.write(b"late")
    run(data, tmp_path, "logger=wandb", "logger.wandb=offline", "pretrain.max_steps=1", "stage=pretrain")


def test_a_failed_run_is_finished_with_an_exit_code(data, tmp_path, monkeypatch):  # noqa: F811
    ended, finish = [], wandb.finish

    def fail(*_, **__):
        raise ValueError("no scores today")

    def finish_and_read(*, exit_code: int) -> None:
        finish(exit_code=exit_code)
        ended.extend(map(read_offline, tmp_path.glob("finetune/*/log/wandb/offline-run-*/*.wandb")))

    monkeypatch.setattr("genomask.finetune.wandb_scores.roc", fail)
    monkeypatch.setattr("wandb.finish", finish_and_read)
    with pytest.raises(ValueError, match="no scores today"):
        run(data, tmp_path, "logger=wandb", "logger.wandb=offline", "pretrain=none", "pretrain.max_steps=0")
    (logged,) = ended
    assert (logged.job_type, logged.exit_code) == ("finetune", 1)


def test_the_roc_is_scikit_learns_at_every_point_of_the_grid():
    draw = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 2, (400,), generator=draw)
    second = (torch.rand(400, generator=draw) + 0.4 * labels) / 1.4
    points = roc(torch.stack([1 - second, second], dim=1), labels)
    wrong, right, _ = roc_curve(labels, second, drop_intermediate=False)
    for _, x, y in points:
        assert right[wrong <= x].max() - 1e-6 <= y <= right[wrong >= x].max() + 1e-6
    assert [name for name, _, _ in points] == ["1"] * 51


def test_three_classes_have_a_curve_each():
    probability = torch.eye(3)[torch.tensor([0, 1, 2, 0, 1, 2])]
    points = roc(probability, torch.tensor([0, 1, 2, 0, 1, 2]))
    assert [name for name, x, y in points if x == 0 and y == 1] == ["0", "1", "2"]


def test_without_a_key_the_workspace_is_written_as_a_specification(tmp_path, capsys):
    words = ["--project", "promoters", "--entity", "lab", "--out", str(tmp_path / "workspace.json")]
    (tmp_path / "workspace.json").write_text("mine")
    with pytest.raises(ValueError, match=r"workspace\.json is there already: give another name, or --overwrite"):
        main(words)
    assert (tmp_path / "workspace.json").read_text() == "mine"
    main([*words, "--overwrite"])
    text = (tmp_path / "workspace.json").read_text()
    found = json.loads(text)
    assert (found["entity"], found["project"]) == ("lab", "promoters")
    names = [section["name"] for section in found["spec"]["section"]["panelBankConfig"]["sections"]]
    assert [name.split(":")[0] for name in names[:4]] == ["Table 1", "Table 2", "Figure 1", "Health"]
    for metric in (
        "test/accuracy",
        "test/auc",
        "test/mcc",
        "validation/perplexity_common",
        "validation/nats_per_base_common",
        "pretrain/masked_share",
        "labels.masking",
        "finetune/loss",
        "pretrain/masked_sequence",
    ):
        assert metric in text
    assert "no API key" in capsys.readouterr().out


def test_a_missing_extra_costs_one_line_that_says_what_to_install(tmp_path):
    code = (
        "import sys; sys.modules['wandb_workspaces'] = None; sys.argv = ['genomask', 'dashboard'];"
        "from genomask.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "error: genomask dashboard needs wandb-workspaces: run pip install '.[dashboard]' in a checkout of genomask."
    )
