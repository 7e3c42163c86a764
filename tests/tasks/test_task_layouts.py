"""Benchmarks in the layouts of others are read as they are."""

import json
from collections import Counter

import numpy as np
import pytest

from compose import composed
from genomask.alphabet import decode
from genomask.experiment.stages.task import build_source
from genomask.tasks.arrays import describe, write_benchmark
from genomask.tasks.examples import benchmark, draw_episode
from genomask.tasks.file_task import FileTask

ROWS = [("ACGTACGT", "1"), ("GGGTTTCA", "0"), ("TTTTACGT", "1")]


def write_table(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("sequence,label\n" + "".join(f"{sequence},{label}\n" for sequence, label in rows))
    return str(path)


@pytest.fixture
def gue(tmp_path):
    for folder, rows in (("tf/0", ROWS), ("prom/prom_core_all", ROWS[::-1])):
        for split in ("train", "dev", "test"):
            write_table(tmp_path / "GUE" / folder / f"{split}.csv", rows)
    return tmp_path / "GUE"


def test_an_untouched_gue_folder_runs_under_a_name_with_a_slash(gue, tmp_path, capsys):
    run = composed(f"paths.runs={tmp_path / 'runs'}", "task=gue", "task.name=tf/0", f"task.dir={gue}")
    directory = build_source(run)
    assert directory.parent == tmp_path / "runs" / "task"
    assert directory.name.startswith("tf_0-")
    said = capsys.readouterr().out
    assert "read from files at hand" in said
    assert "pool: 3 rows (1/2) of 8 bases, GC 0.500/0.375" in said


def test_gue_is_found_in_its_own_folder_or_the_one_above_and_is_the_folder_task(gue):
    inside, above = (FileTask("prom/prom_core_all", dir=str(folder)) for folder in (gue, gue.parent))
    plain = FileTask("x", dir=str(gue / "prom" / "prom_core_all"))
    assert inside.fingerprint() == above.fingerprint() == plain.fingerprint()
    assert inside.fingerprint() != FileTask("tf/0", dir=str(gue)).fingerprint()


def test_a_task_that_gue_has_not_is_refused_with_those_it_has(gue):
    with pytest.raises(FileNotFoundError, match=r"no folder tf/9.*folders with tables: prom/prom_core_all, tf/0"):
        FileTask("tf/9", dir=str(gue)).read()


def test_dnaberts_dev_table_is_the_test_set(tmp_path):
    kmers = [" ".join(text[start : start + 3] for start in range(6)) for text, _ in ROWS]
    for split, rows in (("train", ROWS), ("dev", ROWS[:2])):
        lines = [f"{text}\t{label}\n" for text, (_, label) in zip(kmers, rows, strict=False)]
        (tmp_path / f"{split}.tsv").write_text("sequence\tlabel\n" + "".join(lines))
    config = composed("task=dnabert", f"task.dir={tmp_path}").config
    task = config.task.read()
    assert (len(task.pool.labels), len(task.test.labels)) == (3, 2)
    assert decode(task.test.bases) == "".join(text for text, _ in ROWS[:2])


def test_a_few_shot_file_of_splice_40_is_a_pool_of_ten_draws(tmp_path):
    draw = np.random.default_rng(0)
    for name, rows in (("train_splice40_10.tsv", 300), ("test.tsv", 30)):
        texts = ["".join(draw.choice(list("ACGT"), 40)) for _ in range(rows)]
        kmers = [" ".join(text[start : start + 6] for start in range(35)) for text in texts]
        lines = [f'"{text}"\t"{number % 3}"\n' for number, text in enumerate(kmers)]
        (tmp_path / name).write_text("sequence\tlabel\n" + "".join(lines))
    files = (f"task.train={tmp_path / 'train_splice40_10.tsv'}", f"task.test={tmp_path / 'test.tsv'}")
    task = composed("task=splice_40", *files).config.task.read()
    assert np.bincount(task.pool.labels).tolist() == [100] * 3
    assert set(task.pool.lengths.tolist()) == {40}
    draws = [draw_episode(task.pool.labels, task="splice_40", shots=10, seed=seed) for seed in range(10)]
    assert all(np.bincount(task.pool.labels[rows]).tolist() == [10] * 3 for rows in draws)
    assert len(set(np.concatenate(draws).tolist())) > 150


def test_a_silencer_and_the_negative_made_of_it_are_on_one_side(tmp_path):
    draw = np.random.default_rng(0)
    texts = ["".join(draw.choice(list("ACGT"), length)) for length in [*range(100, 300, 2), 301, 400]]
    (tmp_path / "silencers.fa").write_text("".join(f">{number}\n{text}\n" for number, text in enumerate(texts)))
    task = composed("task=silencer", f"task.table={tmp_path / 'silencers.fa'}").config.task.read()
    assert np.bincount(task.pool.labels).tolist() == [90, 90]
    assert np.bincount(task.test.labels).tolist() == [10, 10]
    assert "2 longer than task.longest=300" in (task.origin or {})["note"]
    for part in (task.pool, task.test):
        rows = np.split(part.bases, part.offsets[1:-1])
        for silencer, negative in zip(rows[::2], rows[1::2], strict=True):
            assert 0.4 < (silencer == negative).mean() < 0.95


def test_pool_and_test_set_cannot_be_one_split(tmp_path):
    with pytest.raises(ValueError, match="two different splits; found 'dev'"):
        FileTask("x", dir=str(tmp_path), pool="dev", test="dev")


@pytest.fixture
def folders(tmp_path):
    for split in ("train", "test"):
        for name, text in (("negative", "ACGTT"), ("positive", "GGGCC")):
            for number in range(2):
                path = tmp_path / split / name / f"{split}_{name}_{number}.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text + "A" * number)
    return tmp_path


def test_folders_of_genomic_benchmarks_are_classes(folders):
    task = FileTask("x", dir=str(folders)).read()
    assert task.classes == ("negative", "positive")
    assert decode(task.pool.bases) == "ACGTTACGTTAGGGCCGGGCCA"
    assert task.pool.labels.tolist() == task.test.labels.tolist() == [0, 0, 1, 1]


def test_every_file_of_genomic_benchmarks_shapes_the_identity(folders):
    before = FileTask("x", dir=str(folders)).fingerprint()
    (folders / "test" / "negative" / "test_negative_0.txt").write_text("ACGTC")
    after = FileTask("x", dir=str(folders)).fingerprint()
    assert before["train"] == after["train"]
    assert before["test"] != after["test"]


@pytest.mark.parametrize("text", ["", "ACG T", ">a\nACG"])
def test_a_file_of_genomic_benchmarks_that_is_no_sequence_is_named(folders, text):
    (folders / "train" / "negative" / "train_negative_0.txt").write_text(text)
    with pytest.raises(ValueError, match=r"train_negative_0\.txt.* (one|a) DNA sequence"):
        FileTask("x", dir=str(folders)).read()


def test_a_folder_without_splits_is_refused(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"needs one file train\.csv.* or a folder train with a folder or file for each"
    ):
        FileTask("x", dir=str(tmp_path)).fingerprint()


def test_one_table_is_taken_apart_by_its_column_and_keeps_its_places(tmp_path):
    lines = ["split,sequence,label,chrom,start,end,strand"]
    for split, (text, label) in zip(("train", "test", "train", "test"), [*ROWS, ROWS[1]], strict=True):
        lines.append(f"{split},{text},{label},chr1,{len(lines)},{len(lines) + 8},-")
    (tmp_path / "all.csv").write_text("\n".join(lines))
    columns = ["chrom", "start", "end", "strand"]
    whole = FileTask("x", table=str(tmp_path / "all.csv"), places=columns)
    with pytest.raises(ValueError, match="at least two classes"):  # both train rows are of class 1
        whole.read()
    (tmp_path / "all.csv").write_text("\n".join(lines).replace(f"train,{ROWS[2][0]},1", f"train,{ROWS[2][0]},0"))
    with pytest.raises(ValueError, match="rows that say validation"):
        FileTask("x", table=str(tmp_path / "all.csv"), test="validation").read()
    (tmp_path / "all.csv").write_text((tmp_path / "all.csv").read_text().replace("test", "held"))
    task = FileTask("x", table=str(tmp_path / "all.csv"), test="held", places=columns).read()
    assert [place.start for place in task.pool.places] == [1, 3]
    assert [place[:1] + place[2:] for place in task.test.places] == [("chr1", 10, "-"), ("chr1", 12, "-")]
    assert decode(task.test.bases) == ROWS[1][0] * 2


def test_a_table_without_the_column_of_splits_is_refused(tmp_path):
    path = write_table(tmp_path / "a.csv", ROWS)
    with pytest.raises(ValueError, match=r"a\.csv line 1 needs .*one column split; found sequence, label"):
        FileTask("x", table=path, split="split").read()


def test_what_is_written_says_counts_lengths_composition_and_checksums(tmp_path):
    path = write_table(tmp_path / "a.csv", [*ROWS, ("GGCN", "0")])
    write_benchmark(FileTask("x", path, path).read(), tmp_path)
    found = json.loads((tmp_path / "benchmark.json").read_text())
    assert found["pool"]["rows_by_class"] == {"0": 2, "1": 2}
    assert found["pool"]["lengths"] == {"4": 1, "8": 3}
    assert found["pool"]["gc_by_class"] == {"0": round(7 / 11, 4), "1": 0.375}
    assert found["pool"]["not_acgt"] == 1
    assert found["origin"]["source"] == "read from files at hand"
    assert [set(file) for file in found["origin"]["files"]] == [{"name", "bytes", "sha256"}] * 2
    assert describe(tmp_path)[-1] == "test: 4 rows (2/2) of 4-8 bases, GC 0.636/0.375"


def test_many_lengths_are_shown_in_bins_that_hold_every_row(tmp_path):
    rows = [("A" * (10 + number), str(number % 2)) for number in range(97)]
    write_benchmark(benchmark(rows, rows), tmp_path)
    found = json.loads((tmp_path / "benchmark.json").read_text())["pool"]["lengths"]
    assert len(found) == 20
    assert sum(found.values()) == 97
    assert Counter(value > 0 for value in found.values()) == {True: 20}


def test_a_benchmark_of_an_earlier_version_is_described_too(tmp_path):
    part = {"rows": 2, "rows_by_class": {"0": 1, "1": 1}, "bases": {"shortest": 4, "median": 4, "longest": 4}}
    (tmp_path / "benchmark.json").write_text(json.dumps({"classes": ["0", "1"], "pool": part, "test": part}))
    assert describe(tmp_path) == ["pool: 2 rows (1/1) of 4 bases", "test: 2 rows (1/1) of 4 bases"]
