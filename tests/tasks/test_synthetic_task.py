"""The benchmarks of the synthetic genome: fair, held out, and as hard as stated."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from genomask.genome.synthetic.settings import SyntheticGenome
from genomask.genome.synthetic.task import TASKS, synthetic_task

BASES = {"prom_core": 70, "prom_300": 300, "cohn_enh": 500}
Rows = list[tuple[str, int]]


@pytest.fixture(scope="module")
def tasks() -> dict[str, dict[str, Rows]]:
    return {name: synthetic_task(SyntheticGenome(), name) for name in TASKS}


def of_class(rows: Rows, label: int) -> list[str]:
    return [sequence for sequence, found in rows if found == label]


@pytest.mark.parametrize("name", BASES)
def test_classes_are_balanced_and_sequences_have_the_length_of_the_task(tasks, name):
    for split, count in (("train", 1_200), ("test", 600)):
        rows = tasks[name][split]
        assert len(of_class(rows, 0)) == len(of_class(rows, 1)) == count
        assert {len(sequence) for sequence, _ in rows} == {BASES[name]}
        assert set("".join(sequence for sequence, _ in rows)) == set("ACGT")


@pytest.mark.parametrize("name", BASES)
def test_no_sequence_appears_twice_in_train_and_test_together(tasks, name):
    sequences = [sequence for split in tasks[name].values() for sequence, _ in split]
    assert len(set(sequences)) == len(sequences)


def test_core_promoters_are_the_middle_of_the_long_ones_split_included(tasks):
    for split in ("train", "test"):
        for (core, core_label), (whole, label) in zip(tasks["prom_core"][split], tasks["prom_300"][split], strict=True):
            assert (core, core_label) == (whole[249 - 34 : 249 + 36], label)


@pytest.mark.parametrize(("name", "start_site"), [("prom_core", 34), ("prom_300", 249)])
def test_the_start_site_has_the_position_that_the_task_says(tasks, name, start_site):
    initiator = [sequence[start_site - 2 : start_site + 1] == "TCA" for sequence in of_class(tasks[name]["train"], 1)]
    assert np.mean(initiator) > 0.7  # 90 % have it, and each of its bases obeys with 96 %


def test_a_negative_keeps_8_of_20_parts_of_its_promoter_in_place_two_of_every_five(tasks):
    rows = tasks["prom_300"]["train"]
    for promoter, negative in zip(of_class(rows, 1), of_class(rows, 0), strict=True):
        kept = [promoter[part : part + 15] == negative[part : part + 15] for part in range(0, 300, 15)]
        assert [sum(kept[group : group + 5]) for group in range(0, 20, 5)] == [1, 1, 1, 1]


def test_no_element_of_a_benchmark_lies_in_the_genome(tasks, tmp_path):
    SyntheticGenome().encode(tmp_path)
    genome = (tmp_path / "bases.u8").read_bytes()
    letters = bytes.maketrans(b"ATCG", bytes(range(4)))
    for promoter in of_class(tasks["prom_core"]["test"], 1)[:100]:
        encoded = promoter.encode().translate(letters)
        other_strand = bytes(base ^ 1 for base in reversed(encoded))
        assert encoded not in genome
        assert other_strand not in genome


def test_test_elements_do_not_depend_on_the_size_of_the_training_set(tasks):
    smaller = synthetic_task(SyntheticGenome(), "cohn_enh", train=3)
    assert len(smaller["train"]) == 6
    assert smaller["test"] == tasks["cohn_enh"]["test"]


def test_train_and_test_elements_differ_when_there_are_as_many_of_both():
    for name in BASES:
        task = synthetic_task(SyntheticGenome(), name, train=50, test=50)
        assert not set(task["train"]) & set(task["test"])


def test_the_seed_of_the_genome_draws_the_benchmark():
    first, again, other = (
        synthetic_task(SyntheticGenome(seed=seed), "prom_core", train=20, test=20) for seed in (1, 1, 2)
    )
    assert first == again
    assert not {sequence for sequence, _ in first["train"]} & {sequence for sequence, _ in other["train"]}


# A 6-mer of the motif and its complement, as either strand may hold it.
@pytest.mark.parametrize(
    ("name", "kmers"),
    [
        ("prom_core", ("TATAAA",)),
        ("prom_core", ("ATGGCG",)),
        ("prom_core", ("CCGGAA", "TTCCGG")),
        ("prom_300", ("GGGCGG", "CCGCCC")),
        ("prom_300", ("CCAATC", "CCAATG", "GATTGG", "CATTGG")),
        ("cohn_enh", ("TGACTC", "GAGTCA")),
        ("cohn_enh", ("CACGTG",)),
    ],
)
def test_planted_kmers_are_commoner_in_elements_than_in_negatives(tasks, name, kmers):
    rows = tasks[name]["train"]
    positive, negative = (sum(text.count(kmer) for text in of_class(rows, label) for kmer in kmers) for label in (1, 0))
    assert positive - negative > 4 * np.sqrt(positive + negative)  # as many in both: Poisson counts


# AUC of the GC share, and of 6-mer counts at 10 and 1,000 shots: what the module states, give or take 0.05.
STATED = {"prom_core": (0.69, 0.91, 0.98), "prom_300": (0.80, 0.87, 0.97), "cohn_enh": (0.70, 0.66, 0.93)}


@pytest.mark.parametrize("name", BASES)
def test_composition_alone_tells_what_is_stated(tasks, name):
    labels = [label for _, label in tasks[name]["test"]]
    gc = [sequence.count("G") + sequence.count("C") for sequence, _ in tasks[name]["test"]]
    assert roc_auc_score(labels, gc) == pytest.approx(STATED[name][0], abs=0.05)


@pytest.mark.parametrize("name", BASES)
def test_counts_of_6_mers_tell_at_10_and_at_1000_shots_what_is_stated(tasks, name):
    counts = CountVectorizer(analyzer="char", ngram_range=(6, 6), lowercase=False)
    train = counts.fit_transform([sequence for sequence, _ in tasks[name]["train"]])
    test = counts.transform([sequence for sequence, _ in tasks[name]["test"]])
    train_labels, test_labels = (np.array([row[1] for row in tasks[name][split]]) for split in ("train", "test"))

    def auc(shots: int, seed: int) -> float:
        draw = np.random.default_rng(seed)
        chosen = [draw.choice(np.flatnonzero(train_labels == label), shots, replace=False) for label in (0, 1)]
        rows = np.concatenate(chosen)
        model = LogisticRegression(solver="liblinear", random_state=0).fit(train[rows], train_labels[rows])
        return float(roc_auc_score(test_labels, model.decision_function(test)))

    assert np.mean([auc(10, seed) for seed in range(5)]) == pytest.approx(STATED[name][1], abs=0.05)
    assert auc(1_000, 0) == pytest.approx(STATED[name][2], abs=0.05)


def test_an_unknown_benchmark_and_an_empty_one_are_refused():
    with pytest.raises(ValueError, match=r"task\.name needs one of prom_core, prom_300, cohn_enh; found 'splice'\."):
        synthetic_task(SyntheticGenome(), "splice")
    with pytest.raises(ValueError, match=r"task\.train and task\.test needs at least 1 element each; found \(0, 600\)"):
        synthetic_task(SyntheticGenome(), "prom_core", train=0)
