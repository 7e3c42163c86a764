"""Leaks: what is found is what a slow reading of the rows finds, and what is dropped is gone."""

import csv
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose import composed
from genomask.alphabet import decode, encode
from genomask.experiment.stages.run import run_stages
from genomask.experiment.stages.task import build_leaks, build_task, task_artefact
from genomask.genome.encoded import open_genome, write_genome
from genomask.genome.places import Place
from genomask.tasks.alike import NO_PAIRS, concatenate, groups, matches, near_pairs, overlaps
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.examples import Benchmark, Examples, pack
from genomask.tasks.file_task import FileTask
from genomask.tasks.genome_overlap import find_in_genome
from genomask.tasks.leaks import LeakSettings, dropped_rows, find_leaks, summary, without

ROWS = st.lists(st.tuples(st.text("ACN", min_size=1, max_size=3), st.integers(0, 1)), min_size=1, max_size=12)
TURNED = str.maketrans("ACGTN", "TGCAN")


def turn(text: str) -> str:
    return text.translate(TURNED)[::-1]


def examples(texts, labels=None) -> Examples:
    labels = np.zeros(len(texts)) if labels is None else labels
    return pack(map(encode, texts), np.asarray(labels, dtype=np.int64))


def table(rows) -> Examples:
    return examples([text for text, _ in rows], [label for _, label in rows])


def leaks(**changed) -> LeakSettings:
    plain = {"k": 3, "share": 0.5, "genome": False, "genome_k": 5, "drop": [], "side": "pool"}
    return LeakSettings(**plain | changed)


def expected(rows, others, related) -> list[tuple[int, int, bool]]:
    """First partner, number of partners and conflict of every row, by comparing all pairs."""
    found = []
    for row, (text, label) in enumerate(rows):
        partners = [at for at, (other, _) in enumerate(others) if related(row, text, at, other)]
        conflict = any(others[at][1] != label for at in partners)
        found.append((partners[0] if partners else -1, len(partners), conflict))
    return found


def of(found) -> list[tuple[int, int, bool]]:
    return list(zip(found.partner.tolist(), found.partner_count.tolist(), found.conflict.tolist(), strict=True))


@given(ROWS, ROWS)
def test_duplicates_are_those_of_all_pairs(pool_rows, test_rows):
    pool, test = table(pool_rows), table(test_rows)
    of_pool, of_test = groups(pool, test)
    same = matches(of_test.same, test.labels, of_pool.same, pool.labels)
    assert of(same) == expected(test_rows, pool_rows, lambda _, a, __, b: a == b)
    mirrored = matches(of_test.mirrored, test.labels, of_pool.same, pool.labels)
    assert of(mirrored) == expected(test_rows, pool_rows, lambda _, a, __, b: turn(a) == b != a)
    own = matches(of_pool.same, pool.labels, of_pool.same, pool.labels, within=True)
    assert of(own) == expected(pool_rows, pool_rows, lambda i, a, j, b: a == b and i != j)


def near_duplicates(pool, test, *, k, share):
    pairs = concatenate(NO_PAIRS, near_pairs(pool, test, k=k, share=share))
    return pairs.matches(pool.labels, test.labels), pairs.turned.matches(test.labels, pool.labels)


DNA_ROWS = st.lists(st.tuples(st.text("AC", min_size=1, max_size=9), st.integers(0, 1)), min_size=1, max_size=6)


@settings(deadline=None, max_examples=40)
@given(DNA_ROWS, DNA_ROWS, st.sampled_from([0.3, 0.5, 1.0]))
def test_near_duplicates_are_those_of_all_pairs(pool_rows, test_rows, share):
    def kmers(text):
        return {min(word, turn(word)) for start in range(len(text) - 2) if (word := text[start : start + 3])}

    def near(_, one, __, other):
        few = min(len(kmers(one)), len(kmers(other)))
        return few > 0 and len(kmers(one) & kmers(other)) / few >= share

    found = near_duplicates(table(pool_rows), table(test_rows), k=3, share=share)
    for side, (rows, others) in zip(found, ((pool_rows, test_rows), (test_rows, pool_rows)), strict=True):
        wanted = expected(rows, others, near)
        assert [line[1:] for line in of(side)] == [line[1:] for line in wanted]
        for row, best in enumerate(side.partner.tolist()):
            if best >= 0:
                one, other = kmers(rows[row][0]), kmers(others[best][0])
                assert side.share[row] == len(one & other) / min(len(one), len(other))


def test_a_copy_with_a_few_changes_on_the_other_strand_is_a_near_duplicate():
    draw = np.random.default_rng(0)
    texts = ["".join(draw.choice(list("ACGT"), 70)) for _ in range(50)]
    changed = turn(texts[7][:20] + ("A" if texts[7][20] != "A" else "C") + texts[7][21:])
    pool, test = near_duplicates(examples(texts), examples([changed, texts[3][10:]]), k=12, share=0.5)
    assert test.partner.tolist() == [7, 3]
    assert test.share.tolist() == [47 / 59, 1.0]  # a changed base costs twelve 12-mers
    assert np.flatnonzero(pool.found).tolist() == [3, 7]


PLACES = st.lists(
    st.builds(
        lambda record, start, size: Place(record, start, start + size, "+"),
        *(st.sampled_from("xy"), st.integers(0, 20), st.integers(1, 8)),
    ),
    min_size=1,
    max_size=8,
)


@given(PLACES, PLACES)
def test_overlaps_are_those_of_all_pairs(places, others):
    labels, other_labels = np.arange(len(places)) % 2, np.arange(len(others)) % 2

    def common(one, other):
        return min(one.stop, other.stop) - max(one.start, other.start) if one.record == other.record else 0

    found = overlaps(places, others).matches(labels, other_labels)
    for row, place in enumerate(places):
        shared = [max(0, common(place, other)) for other in others]
        assert found.partner_count[row] == np.count_nonzero(shared)
        assert found.share[row] == max(shared) / (place.stop - place.start)
        assert found.partner[row] == (int(np.argmax(shared)) if any(shared) else -1)
        assert found.conflict[row] == any(size and other_labels[at] != labels[row] for at, size in enumerate(shared))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.text("ACN", min_size=1, max_size=60), min_size=1, max_size=3),
    st.lists(st.text("ACGTN", min_size=1, max_size=9), min_size=1, max_size=6),
    st.sampled_from([3, 4]),
)
def test_occurrences_in_a_genome_are_all_of_them(tmp_path_factory, records, texts, k):
    folder = tmp_path_factory.mktemp("genome")
    records = [*records, "AACCA"]
    write_genome(((f"r{number}", [encode(text)]) for number, text in enumerate(records)), folder)
    genome = open_genome(folder)
    texts = [*texts, records[0][2:8] or "A"]
    found = find_in_genome(examples(texts), genome, k=k)
    wanted = []
    for row, text in enumerate(texts):
        for strand, backward in ((text, False), (turn(text), True)):
            if len(text) >= k and "N" not in text and not (backward and strand == text):
                wanted += [
                    (row, int(genome.offsets[number]) + start, backward)
                    for number, record in enumerate(records)
                    for start in range(len(record))
                    if record.startswith(strand, start)
                ]
    assert list(zip(found.row.tolist(), found.position.tolist(), found.backward.tolist(), strict=True)) == sorted(
        wanted
    )
    for row, text in enumerate(texts):
        words = {text[start : start + k] for start in range(len(text) - k + 1)}
        words = {min(word, turn(word)) for word in words if "N" not in word}
        seen = [any(word in record or turn(word) in record for record in records) for word in words]
        np.testing.assert_equal(found.shared[row], np.mean(seen) if seen else np.nan)


def test_a_search_in_chunks_finds_the_same(tmp_path, monkeypatch):
    draw = np.random.default_rng(0)
    write_genome([("x", [draw.integers(0, 4, 5000).astype(np.uint8)])], tmp_path)
    genome = open_genome(tmp_path)
    texts = [decode(genome.bases[start : start + 40]) for start in range(0, 4900, 7)] + ["AC" * 20]
    whole = find_in_genome(examples(texts), genome, k=11)
    assert len(set(whole.row.tolist())) == 700
    monkeypatch.setattr("genomask.tasks.genome_overlap.CHUNK_BASES", 100)
    for one, other in zip(whole, find_in_genome(examples(texts), genome, k=11), strict=True):
        np.testing.assert_array_equal(one, other)


def small() -> Benchmark:
    pool = table([("AACCGT", 0), ("GGTTAC", 1), ("AACCGT", 1), ("TTTTTA", 1), ("CCCCCC", 0), ("TTTTTA", 1)])
    test = table([("AACCGT", 0), ("GTAACC", 1), ("ACACAC", 0), ("AGAGAG", 1)])
    return Benchmark(pool, test, ("0", "1"))


@pytest.mark.parametrize(
    ("drop", "side", "gone"),
    [
        (["exact"], "pool", [0, 2]),
        (["exact", "reverse"], "pool", [0, 1, 2]),
        (["near"], "pool", [0, 1, 2]),
        (["repeats"], "pool", [0, 2, 5]),
        (["exact"], "test", [0]),
        (["reverse"], "test", [1]),
        (["genome"], "test", [2]),
    ],
)
def test_the_rows_that_are_named_are_dropped_from_the_side_that_is_named(drop, side, gone):
    rows = dropped_rows(small(), leaks(drop=drop, side=side, share=0.6), np.array([2]))
    dropped = np.any(list(rows.values()), axis=0)
    assert np.flatnonzero(dropped).tolist() == gone
    before = len(getattr(small(), side).labels)
    assert len(getattr(without(small(), side, dropped), side).labels) == before - len(gone)


def test_a_class_never_vanishes():
    with pytest.raises(ValueError, match=r"would leave no test row of class 1.*leaks\.side=pool"):
        without(small(), "test", np.array([False, True, False, True]))


def test_dropping_places_that_are_not_known_is_an_error():
    with pytest.raises(ValueError, match=r"leaks\.drop=\[places\] needs to know where the rows lie"):
        dropped_rows(small(), leaks(drop=["places"]))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("leaks.drop=[all]", "leaks.drop needs one of repeats, exact"),
        ("leaks.drop=[genome]", "leaks.side needs test where leaks.drop has genome"),
        ("leaks.k=32", "leaks.k needs a number from 1 to 31; found 32"),
        ("leaks.share=0", "leaks.share needs a share above 0"),
        ("leaks.side=both", "leaks.side needs one of pool, test"),
    ],
)
def test_an_impossible_setting_is_refused(override, message):
    with pytest.raises(ValueError, match=message):
        composed(override)


def test_a_configuration_without_a_word_on_leaks_drops_nothing():
    assert LeakSettings() == composed().config.leaks


@pytest.fixture
def run(tmp_path):
    """A function that gives the run of a small task on a small genome."""
    draw = np.random.default_rng(0)
    texts = ["".join(draw.choice(list("ACGT"), 40)) for _ in range(30)]
    (tmp_path / "g.fa").write_text(">chr1\n" + texts[24] + "ACGT" * 20 + turn(texts[25]) + "\n>chr2\n" + "A" * 50)
    pool = [(text, row % 2) for row, text in enumerate(texts[:20])]
    test = [(texts[0], 0), (turn(texts[1]), 0), (texts[2][:30] + "A" * 10, 1), (texts[24], 1), (texts[25], 1)]
    for name, rows in (("train", pool), ("test", test)):
        lines = [f"{text},{label}" for text, label in rows]
        (tmp_path / f"{name}.csv").write_text("\n".join(["sequence,label", *lines]))
    words = ("task=csv", f"task.train={tmp_path}/train.csv", f"task.test={tmp_path}/test.csv", "genome=fasta")
    return lambda *more: composed(
        *words, f"genome.path={tmp_path}/g.fa", f"paths.runs={tmp_path}/runs", "shots=2", *more
    )


def test_the_report_says_what_was_planted(run, capsys):
    run_stages(run("stage=leaks"))
    printed = capsys.readouterr().out
    assert "exact    test in pool: 1 rows, 0 with another label" in printed
    assert "reverse  test in pool: 1 rows, 1 with another label" in printed
    assert "near     test in pool: 3 rows" in printed
    assert "2 test rows occur whole in g (2 places)" in printed
    folder = build_leaks(run("stage=leaks"))
    found = json.loads((folder / "leaks.json").read_text())
    assert found["sets"]["pool"]["rows_by_class"] == {"0": 10, "1": 10}
    assert found["sets"]["test"]["lengths"] == {"40": 5}
    rows = list(csv.DictReader((folder / "rows.csv").read_text().splitlines()))
    assert {(line["relation"], line["row"], line["best"]) for line in rows if line["part"] == "test"} == {
        ("exact", "0", "0"), ("reverse", "1", "1"),
        ("near", "0", "0"), ("near", "1", "1"), ("near", "2", "2"),
    }  # fmt: skip
    assert (folder / "occurrences.csv").read_text().splitlines() == [
        "row,record,start,stop,strand", "3,chr1,0,40,+", "4,chr1,120,160,-",
    ]  # fmt: skip
    assert {
        "relation": "exact",
        "rows_of": "test",
        "matched_in": "pool",
        "rows": 1,
        "with_another_label": 0,
        "pairs": 1,
    } in found["relations"]


def test_a_run_that_drops_draws_from_what_is_left_and_says_so(run):
    words = ("classifier=gc", "stage=finetune")
    plain, clean = run(*words), run(*words, "leaks=near")
    assert task_artefact(plain).inputs == ()
    assert task_artefact(plain).digest != task_artefact(clean).digest
    folder = build_task(clean)
    assert len(open_benchmark(folder).pool.labels) == 17
    assert [line.split(",")[:2] for line in (folder / "dropped.csv").read_text().splitlines()[1:]] == [
        ["pool", "0"], ["pool", "1"], ["pool", "2"],
    ]  # fmt: skip
    run_stages(clean)
    (result,) = clean.store.root.glob("finetune/*/result.json")
    assert json.loads(result.read_text())["n_test"] == 5
    assert json.loads(result.read_text())["leaks_dropped"] == "exact+near+places+reverse of pool"


def test_settings_that_no_dropped_relation_looks_at_do_not_change_the_task(run):
    exact = task_artefact(run("leaks=exact")).digest
    assert exact == task_artefact(run("leaks=exact", "leaks.k=9", "leaks.drop=[reverse,exact]")).digest
    assert task_artefact(run("leaks=near")).digest != task_artefact(run("leaks=near", "leaks.k=9")).digest
    test_side = run("leaks.drop=[genome]", "leaks.side=test")
    assert {source.kind for source in task_artefact(test_side).inputs} == {"task", "genome"}
    assert len(open_benchmark(build_task(test_side)).test.labels) == 3


def test_the_leaks_of_the_real_promoters_are_found(shared_data):
    task = FileTask("prom_core", dir=str(shared_data / "prom_core")).read()
    found = {
        (entry["relation"], entry["rows_of"], entry["matched_in"]): (
            entry["rows"],
            entry["with_another_label"],
        )
        for entry in summary(find_leaks(task, leaks(), across=("exact", "reverse")))
    }
    assert found["exact", "test", "pool"] == (43, 6)
    assert found["exact", "test", "test"] == (8, 2)
    assert found["exact", "pool", "pool"] == (294, 80)
    assert found["reverse", "test", "pool"] == (0, 0)
