"""The row of stacked seeds: its two paths, small and on the CPU, reach the same scores."""

import sys
from functools import partial

import pytest
import torch
from torchmetrics.functional.classification import binary_auroc

from benchmarks import measure, model_stacked
from benchmarks.clock import time_in_turns
from benchmarks.inputs import Inputs
from benchmarks.row import Contender, NotMeasured, Row


def test_the_area_under_the_curve_is_that_of_torchmetrics_with_equal_scores_too():
    random = torch.Generator().manual_seed(0)
    scores = torch.randint(20, (300,), generator=random) / 20
    labels = torch.randint(2, (300,), generator=random)
    assert model_stacked._auc(scores, labels) == pytest.approx(binary_auroc(scores, labels).item(), abs=1e-6)


def test_stacked_seeds_have_the_scores_of_the_script_and_learn_the_motif(monkeypatch, tmp_path, capsys):
    def in_this_process(*arguments):
        monkeypatch.setattr(sys, "argv", ["", *arguments])
        model_stacked.main()
        return model_stacked.json.loads(capsys.readouterr().out)

    monkeypatch.setattr(model_stacked, "_start", in_this_process)
    found = measure.measure("gpu_stacked", Inputs(None, tmp_path, quick=True), rounds=1)
    assert found["status"] == "measured", found.get("why")
    assert found["check"].startswith("AUC of 1 seeds within")
    (comparison,) = found["comparisons"]
    assert comparison["goal"] == 20


def test_scores_that_differ_fail_the_row():
    results = {model_stacked.OURS: {"0": 0.5, "1": 0.9}, model_stacked.REFERENCE: {"0": 0.52}}
    with pytest.raises(ValueError, match=r"an AUC differs by 2\.0e-02"):
        model_stacked._same_scores(results)


def test_without_lightning_the_row_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(model_stacked.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(NotMeasured, match="needs Lightning"):
        model_stacked.row(Inputs(None, tmp_path, quick=True), torch.device("cpu"))


def test_a_row_of_minutes_asks_for_fewer_rounds_than_others(monkeypatch, tmp_path):
    calls = []
    long = Row("long", (1.0, "step"), {"ours": Contender(lambda: calls.append(1), 0.001)}, (), most_rounds=2)
    monkeypatch.setattr(measure, "prepare", lambda _, __: long)
    monkeypatch.setattr(measure, "time_in_turns", partial(time_in_turns, at_least=0.0))
    for asked, taken in ((7, 2), (1, 1)):
        found = measure.measure("cell", Inputs(None, tmp_path), rounds=asked)
        assert len(found["contenders"]["ours"]["wall"]) == taken
    assert len(calls) == 2 + 3  # before the rounds, every contender is called once
