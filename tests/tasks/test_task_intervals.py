"""Places in a genome become sequences, negatives are made as they are named, and held-out test sets hold."""

from collections import Counter
from itertools import pairwise, permutations, zip_longest
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genomask.alphabet import decode, encode
from genomask.genome.encoded import open_genome, write_genome
from genomask.genome.places import Place
from genomask.tasks.file_task import FileTask
from genomask.tasks.leaks import LeakSettings, find_leaks
from genomask.tasks.negatives import match_windows, replace_parts, shuffle_dinucleotides
from genomask.tasks.readers import Row
from genomask.tasks.split import SplitRule, hold_out

RNG = np.random.default_rng(3)
CHROMOSOMES = {name: RNG.integers(4, size=6_000, dtype=np.uint8) for name in ("chr1", "chr8", "chr9")}
TURNED = str.maketrans("ACGT", "TGCA")
STARTS = range(100, 3_100, 300)


@pytest.fixture
def genome(tmp_path):
    (tmp_path / "genome").mkdir()
    write_genome(((name, [bases]) for name, bases in CHROMOSOMES.items()), tmp_path / "genome")
    return open_genome(tmp_path / "genome")


def text_of(place):
    text = decode(CHROMOSOMES[place.record][place.start : place.stop])
    return text.translate(TURNED)[::-1] if place.strand == "-" else text


def texts(examples):
    return [decode(row) for row in np.split(np.asarray(examples.bases), examples.offsets[1:-1])]


def bed(tmp_path, name, records=CHROMOSOMES, rest="peak{n}\t5\t{strand}"):
    lines = ["track name=x", "# a comment"]
    for number, (record, start) in enumerate((record, start) for record in records for start in STARTS):
        cells = rest.format(n=number, strand="+-"[number % 2])
        lines.append(f"{record.removeprefix('chr')}\t{start}\t{start + 40}\t{cells}")
    (tmp_path / name).write_text("\n".join(lines) + "\n")
    return str(tmp_path / name)


def test_bed_files_for_each_class_are_cut_by_any_names_of_chromosomes(tmp_path, genome):
    files = [bed(tmp_path, "no.bed", ["chr1"]), bed(tmp_path, "yes.bed", ["chr8"])]
    task = FileTask("x", files, files, genome="x").read(genome)
    assert texts(task.pool) == [text_of(place._replace(record=f"chr{place.record}")) for place in task.pool.places]
    assert Counter(task.pool.labels.tolist()) == {0: 10, 1: 10}


def test_a_table_of_places_has_labels_splits_and_strands_in_columns(tmp_path, genome):
    lines = ["chromosome\tstart\tend\tsplit\tlabel"]  # as BEND writes its BED files
    for number, start in enumerate(STARTS):
        lines.append(
            f"chr1\t{start}\t{start + 40}\t{('train', 'train', 'test', 'valid', 'test')[number % 5]}\t{number % 2}"
        )
    (tmp_path / "a.bed").write_text("\n".join(lines))
    task = FileTask("x", table=str(tmp_path / "a.bed"), genome="x").read(genome)
    assert (len(task.pool.labels), len(task.test.labels)) == (4, 4)
    assert texts(task.pool)[0] == decode(CHROMOSOMES["chr1"][100:140])
    assert task.origin is not None
    assert task.origin["left_out"] == {"whose split is valid": 2}


def test_places_are_centered_on_the_summits_of_narrow_peaks(tmp_path, genome):
    path = bed(tmp_path, "a.narrowPeak", ["chr1"], rest="p\t0\t.\t1\t1\t1\t7")
    task = FileTask("x", table=path, genome="x", bases=10, negatives="shuffled", test_share=0.2).read(genome)
    assert {place.start % 300 for side in (task.pool, task.test) for place in side.places} == {100 + 7 - 5}
    assert set(task.pool.lengths.tolist()) == {10}


def test_places_that_the_genome_lacks_are_counted(tmp_path, genome):
    (tmp_path / "a.csv").write_text(
        "chrom,start,end,label\nchr1,0,20,1\nchr1,50,70,0\nchr1,5990,6010,0\nchrUn,0,20,1\nchr8,0,20,1\n"
    )
    path = str(tmp_path / "a.csv")
    task = FileTask("x", path, path, genome="x").read(genome)
    assert task.origin is not None
    assert task.origin["rows_read"] == 10
    assert sum(task.origin["left_out"].values()) == 4
    assert len(task.pool.labels) == 3


def test_matched_negatives_are_windows_of_the_same_chromosome_length_and_gc_apart_from_all_positives(tmp_path, genome):
    table = bed(tmp_path, "a.bed")
    task = FileTask("x", table=table, genome="x", negatives="matched", holdout=["8", "chr9"]).read(genome)
    for part in (task.pool, task.test):
        rows, places = texts(part), part.places
        assert part.labels.tolist() == [1, 0] * (len(rows) // 2)
        assert rows == [text_of(place._replace(record="chr" + place.record.removeprefix("chr"))) for place in places]
        for row in range(0, len(rows), 2):
            positive, negative = places[row], places[row + 1]
            assert negative.record.removeprefix("chr") == positive.record.removeprefix("chr")
            assert not any(start - 40 < negative.start < start + 40 for start in STARTS)
            counts = [sum(letter in "GC" for letter in text) for text in rows[row : row + 2]]
            assert abs(counts[0] - counts[1]) / 40 <= 0.02
    assert {place.record.removeprefix("chr") for place in task.pool.places} == {"1"}
    assert {place.record.removeprefix("chr") for place in task.test.places} == {"8", "9"}


def test_a_positive_without_a_matching_window_has_none(genome):
    positives = [encode("G" * 40)]
    places = [Place("chr1", 0, 40, "+")]
    assert match_windows(positives, places, places, genome, np.random.default_rng(0)) == [None]


@given(st.text("ACGT", min_size=1, max_size=60), st.integers(0, 5))
def test_a_shuffle_keeps_every_dinucleotide_and_both_ends(text, seed):
    shuffled = decode(shuffle_dinucleotides(encode(text), np.random.default_rng(seed)))
    assert Counter(pairwise(shuffled)) == Counter(pairwise(text))
    assert (shuffled[0], shuffled[-1]) == (text[0], text[-1])


def test_all_sequences_with_the_same_dinucleotides_are_equally_frequent():
    text, draw = "ACAGATCA", np.random.default_rng(0)
    possible = {"".join(one) for one in permutations(text) if Counter(pairwise(one)) == Counter(pairwise(text))}
    possible = {one for one in possible if (one[0], one[-1]) == (text[0], text[-1])}
    found = Counter(decode(shuffle_dinucleotides(encode(text), draw)) for _ in range(3_000))
    assert set(found) == possible
    assert len(possible) > 3
    expected = 3_000 / len(possible)
    assert all(abs(count - expected) < 5 * expected**0.5 for count in found.values())


def test_replaced_parts_change_some_bases_and_no_length():
    bases = encode("A" * 200)
    changed = replace_parts(bases, np.random.default_rng(0))
    assert len(changed) == 200
    assert 10 <= (changed != bases).sum() <= 120


def random_rows(count, copies=0, places=()):
    texts = ["".join(RNG.choice(list("ACGT"), 60)) for _ in range(count)]
    texts += [text.translate(TURNED)[::-1] for text in texts[:copies]]
    placed = zip_longest(texts, places)
    return [Row(Path(), 0, text, str(at % 2), place=place) for at, (text, place) in enumerate(placed)]


def test_equal_sequences_and_reverse_complements_stay_on_one_side():
    rows = random_rows(80, copies=40)
    in_test, held = hold_out(rows, SplitRule(test_share=0.25))
    assert in_test.sum() == 30
    assert (in_test[:40] == in_test[80:]).all()
    assert held["test_rows_beside_their_group_by_chance"] > 5


def test_near_duplicates_stay_on_one_side_with_clusters(tmp_path):
    rows = ["".join(RNG.choice(list("ACGT"), 60)) for _ in range(40)]
    lines = [f"{text},{number % 2}" for number, text in enumerate(rows)]
    lines += [f"{text[5:]}ACGTA,{number % 2}" for number, text in enumerate(rows)]
    (tmp_path / "a.csv").write_text("sequence,label\n" + "\n".join(lines))
    table = str(tmp_path / "a.csv")
    clean = FileTask("x", table=table, split_by="cluster", test_share=0.3).read()
    leaky = FileTask("x", table=table, test_share=0.3).read()
    near = [
        sum(int(each.matches.found.sum()) for each in find_leaks(task, LeakSettings(), across=("near",), within=False))
        for task in (clean, leaky)
    ]
    assert near[0] == 0
    assert near[1] > 10


def test_folds_divide_the_rows():
    rows = random_rows(50)
    sides = [hold_out(rows, SplitRule(folds=5, fold=fold))[0] for fold in range(5)]
    assert np.sum(sides, axis=0).tolist() == [1] * 50
    assert [int(side.sum()) for side in sides] == [10] * 5


def test_a_split_by_chromosomes_needs_places_and_keeps_them_whole():
    places = [Place(f"chr{number % 10}", number, number + 60, "+") for number in range(60)]
    in_test, _ = hold_out(random_rows(60, places=places), SplitRule(test_share=0.3, split_by="chromosome"))
    assert in_test.sum() == 18
    assert all(len({bool(in_test[row]) for row in range(first, 60, 10)}) == 1 for first in range(10))
    with pytest.raises(ValueError, match=r"task\.split_by=chromosome needs rows with places"):
        hold_out(random_rows(4), SplitRule(test_share=0.3, split_by="chromosome"))
    with pytest.raises(ValueError, match=r"task\.holdout needs chromosomes that have rows; found '22'"):
        hold_out(random_rows(60, places=places), SplitRule(test_share=0.3, holdout=["chr22"]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"table": "x", "negatives": "matched"}, r"task\.negatives=matched needs the genome"),
        ({"table": "x", "bases": 100}, r"task\.bases needs the genome"),
        ({"train": "x", "test": "y", "holdout": ["chr1"]}, r"needs task\.table=FILE"),
        ({"table": "x", "folds": 5, "fold": 5}, r"task\.fold needs a number from 0 to 4; found 5"),
        ({"table": "x", "split_by": "luck"}, r"task\.split_by needs one of random, cluster, chromosome"),
        ({"table": "x", "test_share": 1.0}, r"task\.test_share needs a share between 0 and 1"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        FileTask("x", **settings)
