"""Strategies and tokens know nothing of each other, so no setting of one can disagree with the other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose import composed
from genomask.alphabet import decode
from genomask.experiment.stages.run import check
from genomask.masking.masker import Masker
from genomask.masking.pmi import PmiMasking
from genomask.tokens.kmer import KmerTokens
from genomask.tokens.subword import SubwordTokens, train_bpe
from masking_strategies import STRATEGIES, keys_of, random_bases, ranking_of

KINDS = [(1, 1), (3, 1), (6, 1), (8, 1), (3, 3), (6, 6)]


@pytest.fixture(scope="module")
def bpe(tmp_path_factory):
    path = tmp_path_factory.mktemp("bpe") / "tokenizer.json"
    train_bpe((decode(bases) for bases in random_bases([400] * 20)), 60).save(str(path))
    return SubwordTokens(path)


def assert_masks_fit(row, *, alone):
    """Exactly the tokens that cover a chosen base are masked; those with one in their middle, if masked alone."""
    for token, (start, stop) in enumerate(zip(row.tokens.start, row.tokens.stop, strict=True)):
        seen = row.chosen[(start + stop) // 2] if alone else row.chosen[start:stop].any()
        assert row.masked[token] == seen
    assert len(row.input_ids) == len(row.tokens.ids)


@given(
    name=st.sampled_from(sorted(STRATEGIES)),
    strategy_k=st.sampled_from([3, 6]),
    kind=st.sampled_from(KINDS),
    probability=st.sampled_from([0.02, 0.3]),
    length=st.integers(0, 60),
)
@settings(max_examples=200)
def test_no_setting_of_a_strategy_and_of_k_mers_makes_masks_and_tokens_disagree(
    name, strategy_k, kind, probability, length
):
    masker = Masker(STRATEGIES[name](k=strategy_k, center_probability=probability), KmerTokens(*kind))
    (bases,) = random_bases([length])
    assert_masks_fit(masker(bases, key=keys_of([bases])[0], progress=0.7), alone=name == "token")


@pytest.mark.parametrize("name", STRATEGIES)
def test_masks_fit_tokens_of_any_length(name, bpe):
    masker = Masker(STRATEGIES[name](k=6, center_probability=0.1), bpe)
    for bases in random_bases([90, 7]):
        assert_masks_fit(masker(bases, key=keys_of([bases])[0]), alone=name == "token")


def test_a_ranking_of_6_mers_chooses_the_same_bases_whatever_tokens_without_overlap_read_them(bpe):
    strategy = PmiMasking(ranking=ranking_of(6), center_probability=0.05)
    sequences = random_bases([300] * 5)
    for bases, key in zip(sequences, keys_of(sequences), strict=True):
        rows = [Masker(strategy, tokens)(bases, key=key) for tokens in (KmerTokens(1), KmerTokens(6, stride=6), bpe)]
        assert rows[0].chosen.any()
        assert all((row.chosen == rows[0].chosen).all() for row in rows)
        edges = np.flatnonzero(np.diff(rows[0].chosen, prepend=False, append=False))
        runs = edges[1::2] - edges[::2]
        assert runs.max() >= 6, "a high center hides a whole 6-mer, of whatever tokens"


@pytest.mark.parametrize("k", [2, 6, 10])
@pytest.mark.parametrize(
    "tokens", [["tokens=base"], ["tokens.k=8"], ["tokens.k=3", "tokens.stride=3"], ["tokens=bpe"], ["tokens.k=1"]]
)
def test_the_k_of_a_ranking_goes_with_the_k_of_any_tokens(tokens, k):
    run = composed(*tokens, f"ranking.k={k}", "masking=pmi")
    check(run)
    assert "k" not in run.config.masking
