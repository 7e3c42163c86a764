"""One configuration and one seed give the same numbers to the last bit; undefined scores cost no training."""

import json

import pytest

from genomask.store.files import sha256
from test_end_to_end import data, results, run  # noqa: F401  (a fixture)

TIMES = ("seconds", "throughput")


def numbers(runs) -> list[dict]:
    """All results without what a clock measured."""
    found = results(runs)
    for result in found:
        result.pop("seconds")
        result["pretraining"].pop("throughput", None)
    return found


def test_two_runs_on_a_cpu_agree_to_the_last_bit_and_say_that_they_would(data, tmp_path):  # noqa: F811
    for name in ("one", "other"):
        run(data, tmp_path / name, "finetune.save_model=true")
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


def test_a_test_set_of_one_class_is_refused_before_anything_is_trained_on(data, tmp_path):  # noqa: F811
    one_class = tmp_path / "one-class.csv"
    one_class.write_text("sequence,label\n" + "ACGTACGTACGT,1\n" * 4)
    with pytest.raises(
        ValueError, match=r"AUC needs every class in the test set; it has no row of class 0\. Give"
    ):
        run(data, tmp_path / "runs", f"task.test={one_class}", "classifier=majority")
    assert not list((tmp_path / "runs").glob("finetune/*/result.json"))
