"""``import genomask``: cheap, typed, and each function as the part that it stands for."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertForMaskedLM

import genomask
from genomask.alphabet import FIRST_KMER, MASK, encode, kmer_table
from genomask.masking.pmi import SpanMasking
from genomask.models.bert import masked_language_model
from genomask.models.export import export_encoder
from genomask.models.settings import ModelSettings
from genomask.ranking.table import identity_ranking
from genomask.ranking.vocabulary import membership
from genomask.tokens.kmer import KmerTokens
from test_end_to_end import data, run  # noqa: F401  (a fixture)

SMALL = ModelSettings("tiny", 16, 2, 2, 32, 0.1, 0.1, 8, max_tokens=32)
TOKENS = KmerTokens(3)
TEXTS = ["ACGTTGCAAC", "TTTACG", "ACGTTGCAACGGATCA", "TTTACG"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    export_encoder(masked_language_model(SMALL, TOKENS, seed=3), folder, TOKENS)
    return folder


@pytest.fixture(scope="module")
def genome():
    return genomask.read_genome(genomask.SyntheticGenome(bases=60_000, chromosomes=2, promoters=5, enhancers=5))


def test_import_genomask_loads_nothing_heavy_and_lists_what_it_offers():
    code = (
        "import json, sys, genomask\n"
        "heavy = {'torch', 'numpy', 'transformers', 'lightning', 'hydra', 'matplotlib', 'genomask.api'}\n"
        "print(json.dumps([sorted(heavy & set(sys.modules)), dir(genomask)]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, offered = json.loads(done.stdout)
    assert loaded == []
    assert offered == sorted(genomask.__all__)
    assert all(getattr(genomask, name).__doc__ for name in offered)


def test_a_name_that_genomask_does_not_offer_is_answered_with_those_that_it_does():
    with pytest.raises(AttributeError, match=r"'genomask' has no attribute 'train'; it offers Masked, .*, rank"):
        _ = genomask.train
    names = {name for name in genomask.__all__ if (Path(genomask.__file__).parent / name).is_dir()}
    assert names == set(), "a package of the same name would take its place"


def test_a_genome_is_read_counted_and_ranked(genome, tmp_path):
    (tmp_path / "a.fa").write_text(">x\nACGTNACGT\n>y\nAAA\n")
    small = genomask.read_genome(tmp_path / "a.fa")
    assert (small.names, small.bases.tolist()[:5]) == (("x", "y"), [0, 2, 3, 1, 4])
    kept = genomask.read_genome(tmp_path / "a.fa", tmp_path / "kept")
    np.testing.assert_array_equal(genomask.read_genome(tmp_path / "kept").bases, kept.bases)
    counts = genomask.count(small, k=3)
    by_name = dict(zip(kmer_table(3), counts[2].tolist(), strict=True))
    assert {name: number for name, number in by_name.items() if number} == {"ACG": 2, "CGT": 2, "AAA": 1}
    ranking = genomask.rank(genomask.count(genome, k=4), k=4)
    assert sorted(ranking.rank.tolist()) == list(range(1, 257))
    best = int(np.argmin(ranking.rank))
    assert ranking.normalized_pmi[best] == ranking.normalized_pmi.max()
    words = genomask.vocabulary(genomask.count(genome, k=4), longest=4, floor_count=20, size=50)
    assert len(words.words) == 50


def test_a_batch_is_masked_as_the_strategy_masks_it(genome):
    ranking = genomask.rank(genomask.count(genome, k=3), k=3)
    text = "".join(np.random.default_rng(0).choice(list("ACGT"), 400))
    masked = genomask.mask([text, text[:50], text], "pmi", tokens=TOKENS, ranking=ranking, seed=4)
    first, short, last = masked.rows
    assert not np.array_equal(first.chosen, last.chosen), "equal sequences have masks of their own"
    for row, centers in zip((first, short, last), masked.centers, strict=True):
        covered = [row.chosen[at : at + 3].any() for at in range(len(row.chosen) - 2)]
        np.testing.assert_array_equal(row.masked, covered, "a token is masked if a base of it is hidden")
        assert set(np.flatnonzero(centers)) <= set(np.flatnonzero(row.chosen))
    np.testing.assert_array_equal(masked.ranks[0], ranking.rank[first.tokens.ids - FIRST_KMER])
    whole = np.concatenate([row.input_ids[row.masked] for row in masked.rows])
    assert (whole == MASK).mean() == pytest.approx(0.8, abs=0.1)
    assert repr(masked) == f"Masked(3 sequences, PmiMasking masks {masked.rate:.1%} of the {TOKENS.name} tokens)"
    again = genomask.mask([text, text[:50], text], "pmi", tokens=TOKENS, ranking=ranking, seed=4)
    np.testing.assert_array_equal(again.rows[0].input_ids, first.input_ids)


def test_any_strategy_masks_and_shows_itself(genome):
    ranking = identity_ranking(6)
    words = genomask.vocabulary(genomask.count(genome, k=4), longest=4, floor_count=20, size=50)
    text = "ACGTTGCAACGGATCA" * 8 + "NNACGT"
    for name in ("random", "pmi", "pmi_vocab", "pmi_released", "span", "whole_span"):
        masked = genomask.mask([text], name, ranking=ranking, vocabulary=words, center_probability=0.1)
        assert masked.seen.masked_bases
        assert masked._repr_png_()[:4] == b"\x89PNG"
        letters = masked.figure(start=100, bases=30).axes[0].texts
        assert "".join(letter.get_text() for letter in letters) == text[100:130]
    assert max(membership(words)) == 4
    own = genomask.mask([text], SpanMasking(k=6, count="fixed", center_probability=0.05))
    assert len(own.figure(bases=60).axes) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["ACGTACGT"], "pmi"), r"masking=pmi needs a ranking: mask\(..., ranking=...\)"),
        ((["ACGTACGT"], "best"), "masking needs one of adaptive, cm_gems, "),
        ((["ACGTACGT", "AC"], "random"), "A sequence needs at least 6 bases; found 2"),
        ((["ACGTACGT", "ACXT"], "random"), "sequences, line 2: not a DNA sequence: 'ACXT'"),
        (("ACGTACGT", "random"), r"A list of sequences needs several, such as \[text\]"),
    ],
)
def test_what_cannot_be_masked_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        genomask.mask(*arguments)
    with pytest.raises(ValueError, match=r"corrupt needs one of base, mask, "):
        genomask.mask(["ACGTACGT"], "random", corrupt="word")
    with pytest.raises(ValueError, match=r"masking\.spans is not a setting of masking=random; it takes center_"):
        genomask.mask(["ACGTACGT"], "random", spans=3)


def test_embeddings_are_the_mean_of_the_last_layer_over_the_k_mers(encoder):
    found = genomask.embed(encoder, TEXTS, batch=20)
    model = BertForMaskedLM.from_pretrained(encoder).bert.eval()
    for text, vector in zip(TEXTS, found, strict=True):
        ids = [2, *(FIRST_KMER + kmer_table(3).index(text[at : at + 3]) for at in range(len(text) - 2)), 3]
        with torch.no_grad():
            states = model(torch.tensor([ids])).last_hidden_state[0]
        np.testing.assert_allclose(vector, states[1:-1].mean(dim=0), atol=1e-5)
    loaded = genomask.load_encoder(encoder)
    assert (loaded.tokens.identity(), loaded.longest) == (TOKENS.identity(), 32)
    np.testing.assert_allclose(
        genomask.embed(loaded, TEXTS[:1], pooling="cls")[0], states_of(model, TEXTS[0]), atol=1e-5
    )
    with pytest.raises(ValueError, match="sequence too long: 40 bases, the encoder takes at most 32"):
        genomask.embed(loaded, ["ACGT" * 10])


def states_of(model, text):
    ids = [2, *(FIRST_KMER + kmer_table(3).index(text[at : at + 3]) for at in range(len(text) - 2)), 3]
    with torch.no_grad():
        return model(torch.tensor([ids])).last_hidden_state[0, 0]


def test_a_data_frame_is_learned_and_predicted(encoder):
    pandas = pytest.importorskip("pandas")
    draw = np.random.default_rng(1)
    rows = [("".join(draw.choice(list("GGC" if label else "AAT"), 20)), label) for label in (0, 1) * 12]
    frame = pandas.DataFrame(rows, columns=["sequence", "label"])
    settings = ["trainer=cpu", "fs.learning_rate=3e-3"]
    classifier = genomask.fine_tune(encoder, frame, settings=settings)
    assert classifier.classes == ("0", "1")
    found = genomask.predict(classifier, frame["sequence"])
    assert (found.argmax(axis=1) == frame["label"]).mean() > 0.9
    np.testing.assert_allclose(found.sum(axis=1), 1)
    both = genomask.predict(classifier, ["ACGTTG", "CAACGT"], both_strands=True)
    np.testing.assert_allclose(both[0], both[1], atol=1e-6)
    few = genomask.fine_tune(encoder, frame, shots=3, settings=settings, seed=1)
    again = genomask.fine_tune(genomask.load_encoder(encoder), frame, shots=3, settings=settings, seed=1)
    np.testing.assert_array_equal(genomask.predict(few, TEXTS), genomask.predict(again, TEXTS))
    with pytest.raises(ValueError, match=r"unknown setting trainer.thread"):
        genomask.fine_tune(encoder, frame, settings=["trainer.thread=1"])
    with pytest.raises(ValueError, match="needs a data frame with the columns sequence and label"):
        genomask.fine_tune(encoder, frame[["sequence"]])
    with pytest.raises(ValueError, match="A sequence needs 3 to 32 bases; found 2"):
        genomask.predict(classifier, ["AC"])
    assert encode("A")[0] == 0


def test_an_episode_of_the_command_line_is_repeated_by_its_task_name_or_its_saved_rows(data, tmp_path):  # noqa: F811
    pandas = pytest.importorskip("pandas")
    run(data, tmp_path, "finetune.save_model=true", "pretrain=none", "seed=4")
    (folder,), (source,) = (list(tmp_path.glob(pattern)) for pattern in ("finetune/csv-*", "encoder/*"))
    frame = pandas.read_csv(data / "train.csv")
    saved = pandas.read_csv(folder / "episode.csv")
    assert saved["label"].tolist() == frame["label"][saved["row"]].tolist()
    settings, texts = ["trainer=cpu", "fs=auto"], pandas.read_csv(data / "test.csv")["sequence"]
    expected = genomask.predict(folder, texts)
    for choice in ({"shots": 2, "task": "csv"}, {"rows": folder}, {"rows": saved["row"].tolist()}):
        again = genomask.fine_tune(source, frame, seed=4, settings=settings, **choice)
        np.testing.assert_array_equal(genomask.predict(again, texts), expected)
    with pytest.raises(ValueError, match="rows needs row numbers from 0 to 19"):
        genomask.fine_tune(source, frame, rows=[0, 20])
    with pytest.raises(ValueError, match="an example of every class; found 'none of class 1'"):
        genomask.fine_tune(source, frame, rows=[0, 2])
