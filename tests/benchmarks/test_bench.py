"""The benchmark: what it computes from times, what it refuses, and that its rows compute what they claim."""

import json

import pytest

from benchmarks import measure, registry, tool
from benchmarks.clock import Times, time_in_turns
from benchmarks.inputs import Inputs
from benchmarks.measure import compare
from benchmarks.page import page
from benchmarks.row import Comparison, Contender, NotMeasured, Row


def row_of(check=lambda results: f"{len(results)} results", **settings):
    contenders = {"genomask": Contender(lambda: 1), "script": Contender(lambda: 1)}
    comparisons = (Comparison("genomask", "script", 0.001), Comparison("genomask", None, 1e-12))
    return Row("a row", (2.0, "Mb"), contenders, comparisons, check, **settings)


@pytest.fixture
def rows(monkeypatch):
    """The rows that there are, for a test to fill."""
    made = {}
    monkeypatch.setattr(measure, "prepare", lambda name, inputs: made[name](inputs))
    monkeypatch.setattr(tool, "ROWS", made)
    return made


def test_a_ratio_is_taken_within_each_round():
    times = {"ours": Times([1.0, 2.0, 4.0], [1.0] * 3), "other": Times([3.0, 10.0, 16.0], [6.0] * 3)}
    found = compare(Comparison("ours", "other", 4), times, "wall")
    assert found["wall"] == {"min": 3.0, "median": 4.0, "max": 5.0}
    assert found["cpu"] == {"min": 6.0, "median": 6.0, "max": 6.0}
    assert found["met"] is True
    assert compare(Comparison("ours", "other", 4.1), times, "wall")["met"] is False
    assert compare(Comparison("ours", None, 1.9), times, "wall")["met"] is False
    assert compare(Comparison("ours", None, 2.0), times, "wall")["met"] is True


def test_contenders_take_turns_and_a_share_of_the_work_counts_as_such():
    turns = []
    contenders = {
        "whole": Contender(lambda: turns.append("whole")),
        "tenth": Contender(lambda: turns.append("tenth"), 0.1),
    }
    times = time_in_turns(contenders, rounds=2, at_least=0.0)
    assert turns == ["whole", "tenth", "tenth", "whole"]
    assert [len(taken.wall) for taken in times.values()] == [2, 2]
    slow = {"part": Contender(lambda: sum(range(100_000)), 0.001)}
    assert time_in_turns(slow, rounds=1, at_least=0.0)["part"].wall[0] > 0.1


def test_a_row_whose_contenders_differ_fails_and_says_how(rows, tmp_path):
    def differ(_):
        raise ValueError("3 of 64 counts differ")

    rows["counts"] = lambda _: row_of(differ)
    assert tool.main(["counts", "--quick", "--json", str(tmp_path / "out.json")]) == 1
    (found,) = json.loads((tmp_path / "out.json").read_text())["rows"]
    assert (found["status"], found["why"]) == ("failed", "3 of 64 counts differ")


def test_what_cannot_be_measured_says_why_on_the_page(rows, tmp_path):
    def no_gpu(_):
        raise NotMeasured("needs a CUDA device")

    rows |= {"gpu": no_gpu, "counts": lambda _: row_of(missing={"KMC": "apt-get install kmc"})}
    file = tmp_path / "page.md"
    assert tool.main(["--quick", "--page", str(file)]) == 0
    text = file.read_text()
    assert "- `gpu`: needs a CUDA device" in text
    assert "| KMC | not measured: apt-get install kmc |" in text
    assert "**missed**" in text
    assert "2 results" in text


def test_new_figures_replace_those_of_the_same_row_on_the_same_machine_only(rows, tmp_path):
    rows |= {"first": lambda _: row_of(), "second": lambda _: row_of()}
    file = tmp_path / "out.json"
    tool.main(["--quick", "--json", str(file)])
    tool.main(["first", "--quick", "--rounds", "3", "--json", str(file)])
    found = json.loads(file.read_text())
    counts = {row["name"]: len(row["contenders"]["script"]["wall"]) for row in found["rows"]}
    assert counts == {"first": 3, "second": 2}
    found["machine"]["processor"] = "another one"
    file.write_text(json.dumps(found))
    with pytest.raises(ValueError, match=r"needs a file of this machine .*; found 'another one'"):
        tool.main(["first", "--quick", "--json", str(file)])


def test_a_page_is_written_again_from_its_files(rows, tmp_path):
    rows["first"] = lambda _: row_of()
    json_file, page_file = tmp_path / "out.json", tmp_path / "page.md"
    tool.main(["--quick", "--json", str(json_file), "--page", str(page_file)])
    text = page_file.read_text()
    page_file.unlink()
    tool.main(["--render", str(json_file), "--page", str(page_file)])
    assert page_file.read_text() == text == page([json.loads(json_file.read_text())], ["first"])


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["nothing"], "bench needs one of .*pmi.*; found 'nothing'"),
        (["pmi", "--genome", "/none"], "--genome needs a FASTA file; found '/none'"),
        (["pmi", "--rounds", "0"], "--rounds needs at least 1; found 0"),
    ],
)
def test_a_wrong_word_costs_one_line(words, problem):
    with pytest.raises(ValueError, match=problem):
        tool.main(words)


SLOW = ("counts", "counts_fasta", "pmi_all", "help")
DATA_ROWS = [name for name, place in registry.ROWS.items() if ".model_" not in place]


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in DATA_ROWS])
def test_contenders_of_every_data_row_compute_the_same(name, tmp_path):
    found = measure.measure(name, Inputs(None, tmp_path, quick=True), rounds=1)
    assert found["status"] != "failed", found["why"]
