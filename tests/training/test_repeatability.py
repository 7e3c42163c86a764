"""One configuration and one seed give the same numbers to the last bit; undefined scores cost no training."""

import json
from importlib import import_module

import pytest
import torch

from compose import composed
from genomask.files import sha256
from genomask.training.host import fixed_order, repeatability
from test_end_to_end import data, results, run  # noqa: F401  (a fixture)

TIMES = ("seconds", "throughput")


def numbers(runs) -> list[dict]:
    """All results without what a clock measured."""
    found = results(runs)
    for result in found:
        result.pop("seconds")
        result["pretraining"].pop("throughput", None)
    return found


def strictness(monkeypatch) -> list[bool]:
    """Whether operations without a fixed order were refused, at every step and when the test was scored."""
    found = []

    def noting(real):
        def noted(*arguments, **options):
            found.append(torch.are_deterministic_algorithms_enabled())
            return real(*arguments, **options)

        return noted

    for place in ("pretrain.module.loss_sum", "finetune.module.cross_entropy", "experiment.stages.classifier.score"):
        module, name = f"genomask.{place}".rsplit(".", 1)
        monkeypatch.setattr(f"{module}.{name}", noting(getattr(import_module(module), name)))
    return found


def test_two_runs_on_a_cpu_agree_to_the_last_bit_and_say_that_they_would(data, tmp_path, monkeypatch):  # noqa: F811
    found = strictness(monkeypatch)
    for name in ("one", "other"):
        run(data, tmp_path / name, "finetune.save_model=true")
    assert len(found) > 10
    assert all(found)
    assert not torch.are_deterministic_algorithms_enabled(), "torch is left as it was found"
    assert numbers(tmp_path / "one") == numbers(tmp_path / "other")
    (result,) = results(tmp_path / "one")
    assert result["repeatability"]["bit_for_bit"]
    assert result["repeatability"]["why_not"] is None
    for pattern in ("encoder/*/model.safetensors", "finetune/*/model/model.safetensors", "finetune/*/*.npy"):
        (first,), (second,) = (list((tmp_path / name).glob(pattern)) for name in ("one", "other"))
        assert sha256(first) == sha256(second), pattern
    found = json.loads(next((tmp_path / "one").glob("encoder/*/pretraining.json")).read_text())
    assert found["unknown_share"] == 0
    assert found["realised_masking_rate"] == pytest.approx(found["expected_masking_rate"], rel=0.2)


def test_an_operation_without_a_fixed_order_is_refused_within_a_training_alone():
    def put() -> None:
        torch.zeros(2).put_(torch.tensor([0, 0]), torch.tensor([1.0, 2.0]))

    put()
    with fixed_order(composed("trainer=cpu").config.trainer), pytest.raises(RuntimeError, match="deterministic"):
        put()
    put()


def test_a_result_of_a_gpu_says_why_it_may_not_repeat(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    for words, device, repeats in ((), "a GPU", False), (("trainer=cpu",), "cpu", True):
        config = composed(*words).config.trainer
        with fixed_order(config):
            said = repeatability(config)
        assert said["device"].startswith(device)
        assert said["bit_for_bit"] == repeats
        assert (said["why_not"] is None) == repeats
        assert (said["given"] is not None) == repeats


def test_a_test_set_of_one_class_is_refused_before_anything_is_trained_on(data, tmp_path):  # noqa: F811
    one_class = tmp_path / "one-class.csv"
    one_class.write_text("sequence,label\n" + "ACGTACGTACGT,1\n" * 4)
    with pytest.raises(ValueError, match=r"AUC needs every class in the test set; it has no row of class 0\. Give"):
        run(data, tmp_path / "runs", f"task.test={one_class}", "classifier=majority")
    assert not list((tmp_path / "runs").glob("finetune/*/result.json"))
