"""Every public layout, written by hand, is read to the same benchmark; nothing is dropped without a word."""

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from compose import composed
from genomask.alphabet import decode
from genomask.experiment.config.words import hydra_word
from genomask.experiment.stages.task import check_task
from genomask.tasks.arrays import describe, open_benchmark, write_benchmark
from genomask.tasks.examples import check_lengths
from genomask.tasks.file_task import FileTask

RNG = np.random.default_rng(7)
TEXTS = ["".join(RNG.choice(list("ACGT"), 20)) for _ in range(12)]
ROWS = [(text, str(number % 2)) for number, text in enumerate(TEXTS)]
SPLITS = {"train": ROWS[:8], "test": ROWS[8:]}


def rows_of(task):
    """(sequence, class) of pool and test set."""
    return {
        side: [
            (decode(part.bases[part.offsets[row] : part.offsets[row + 1]]), task.classes[part.labels[row]])
            for row in range(len(part.labels))
        ]
        for side, part in (("train", task.pool), ("test", task.test))
    }


def table(rows, *, names=("sequence", "label"), separator=","):
    return "\n".join(separator.join(cells) for cells in (names, *rows)) + "\n"


def write(path: Path, text: str | bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def write_parquet(path: Path, rows, names=("sequence", "label")) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    texts, labels = zip(*rows, strict=True)
    pq.write_table(pa.table({names[0]: list(texts), names[1]: [int(label) for label in labels]}), path)


def fasta(rows, header):
    return "".join(f">{header.format(number=n, label=label)}\n{text[:9]}\n{text[9:]}\n" for n, (text, label) in rows)


def gue(folder):
    for split, rows in SPLITS.items():
        write(folder / "GUE" / "tf" / "0" / f"{split}.csv", table(rows))
    return {"name": "tf/0", "dir": str(folder / "GUE")}


def dnabert(folder):
    for split, rows in zip(("train", "dev"), SPLITS.values(), strict=True):
        kmers = [(" ".join(text[at : at + 6] for at in range(15)), label) for text, label in rows]
        write(folder / f"{split}.tsv", table(kmers, separator="\t"))
    return {"dir": str(folder), "test": "dev"}


def nucleotide_transformer_fasta(folder):
    for split, rows in SPLITS.items():
        write(folder / "enhancers" / f"{split}.fna", fasta(enumerate(rows), "chr1:{number}00-{number}20|{label}"))
    return {"name": "enhancers", "dir": str(folder)}


def nucleotide_transformer_parquet(folder):
    for split, rows in SPLITS.items():
        write_parquet(folder / "data" / f"{split}-00000-of-00001.parquet", rows)
    return {"dir": str(folder)}


def parts_of_parquet(folder):
    for split, rows in SPLITS.items():
        half = len(rows) // 2
        for number, part in enumerate((rows[:half], rows[half:])):
            write_parquet(folder / split / f"part-{number}.parquet", part)
    return {side: str(folder / side) for side in SPLITS}


def genomic_benchmarks(folder):
    for split, rows in SPLITS.items():
        for number, (text, label) in enumerate(rows):
            write(folder / split / label / f"{number}.txt", text)
    return {"dir": str(folder)}


def geneb(folder):
    rows = [(text, label, split) for split, chosen in SPLITS.items() for text, label in chosen]
    return {"table": write(folder / "promoters.csv", table(rows, names=("text", "label", "split")))}


def json_lines(folder):
    for split, rows in SPLITS.items():
        lines = (json.dumps({"seq": text, "label": int(label)}) for text, label in rows)
        write(folder / f"{split}.jsonl", "\n".join(lines))
    return {side: str(folder / f"{side}.jsonl") for side in SPLITS}


def json_array(folder):
    for split, rows in SPLITS.items():
        records = [{"sequence": text, "y": label} for text, label in rows]
        write(folder / f"{split}.json.gz", gzip.compress(json.dumps(records, indent=1).encode()))
    return {side: str(folder / f"{side}.json.gz") for side in SPLITS}


def zstandard(folder):
    for split, rows in SPLITS.items():
        folder.mkdir(exist_ok=True)
        with pa.output_stream(str(folder / f"{split}.csv.zst"), compression="zstd") as file:
            file.write(table(rows, separator=";").encode())
    return {"dir": str(folder)}


def fasta_with_labels(folder):
    for split, rows in SPLITS.items():
        write(folder / f"{split}.fa", fasta(enumerate(rows), "read_{number} class={label} rest"))
    return {**{side: str(folder / f"{side}.fa") for side in SPLITS}, "label_from": r"class=(\d)"}


def fasta_for_each_class(folder):
    named = {}
    for split, rows in SPLITS.items():
        chosen = [[row for row in rows if row[1] == label] for label in "01"]
        named[split] = [
            write(folder / f"{split}{label}.fa", fasta(enumerate(part), "r{number}"))
            for label, part in enumerate(chosen)
        ]
    return named


def spreadsheet(folder):
    for split, rows in SPLITS.items():
        text = table([(f'"{text.lower()}"', label) for text, label in rows], separator="\t")
        write(folder / f"{split}.txt", text.replace("\n", "\r\n").encode("utf-16"))
    return {side: str(folder / f"{side}.txt") for side in SPLITS}


def without_header(folder):
    for split, rows in SPLITS.items():
        write(folder / f"{split}.csv", "".join(f"{label};{text}\n" for text, label in rows))
    return {**{side: str(folder / f"{side}.csv") for side in SPLITS}, "columns": ["label", "sequence"]}


def rna(folder):
    for split, rows in SPLITS.items():
        write(folder / f"{split}.csv", table([(text.replace("T", "U"), label) for text, label in rows]))
    return {**{side: str(folder / f"{side}.csv") for side in SPLITS}, "rna": True}


LAYOUTS = (
    gue, dnabert, nucleotide_transformer_fasta, nucleotide_transformer_parquet, parts_of_parquet, genomic_benchmarks,
    geneb, json_lines, json_array, zstandard, fasta_with_labels, fasta_for_each_class, spreadsheet, without_header, rna,
)  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_every_layout_is_read_to_the_same_benchmark(layout, tmp_path):
    settings = layout(tmp_path)
    task = FileTask(**{"name": "x"} | settings)
    found = rows_of(task.read())
    assert {side: sorted(rows) for side, rows in found.items()} == {side: sorted(rows) for side, rows in SPLITS.items()}
    assert task.fingerprint() == FileTask(**{"name": "x"} | settings).fingerprint()


def test_the_columns_that_were_found_are_said(tmp_path):
    rows = [(*row, "train" if number < 6 else " Test ") for number, row in enumerate(ROWS)]
    task = FileTask("x", table=write(tmp_path / "a.csv", table(rows, names=("Text", "y", "fold")))).read()
    assert task.origin is not None
    assert task.origin["note"] == "columns: text is the sequence, y is the label, fold is the split"
    assert (len(task.pool.labels), len(task.test.labels)) == (6, 6)


@pytest.mark.parametrize(
    ("names", "settings", "message"),
    [
        (("seq", "text", "label"), {}, r"seq and text could each be the sequence; say which: task\.sequence=NAME"),
        (("seq", "x", "y"), {"label": "z"}, r"line 1 needs one column z; found seq, x, y\. Another name: task\.label="),
        (("sequence", "label", "label"), {}, "line 1 needs one column label"),
    ],
)
def test_columns_that_are_not_clear_are_refused_with_their_names(tmp_path, names, settings, message):
    path = write(tmp_path / "a.csv", table([("ACGTACGT", "ACGT", "1")], names=names))
    with pytest.raises(ValueError, match=message):
        FileTask("x", path, path, **settings).read()


def test_a_table_without_a_header_is_refused_with_the_setting_that_names_its_columns(tmp_path):
    path = write(tmp_path / "a.csv", "".join(f"{text},{label}\n" for text, label in ROWS))
    with pytest.raises(
        ValueError, match=r"a\.csv has no header.*Name its 2 columns, .*task\.columns=\[sequence,label\]"
    ):
        FileTask("x", path, path).read()


def test_lines_that_are_not_json_are_faults_like_others(tmp_path):
    lines = ['{"sequence": "ACGT", "label": 1}', *['{"sequence": "ACGT",'] * 11, '{"sequence": "ACGT"}']
    path = write(tmp_path / "a.jsonl", "\n".join(lines))
    with pytest.raises(ValueError, match=r"12 of 13 rows cannot be read\. line 2: not JSON: .*line 11: .*; and 2 more"):
        FileTask("x", path, path).read()
    path = write(tmp_path / "b.jsonl", "{\n")
    with pytest.raises(ValueError, match=r"b\.jsonl, line 1: not JSON"):
        FileTask("x", path, path).read()


def test_the_first_ten_faults_are_shown_and_all_are_counted(tmp_path):
    lines = ["ACGTNACG,1"] * 3 + ["ACG-ACGT,0"] * 12 + ["ACG*,0"]
    path = write(tmp_path / "a.csv", "sequence,label\n" + "\n".join(lines))
    with pytest.raises(
        ValueError, match=r"a\.csv: 13 of 16 rows cannot be read\. line 5: .*line 14: .*; and 3 more"
    ) as refusal:
        FileTask("x", path, path).read()
    assert str(refusal.value).count("line ") == 10
    assert "(- at position 4; a gap)" in str(refusal.value)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("ACGUAC", r"U at position 4; write T for the U of RNA, or set task\.rna=true"),
        ("ACGT*", r"\* at position 5; a stop"),
        ("NNNNNN", "holds no A, C, G or T"),
        ("AAAAAAAAAA AAAAAAAAAA", "blanks only between overlapping k-mers of up to 8"),
        ("", "not a DNA sequence: ''"),
    ],
)
def test_a_cell_that_is_no_sequence_is_refused_with_its_reason(tmp_path, cell, message):
    path = write(tmp_path / "a.csv", table([("ACGTAC", "1"), (cell, "0")]))
    with pytest.raises(ValueError, match=rf"a\.csv, line 3: .*{message}"):
        FileTask("x", path, path).read()


def test_rows_of_other_splits_are_counted_and_said(tmp_path):
    rows = [(text, label, split) for (text, label), split in zip(ROWS, ["Train", " test ", "valid"] * 4, strict=True)]
    task = FileTask("x", table=write(tmp_path / "a.csv", table(rows, names=("sequence", "label", "split")))).read()
    assert task.origin is not None
    assert task.origin["left_out"] == {"whose split is valid": 4}
    assert task.origin["note"] == "left out of 12 rows: 4 whose split is valid"


def test_classes_are_in_numeric_order_signs_included(tmp_path):
    path = write(tmp_path / "a.csv", table([("ACGTACGT", "1"), ("ACGTTTTT", "-1"), ("CCGTACGT", "+0.5")]))
    assert FileTask("x", path, path).read().classes == ("-1", "+0.5", "1")


def test_the_same_file_for_training_and_testing_is_a_warning(tmp_path):
    path = write(tmp_path / "a.csv", table(ROWS))
    write_benchmark(FileTask("x", path, path).read(), tmp_path)
    assert any(line.startswith("warning: training and test set are the same files") for line in describe(tmp_path))


def test_rows_too_short_or_too_long_are_named_by_file_and_line_and_counted(tmp_path):
    rows = [("ACGTAC", "1"), ("ACG", "0"), ("AC", "1"), ("ACGTACGTACGT", "0")]
    path = write(tmp_path / "a.csv", table(rows))
    write_benchmark(FileTask("x", path, path).read(), tmp_path)
    task = open_benchmark(tmp_path)
    short = r"2 of 4 pool sequences are shorter than a token of 6 bases: a\.csv, line 3; a\.csv, line 4\."
    with pytest.raises(ValueError, match=short):
        check_lengths(task, shortest=6, longest=100, keep="refuse")
    long = r"1 of 4 pool sequences are longer than the 10 bases .*: a\.csv, line 5\. Set finetune\.crop=center"
    with pytest.raises(ValueError, match=long):
        check_lengths(task, shortest=2, longest=10, keep="refuse")
    check_lengths(task, shortest=2, longest=10, keep="start")


def test_several_labels_of_a_row_are_read_from_columns_or_from_one_cell(tmp_path):
    rows = [("ACGTAC", "1", "0"), ("ACGTTT", "1", "1"), ("ACGGGG", "0", "0")]
    columns = write(tmp_path / "a.csv", table(rows, names=("sequence", "dnase", "ctcf")))
    cell = write(tmp_path / "b.csv", table([("ACGTAC", "dnase"), ("ACGTTT", "ctcf;dnase"), ("ACGGGG", "")]))
    first = FileTask("x", columns, columns, kind="multilabel", label=["dnase", "ctcf"]).read()
    second = FileTask("x", cell, cell, kind="multilabel").read()
    for task in (first, second):
        assert task.classes == ("ctcf", "dnase")
        assert task.pool.targets is not None
        assert task.pool.targets.tolist() == [[0, 1], [1, 1], [0, 0]]
        write_benchmark(task, tmp_path)
        back = open_benchmark(tmp_path)
        assert back.kind == "multilabel"
        assert back.test.targets is not None
        assert back.test.targets.tolist() == task.pool.targets.tolist()


def test_numbers_are_targets_of_a_regression(tmp_path):
    path = write(tmp_path / "a.csv", table([("ACGTAC", "-1.5"), ("ACGTTT", "2")], names=("sequence", "target")))
    task = FileTask("x", path, path, kind="regression").read()
    assert task.pool.targets is not None
    assert task.pool.targets.tolist() == [[-1.5], [2.0]]
    bad = write(tmp_path / "b.csv", table([("ACGTAC", "high")]))
    with pytest.raises(ValueError, match=r"line 2: the label must be a finite number, not 'high'"):
        FileTask("x", bad, bad, kind="regression").read()


def test_the_old_name_of_the_column_of_splits_is_taken_with_a_warning(tmp_path, capsys):
    rows = [(*row, "train" if at % 3 else "test") for at, row in enumerate(ROWS)]
    path = write(tmp_path / "a.csv", table(rows, names=("sequence", "label", "side")))
    run = composed("task=split_table", "task.name=x", f"task.table={path}", hydra_word("task.column=side"))
    assert len(run.config.task.read().test.labels) == 4
    assert "task.column is called task.split now" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("row", "words", "message"),
    [
        ("ACG,0", (), r"1 of 13 pool sequences are shorter than a token of 6 bases: a\.csv, line 14\."),
        (f"{'ACGT' * 200},0", (), r"1 of 13 pool sequences are longer than the 515 bases .*: a\.csv, line 14\."),
        ("ACGTACGT,2", (), r"no row of class 2"),
        ("ACGTACGT,1", ("shots=7",), r"shots=7 needs 7 examples of every class"),
        ("ACGTXCGT,1", (), r"a\.csv, line 14: not a DNA sequence"),
    ],
)
def test_what_would_end_a_finetuning_is_found_before_anything_is_trained(tmp_path, row, words, message):
    path = write(tmp_path / "a.csv", table(ROWS) + row + "\n")
    test = write(tmp_path / "b.csv", table(ROWS))
    files = (f"task.train={path}", f"task.test={test}", f"paths.runs={tmp_path / 'runs'}", "shots=1")
    with pytest.raises(ValueError, match=message):
        check_task(composed("task=csv", *files, *words))
    assert not (tmp_path / "runs" / "encoder").exists()


@pytest.mark.parametrize("settings", [{}, {"train": "a"}, {"table": "a", "dir": "b"}])
def test_a_task_names_its_files_in_one_way(settings):
    with pytest.raises(ValueError, match=r"needs one of task\.train and task\.test, task\.table, task\.dir"):
        FileTask("x", **settings)
