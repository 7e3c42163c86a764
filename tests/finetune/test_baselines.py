"""Baselines learn what they can from an episode, and nothing else."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from compose import composed
from genomask.alphabet import encode
from genomask.experiment.stages.classifier import build_classifier, classifier_artefact
from genomask.experiment.stages.run import check
from genomask.finetune.classifiers import CnnBaseline, GcBaseline, KmerBaseline, MajorityBaseline
from genomask.finetune.cnn import MotifNetwork
from genomask.finetune.metrics import score
from genomask.finetune.shallow import baseline_prediction
from genomask.tasks.alike import both_strands, row_kmers
from genomask.tasks.examples import Examples, pack

COMPLEMENT = str.maketrans("ACGT", "TGCA")
SEQUENCES = st.lists(st.text("ACGTN", max_size=30), min_size=1, max_size=8)


def examples(texts, labels=None) -> Examples:
    labels = np.zeros(len(texts)) if labels is None else labels
    return pack(map(encode, texts), np.asarray(labels, dtype=np.int64))


def drawn(rows: int, seed: int, length: int = 40) -> tuple[list[str], np.ndarray]:
    draw = np.random.default_rng(seed)
    return ["".join(draw.choice(list("ACGT"), length)) for _ in range(rows)], np.arange(rows) % 2


def kmer_settings(**changed) -> KmerBaseline:
    plain = {"name": "x", "k": 3, "both_strands": False, "standardise": False, "inverse_penalty": 1.0}
    return KmerBaseline(**plain | changed)


def predicted(settings, train, test, *, classes=2, seed=0):
    return baseline_prediction(settings, train, test, classes=classes, seed=seed)


@given(SEQUENCES, st.integers(1, 7))
def test_kmers_of_a_row_are_those_of_its_text(texts, k):
    blocks = row_kmers(examples(texts), k)
    found = [pair for codes, rows in blocks for pair in zip(rows, codes, strict=True)]
    digits = str.maketrans("ATCG", "0123")
    expected = [
        (row, int(text[start : start + k].translate(digits), 4))
        for row, text in enumerate(texts)
        for start in range(len(text) - k + 1)
        if "N" not in text[start : start + k]
    ]
    assert found == expected


def test_kmers_are_the_same_however_many_bases_are_looked_at_together(monkeypatch):
    table = examples(drawn(30, 0)[0])
    whole = list(row_kmers(table, 5))
    monkeypatch.setattr("genomask.tasks.alike._BLOCK", 100)
    pieces = list(row_kmers(table, 5))
    assert (len(whole), len(pieces)) == (1, 15)
    for field in range(2):
        np.testing.assert_array_equal(np.concatenate([piece[field] for piece in pieces]), whole[0][field])


@given(st.text("ACGT", min_size=31, max_size=60), st.integers(1, 31))
def test_a_sequence_and_its_reverse_complement_have_the_same_kmers_of_both_strands(text, k):
    one, other = (
        np.sort(both_strands(next(row_kmers(examples([strand]), k)).codes, k))
        for strand in (text, text.translate(COMPLEMENT)[::-1])
    )
    np.testing.assert_array_equal(one, other)


def test_gc_content_is_the_share_among_known_letters():
    assert examples(["GGCC", "ACGT", "GNNA", "NN", ""]).gc.tolist() == [1, 0.5, 0.5, 0.5, 0.5]


def test_a_majority_of_a_balanced_episode_scores_chance():
    train, test = examples(["A"] * 4, [0, 1, 0, 1]), examples(["C"] * 5, [0, 1, 1, 0, 1])
    probability = predicted(MajorityBaseline("majority"), train, test)
    found = score(torch.from_numpy(probability), torch.from_numpy(test.labels))
    assert (found.accuracy, found.auc, found.mcc) == (pytest.approx(0.4), 0.5, 0)


def test_a_majority_follows_the_most_frequent_class():
    train, test = examples(["A"] * 4, [2, 1, 2, 0]), examples(["C"] * 3, [0, 1, 2])
    assert predicted(MajorityBaseline("majority"), train, test, classes=3).tolist() == [[0.25, 0.25, 0.5]] * 3


@pytest.mark.parametrize(("k", "lengths"), [(3, (3, 3)), ([1, 2, 3], (1, 3))])
@pytest.mark.parametrize("standardise", [False, True])
def test_kmer_logistic_is_scikit_learns_on_kmer_counts(standardise, k, lengths):
    (texts, labels), (unknown, _) = drawn(40, 0), drawn(20, 1)
    settings = kmer_settings(standardise=standardise, k=k)
    found = predicted(settings, examples(texts, labels), examples(unknown))
    count = CountVectorizer(analyzer="char", ngram_range=lengths, lowercase=False)
    train = count.fit_transform(texts).toarray()
    test = count.transform(unknown).toarray()
    if standardise:
        scale = StandardScaler().fit(train)
        train, test = scale.transform(train), scale.transform(test)
    expected = LogisticRegression(max_iter=10_000, tol=1e-8).fit(train, labels).predict_proba(test)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_both_strands_give_a_reverse_complement_the_same_probability():
    (texts, labels), (unknown, _) = drawn(20, 0), drawn(10, 1)
    train, turned = examples(texts, labels), [text.translate(COMPLEMENT)[::-1] for text in unknown]
    for both, same in ((True, True), (False, False)):
        one, other = (predicted(kmer_settings(both_strands=both), train, examples(test)) for test in (unknown, turned))
        assert np.allclose(one, other) is same


def test_the_penalty_that_is_chosen_within_the_shots_depends_on_the_seed_alone():
    (texts, labels), (unknown, _) = drawn(20, 0), drawn(10, 1)
    settings = kmer_settings(inverse_penalty=None)
    one, again = (predicted(settings, examples(texts, labels), examples(unknown), seed=3) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    with pytest.raises(ValueError, match=r"needs 2 examples of every class.*has 1 of one"):
        predicted(settings, examples(texts[:2], labels[:2]), examples(unknown))


def test_gc_tells_rich_from_poor():
    train = examples(["AATTC", "AATCC", "GGCCA", "GGCAA"], [0, 0, 1, 1])
    probability = predicted(GcBaseline("gc", 1.0), train, examples(["AAAA", "GGGG"]))
    assert probability.argmax(axis=1).tolist() == [0, 1]


NETWORK = CnnBaseline("cnn", filters=4, width=4, hidden=3, dropout=0.0, epochs=1, steps=1, learning_rate=1e-3)


@given(st.text("ACGTN", min_size=1, max_size=20), st.integers(0, 9))
def test_padding_and_what_stands_in_it_change_no_logit(text, more):
    network = MotifNetwork(NETWORK, classes=2).eval()
    alone, length = torch.from_numpy(encode(text).copy())[None], torch.tensor([len(text)])
    padded = torch.cat((alone, torch.full((1, more), 2, dtype=torch.uint8)), dim=1)
    torch.testing.assert_close(network(padded, length), network(alone, length))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "classifier=kmer_logistic classifier.k=9",
            "classifier.k needs a number from 1 to 8, or a list of different ones; fo",
        ),
        (
            "classifier=kmer_logistic classifier.k=[2,2]",
            "classifier.k needs a number from 1 to 8, or a list of different",
        ),
        ("classifier=kmer_logistic classifier.k=[]", "classifier.k needs a number from 1 to 8, or a list"),
        ("classifier=gc classifier.inverse_penalty=0", "classifier.inverse_penalty needs a number above 0"),
        ("classifier=cnn classifier.filters=0", "classifier.filters needs at least 1"),
        ("classifier=cnn classifier.dropout=1", r"classifier.dropout needs a number in \[0, 1\)"),
    ],
)
def test_an_impossible_setting_is_refused(override, message):
    with pytest.raises(ValueError, match=message):
        composed(*override.split())


@pytest.fixture
def data(tmp_path):
    draw = np.random.default_rng(0)
    for name, rows in (("train", 20), ("test", 30)):
        texts = ["".join(draw.choice(list("ACGT"), 60, p=share)) for _ in range(rows // 2) for share in SHARES]
        table = [f"{text},{row % 2}" for row, text in enumerate(texts)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["sequence,label", *table]))
    return tmp_path


SHARES = ([0.4, 0.1, 0.1, 0.4], [0.1, 0.4, 0.4, 0.1])
QUICK = ("classifier.steps=60", "classifier.filters=8", "classifier.epochs=1")


def run(data, runs, *overrides):
    files = (f"task.train={data}/train.csv", f"task.test={data}/test.csv", f"paths.runs={runs}")
    return composed("task=csv", *files, "logger=csv", "trainer=cpu", "shots=4", *overrides)


@pytest.mark.parametrize(("kind", "more"), [("majority", ()), ("gc", ()), ("kmer_logistic", ()), ("cnn", QUICK)])
def test_a_baseline_needs_nothing_but_its_task_and_says_the_same_as_a_fine_tuning(data, tmp_path, kind, more):
    bytes_of = []
    for runs in ("a", "b"):
        folder = build_classifier(run(data, tmp_path / runs, f"classifier={kind}", "seed=1", *more))
        bytes_of.append((folder / "probabilities.npy").read_bytes())
        built = {path.parent.name for path in (tmp_path / runs).glob("*/*") if path.name != ".locks"}
        assert built == {"task", "finetune"} | ({".locks"} & built)
    assert bytes_of[0] == bytes_of[1], "the same configuration and seed give the same bytes"
    found = json.loads((folder / "result.json").read_text())
    expected = {
        "task": "csv", "classifier": kind, "model": kind, "masking": "-", "ranking": "-", "genome": "-",
        "shots": 4, "seed": 1, "pretrain_seed": None, "n_train": 8, "n_test": 30, "classes": ["0", "1"],
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected
    assert set(found["artefacts"]) == {"task"}
    assert folder.name.startswith(f"csv-{kind}-shots=4-seed=1-")
    assert (found["auc"] == 0.5) is (kind == "majority")
    assert found["accuracy"] > 0.9 or kind == "majority"
    assert np.load(folder / "probabilities.npy").sum(axis=1) == pytest.approx(1)


def test_what_shapes_no_baseline_does_not_change_its_identity(data, tmp_path):
    def name(*overrides):
        return classifier_artefact(run(data, tmp_path, *overrides)).name

    kmers = "classifier=kmer_logistic"
    assert name(kmers) == name(kmers, "masking=random", "model=dnabert", "fs=off", "finetune.clip_norm=2")
    assert name("classifier=cnn") != name("classifier=cnn", "finetune.clip_norm=2")
    assert len({name(), name(kmers), name(kmers, "classifier.k=5"), name(kmers, "seed=1")}) == 4


def test_a_baseline_is_not_stopped_by_a_masking_that_it_does_not_use(data, tmp_path):
    check(run(data, tmp_path, "classifier=gc", "masking.center_probability=7.5"))
    with pytest.raises(ValueError, match=r"masking\.center_probability"):
        check(run(data, tmp_path, "masking.center_probability=7.5"))
