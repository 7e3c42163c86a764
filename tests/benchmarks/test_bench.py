"""The benchmark: what it computes from times, what it refuses, and that contenders of its rows do the same work."""

import json
from functools import partial

import pytest

from benchmarks import __main__ as bench
from benchmarks import row as rows_of
from benchmarks.inputs import Inputs
from benchmarks.page import page
from benchmarks.row import Contender, NotMeasured, Row, Times, measure, ratio, time_in_turns


def row_of(check=lambda results: f"{len(results)} results", **settings):
    contenders = {"genomask": Contender(lambda: 1), "script": Contender(lambda: 1)}
    return Row("a row", (2.0, "Mb"), contenders, check, **settings)


@pytest.fixture
def rows(monkeypatch):
    """The rows that exist, for a test to fill."""
    made = {}
    monkeypatch.setattr(bench, "prepare", lambda name, inputs: made[name](inputs))
    monkeypatch.setattr(bench, "ROWS", made)
    monkeypatch.setattr(rows_of, "time_in_turns", partial(time_in_turns, at_least=0.001))
    return made


def test_a_ratio_is_taken_within_each_round():
    ours, other = Times([1.0, 2.0, 4.0], [1.0] * 3), Times([3.0, 10.0, 16.0], [6.0] * 3)
    assert ratio(ours, other) == {
        "wall": {"min": 3.0, "median": 4.0, "max": 5.0},
        "cpu": {"min": 6.0, "median": 6.0, "max": 6.0},
    }


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


def test_a_row_of_minutes_takes_fewer_rounds():
    calls = []
    long = Row("long", (1.0, "runs"), {"ours": Contender(lambda: calls.append(1), 0.001)}, most_rounds=2)
    record = measure(lambda: long, rounds=1)
    assert len(record["contenders"]["ours"]["wall"]) == 1
    record = measure(lambda: long, rounds=7)
    assert len(record["contenders"]["ours"]["wall"]) == 2


def test_a_row_whose_contenders_differ_fails_and_says_how(rows, tmp_path):
    def differ(_):
        raise ValueError("3 of 64 counts differ")

    rows["counts"] = lambda _: row_of(differ)
    assert bench.main(["counts", "--quick", "--json", str(tmp_path / "out.json")]) == 1
    (record,) = json.loads((tmp_path / "out.json").read_text())["rows"]
    assert (record["status"], record["why"]) == ("failed", "3 of 64 counts differ")


def test_the_page_says_why_a_row_or_a_contender_was_not_measured(rows, tmp_path):
    def no_bfloat16(_):
        raise NotMeasured("needs bfloat16 instructions")

    rows |= {"bf16": no_bfloat16, "counts": lambda _: row_of(missing={"KMC": "apt-get install kmc"})}
    file = tmp_path / "page.md"
    assert bench.main(["--quick", "--page", str(file)]) == 0
    text = file.read_text()
    assert "- `bf16`: not measured: needs bfloat16 instructions" in text
    assert "KMC was not measured (apt-get install kmc)." in text
    assert "Checked: 2 results." in text
    assert "figures mean nothing" in text


def test_new_figures_replace_those_of_the_same_row_on_the_same_machine_only(rows, tmp_path):
    rows |= {"first": lambda _: row_of(), "second": lambda _: row_of()}
    file = tmp_path / "out.json"
    bench.main(["--quick", "--json", str(file)])
    bench.main(["first", "--quick", "--rounds", "3", "--json", str(file)])
    record = json.loads(file.read_text())
    counts = {row["name"]: len(row["contenders"]["script"]["wall"]) for row in record["rows"]}
    assert counts == {"first": 3, "second": 2}
    record["machine"]["processor"] = "another one"
    file.write_text(json.dumps(record))
    with pytest.raises(ValueError, match=r"needs a file of this machine .*; found 'another one'"):
        bench.main(["first", "--quick", "--json", str(file)])


def test_a_page_is_written_again_from_its_files(rows, tmp_path):
    rows["first"] = lambda _: row_of()
    json_file, page_file = tmp_path / "out.json", tmp_path / "page.md"
    bench.main(["--quick", "--json", str(json_file), "--page", str(page_file)])
    text = page_file.read_text()
    page_file.write_text("mine")
    with pytest.raises(ValueError, match=r"page\.md is there already: give another name, or --overwrite"):
        bench.main(["--render", str(json_file), "--page", str(page_file)])
    bench.main(["--render", str(json_file), "--page", str(page_file), "--overwrite"])
    assert page_file.read_text() == text == page([json.loads(json_file.read_text())])


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["nothing"], "benchmarks needs one of .*counts.*; found 'nothing'"),
        (["counts", "--genome", "/none"], "--genome needs a FASTA file; found '/none'"),
        (["counts", "--rounds", "0"], "--rounds needs at least 1; found 0"),
    ],
)
def test_a_wrong_word_costs_one_line(words, problem):
    with pytest.raises(ValueError, match=problem):
        bench.main(words)


SLOW = ("default_run", "cell", "kshot")


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in bench.ROWS])
def test_contenders_of_a_row_do_the_same_work(name, tmp_path, monkeypatch):
    monkeypatch.setattr(rows_of, "time_in_turns", lambda contenders, **_: dict.fromkeys(contenders, Times([1], [1])))
    record = measure(partial(bench.prepare, name, Inputs(None, tmp_path, quick=True)), rounds=1)
    assert record["status"] == "measured", record["why"]


def test_a_wrong_word_on_the_command_line_shows_no_traceback():
    with pytest.raises(SystemExit, match="error: benchmarks needs one of"):
        bench.command(["nothing"])
