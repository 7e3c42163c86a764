"""Benchmarks: files of many kinds become rows, rows become arrays, arrays become episodes."""

import csv
import gzip
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genomask.alphabet import decode, encode
from genomask.tasks.arrays import open_benchmark, write_benchmark
from genomask.tasks.datamodule import EpisodeDataModule
from genomask.tasks.examples import benchmark, crop, draw_episode, pack
from genomask.tasks.file_task import FileTask
from genomask.tasks.readers import join_kmers, read_rows

ROWS = [("ACGTACGT", "1"), ("GGGTTTNA", "0")]
DNA = st.text("ACGT", min_size=6, max_size=40)


def kmers(sequence: str, k: int = 6) -> str:
    return " ".join(sequence[start : start + k] for start in range(len(sequence) - k + 1))


def pairs(path):
    """(sequence, label) of every row of a file."""
    return [(row.sequence, row.label) for row in read_rows(path)]


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("write", [str, kmers])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_tables_of_every_kind_give_the_same_rows(tmp_path, separator, packed, write, quoting):
    path = tmp_path / ("table.gz" if packed else "table")
    with (gzip.open if packed else open)(path, "wt", newline="") as handle:
        table = csv.writer(handle, delimiter=separator, quoting=quoting)
        table.writerows([("sequence", "label"), *((write(sequence), label) for sequence, label in ROWS)])
    assert pairs(path) == ROWS


@given(DNA)
def test_kmers_join_to_the_sequence_they_were_cut_from(sequence):
    assert join_kmers(kmers(sequence)) == sequence
    assert join_kmers(sequence) == sequence


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("name,label\nACGT,1\n", "line 1 needs one column sequence"),
        ("sequence,label\nACGT,1\nACG!,0\n", "line 3: not a DNA sequence: 'ACG!'"),
        ("sequence,label\nACGT\n", "line 2: the row has 1 columns, the header 2"),
        ("sequence,label\nACGT,\n", "line 2: the row needs a label of up to 100 characters; found ''"),
        ("sequence,label\nACGTAC TTTTTT,1\n", "line 2: k-mers 'ACGTAC' and 'TTTTTT' do not overlap"),
        ('sequence,label\n"ACGT,1\n', "line 2"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"bad.csv.*{message}"):
        read_rows(path)


def test_a_truncated_gzip_table_is_an_error(tmp_path):
    whole = gzip.compress(b"sequence,label\n" + b"ACGTTGCA,1\n" * 1000)
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"cut\.csv\.gz, line \d+: the file is truncated or damaged"):
        read_rows(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*absent\.csv"):
        read_rows(tmp_path / "absent.csv")


def test_labels_become_class_indices_in_numeric_order():
    rows = [("ACGT", "10"), ("ACGT", "9"), ("ACGT", "x")]
    task = benchmark(rows, rows)
    assert task.classes == ("9", "10", "x")
    assert task.pool.labels.tolist() == [1, 0, 2]


def test_a_test_label_without_training_examples_is_an_error():
    with pytest.raises(ValueError, match=r"labels that the pool has not: \['2'\]"):
        benchmark(ROWS, [("ACGT", "2")])


def test_a_pool_of_one_class_is_an_error():
    with pytest.raises(ValueError, match="at least two classes"):
        benchmark(ROWS[:1], ROWS)


@given(st.lists(DNA, min_size=1, max_size=8))
def test_padding_keeps_every_sequence(sequences):
    examples = pack(map(encode, sequences), np.zeros(len(sequences), dtype=np.int64))
    padded = examples.padded(np.arange(len(sequences)))
    assert [decode(row)[: len(text)] for row, text in zip(padded, sequences, strict=True)] == sequences
    assert (padded == 4).sum() == padded.size - sum(map(len, sequences))


def test_a_benchmark_survives_the_disk(tmp_path):
    task = benchmark(ROWS * 3, ROWS)
    write_benchmark(task, tmp_path)
    back = open_benchmark(tmp_path)
    assert back.classes == task.classes
    for part in ("pool", "test"):
        for written, read in zip(getattr(task, part), getattr(back, part), strict=True):
            np.testing.assert_array_equal(written, read)


@pytest.mark.parametrize(("keep", "kept"), [("start", "AAAC"), ("center", "ACCC")])
def test_long_sequences_are_cropped_where_the_setting_says(keep, kept):
    task = benchmark([("AAACCCGGG", "0"), ("ACG", "1")], ROWS)
    pool = crop(task, longest=4, keep=keep).pool
    assert decode(pool.bases[pool.offsets[0] : pool.offsets[1]]) == kept
    assert pool.lengths.tolist() == [4, 3]


def test_long_sequences_are_refused_unless_a_crop_is_chosen():
    with pytest.raises(ValueError, match=r"2 of 2 pool sequences are longer than the 4 bases .*finetune\.crop=center"):
        crop(benchmark(ROWS, ROWS), longest=4, keep="refuse")


LABELS = np.repeat([0, 1, 2], [30, 40, 50])


@given(shots=st.integers(1, 30), seed=st.integers(0, 2**40))
def test_an_episode_is_balanced_and_without_repeats(shots, seed):
    rows = draw_episode(LABELS, task="toy", shots=shots, seed=seed)
    assert Counter(LABELS[rows].tolist()) == {0: shots, 1: shots, 2: shots}
    assert len(set(rows.tolist())) == 3 * shots


def test_an_episode_depends_on_task_shots_and_seed_alone():
    def draw(**changed):
        return draw_episode(LABELS, **{"task": "toy", "shots": 5, "seed": 0} | changed).tolist()

    assert draw() == draw()
    assert draw() != draw(seed=1)
    assert draw() != draw(task="other")
    assert draw(shots=6)[:5] != draw()[:5]


def test_episodes_of_many_seeds_visit_every_example_equally():
    visits = np.zeros(len(LABELS))
    for seed in range(2000):
        visits[draw_episode(LABELS, task="toy", shots=15, seed=seed)] += 1
    expected = 2000 * 15 / np.array([30, 40, 50])[LABELS]
    deviation = (visits - expected) / np.sqrt(expected * (1 - 15 / np.array([30, 40, 50])[LABELS]))
    assert np.abs(deviation).max() < 4.5  # 120 standard normals stay below this but once in 1,200 tries


def test_more_shots_than_examples_is_an_error():
    with pytest.raises(ValueError, match="shots=31 needs 31 examples of every class; task toy has 30"):
        draw_episode(LABELS, task="toy", shots=31, seed=0)


def test_full_takes_the_whole_pool():
    assert draw_episode(LABELS, task="toy", shots=None, seed=0).tolist() == list(range(120))


def test_an_epoch_shows_every_example_once_in_an_order_of_the_seed():
    task = benchmark([("ACGTAC" + "A" * n, str(n % 2)) for n in range(7)], ROWS)

    def orders(seed):
        data = EpisodeDataModule(task, np.arange(7), batch_size=3, evaluation_batch=2, seed=seed)
        loader = data.train_dataloader()
        return [[row for batch in loader for row in batch.rows.tolist()] for _ in range(2)]

    first, second = orders(0)
    assert sorted(first) == sorted(second) == list(range(7))
    assert first != second
    assert orders(0) == [first, second]
    assert orders(1) != [first, second]


def test_the_test_set_comes_longest_first_and_whole():
    task = benchmark(ROWS, [("ACGT", "0"), ("ACGTACG", "1"), ("ACGTA", "1")])
    data = EpisodeDataModule(task, np.arange(2), batch_size=1, evaluation_batch=2, seed=0)
    batches = list(data.test_dataloader())
    assert [batch.lengths.tolist() for batch in batches] == [[7, 5], [4]]
    assert [batch.rows.tolist() for batch in batches] == [[1, 2], [0]]


def write_table(path, rows):
    path.write_text("sequence,label\n" + "".join(f"{sequence},{label}\n" for sequence, label in rows))
    return str(path)


def test_a_table_task_is_known_by_its_content_not_by_its_path(tmp_path):
    a, b = (write_table(tmp_path / name, ROWS) for name in ("a.csv", "b.csv"))
    other = write_table(tmp_path / "other.csv", ROWS[::-1])
    assert FileTask("t", a, a).fingerprint() == FileTask("t", b, a).fingerprint()
    assert FileTask("t", a, a).fingerprint() != FileTask("t", other, a).fingerprint()


def test_a_folder_task_draws_its_pool_from_the_split_that_is_named(tmp_path):
    write_table(tmp_path / "dev.csv", ROWS)
    write_table(tmp_path / "test.csv", ROWS[:1])
    task = FileTask("t", dir=str(tmp_path), pool="dev").read()
    assert (len(task.pool.labels), len(task.test.labels)) == (2, 1)
    with pytest.raises(
        FileNotFoundError,
        match=r"needs one file train\.csv.*found: dev\.csv, test\.csv\. Another split: task\.pool=dev",
    ):
        FileTask("t", dir=str(tmp_path)).read()


def test_fasta_files_give_one_class_each(tmp_path):
    for name, sequence in (("no.fa", "ACGTAC"), ("yes.fa", "GGGGGG")):
        (tmp_path / name).write_text(f">a\n{sequence}\n>b\n{sequence}\n")
    files = [str(tmp_path / "no.fa"), str(tmp_path / "yes.fa")]
    task = FileTask("t", files, files).read()
    assert task.pool.labels.tolist() == [0, 0, 1, 1]
    assert decode(task.pool.bases) == "ACGTACACGTACGGGGGGGGGGGG"


def test_real_benchmark_files_have_their_known_counts(shared_data):
    task = FileTask("prom_core", dir=str(shared_data / "prom_core")).read()
    assert (len(task.pool.labels), len(task.test.labels)) == (47_356, 5_920)
    assert set(task.test.lengths.tolist()) == {70}


def test_the_published_kshot_files_are_read_as_they_are(shared_data):
    rows = pairs(shared_data / "cohn_enh" / "kmer_10shot_train.tsv.gz")
    assert Counter(label for _, label in rows) == {"0": 10, "1": 10}
    assert {len(sequence) for sequence, _ in rows} == {500}
