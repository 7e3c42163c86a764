"""What lies in a folder is found, said and run as one sweep; a task that cannot be read is named."""

import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from genomask.experiment.sweeps import plan as planning
from genomask.experiment.sweeps.estimate import Estimate
from genomask.tasks.file_task import FileTask
from genomask.tasks.suites import Suite, candidates, main, suite_jobs

ROWS = "".join(f"{format(number, '05b').translate({48: 'AC', 49: 'GT'})}ACGTAC,{number % 2}\n" for number in range(20))


@pytest.fixture
def folder(tmp_path):
    for name in ("tf/0", "emp/H3"):
        for split in ("train", "dev", "test"):
            path = tmp_path / "suite" / name / f"{split}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"sequence,label\n{ROWS}")
    return tmp_path / "suite"


def test_every_folder_with_splits_is_a_task_with_its_path_as_its_name(folder):
    found = list(candidates(folder))
    assert [words["name"] for words in found] == ["emp_H3", "tf_0"]
    assert [words["dir"] for words in found] == [str(folder / "emp" / "H3"), str(folder / "tf" / "0")]


def test_a_folder_without_a_training_set_takes_its_other_split_as_the_pool(tmp_path):
    for split in ("dev", "test"):
        (tmp_path / f"{split}.csv").write_text(f"sequence,label\n{ROWS}")
    (found,) = candidates(tmp_path)
    assert found["pool"] == "dev"
    assert len(FileTask(**found).read().pool.labels) == 20


def test_a_table_of_places_is_said_to_need_a_genome(tmp_path):
    (tmp_path / "a.csv").write_text("id,region,start,end,strand\nx,chr1,0,5,+\n")
    with pytest.raises(ValueError, match=r"one column sequence; .*Places in a genome: task\.genome=FASTA"):
        FileTask("a", table=str(tmp_path / "a.csv")).read()


def test_a_folder_without_splits_has_a_task_in_each_table(tmp_path):
    for name in ("a.csv", "b.jsonl"):
        (tmp_path / name).write_text("x")
    (tmp_path / "README.md").write_text("x")
    assert [words["name"] for words in candidates(tmp_path)] == ["a", "b"]


def test_a_task_that_cannot_be_read_is_named_and_the_others_run(folder, capsys):
    (folder / "tf" / "0" / "test.csv").write_text("sequence,label\nACG!,1\n")
    jobs = suite_jobs(
        Suite("gue", str(folder), ["emp/H3", "tf/0", "virus/covid"]), [("shots=1", "seed=0"), ("shots=1", "seed=1")]
    )
    assert [job[0] for job in jobs] == ["task.name='emp_H3'"] * 2
    assert [job[-1] for job in jobs] == ["seed=0", "seed=1"]
    printed = capsys.readouterr().out
    assert "tf/0 is left out of the suite: " in printed
    assert "suite gue lacks virus/covid" in printed
    assert "suite  gue: 1 of 3 tasks below" in printed


def test_a_table_with_a_column_of_tasks_is_one_task_for_each(tmp_path, capsys):
    rows = [
        {"sequence": line[:11], "label": int(line[-1]), "task": "ab"[at % 3 == 0]}
        for at, line in enumerate(ROWS.split())
    ]
    (tmp_path / "data").mkdir()
    for split, part in (("train", rows), ("test", rows[::-1])):
        pq.write_table(pa.Table.from_pylist(part), tmp_path / "data" / f"{split}-00000-of-00001.parquet")
    found = list(candidates(tmp_path))
    assert [words["only"] for words in found] == ["task:a", "task:b"]
    task = FileTask(**found[1]).read()
    assert len(task.pool.labels) == len(task.test.labels) == 7
    assert "13 rows have another task than b" in (task.origin or {})["note"]
    assert main([str(tmp_path)]) == 0
    assert "task.only=task:a" in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"has no row whose task is c \(task\.only=task:c\)"):
        FileTask("c", dir=str(tmp_path), only="task:c").read()


def test_a_folder_of_no_task_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"holds no task that can be read; genomask tasks .* says why"):
        suite_jobs(Suite("folder", str(tmp_path)), [()])
    with pytest.raises(FileNotFoundError, match=r"suite\.dir=.*absent is no folder"):
        suite_jobs(Suite("folder", str(tmp_path / "absent")), [()])


def test_a_suite_is_one_sweep_of_all_its_tasks(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(planning, "estimate", lambda *_: Estimate({}, Counter(finetune=6)))
    words = ["suite=gue", f"suite.dir={folder}", "classifier=gc", "stage=finetune", "shots=2", "seed=range(3)"]
    assert planning.main([*words, f"paths.runs={tmp_path / 'runs'}"]) == 0
    assert "6 jobs in 2 cells, 0 done" in capsys.readouterr().out


def test_the_tool_says_what_a_table_holds_and_the_command_that_reads_it(tmp_path, capsys):
    (tmp_path / "all.jsonl").write_text(
        "\n".join(json.dumps({"seq": line.split(",")[0], "y": line.split(",")[1]}) for line in ROWS.split())
    )
    assert main([str(tmp_path / "all.jsonl")]) == 0
    printed = capsys.readouterr().out
    assert "columns: seq is the sequence, y is the label" in printed
    assert "of 16 bases" in printed
    assert "copies within the pool: " in printed
    assert f"task=csv task.name=all task.table={tmp_path / 'all.jsonl'}" in printed


def test_the_tool_names_what_cannot_be_read(tmp_path, capsys):
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    assert main([str(tmp_path / "bad.csv")]) == 1
    assert "cannot be read: " in capsys.readouterr().out
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        main([str(tmp_path / "absent")])
