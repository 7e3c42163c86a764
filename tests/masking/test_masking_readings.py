"""Every strategy against a slow, literal reading of what it is meant to do."""

from typing import NamedTuple

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from genomask.alphabet import encode
from genomask.masking.draws import Stream, bits, sequence_keys
from genomask.masking.masker import Masker
from genomask.masking.pmi import PmiMasking, PmiReleasedMasking, SpanMasking
from genomask.masking.pmi_vocab import PmiVocabMasking
from genomask.masking.random import RandomMasking, WholeSpanMasking
from genomask.tokens.kmer import KmerTokens
from masking_readings import (
    read_half_spans,
    read_pmi,
    read_random,
    read_released,
    read_vocab,
    read_whole_span,
    vocabulary_of,
)


class Case(NamedTuple):
    """Letters of some sequences, and what else a mask depends on."""

    sequences: list[str]
    k: int
    probability: float
    seed: int

    @property
    def strategy(self):
        return {"center_probability": self.probability}

    @property
    def ranking(self):
        return np.random.default_rng(self.seed).permutation(4**self.k) + 1


CASES = st.builds(
    Case,
    st.lists(st.text("ATCGATCGATCGATCGN", min_size=1, max_size=90), min_size=1, max_size=4),
    st.sampled_from([3, 4, 5, 6]),
    st.sampled_from([0.02, 0.1, 0.5, 1.0]),
    st.integers(0, 2**40),
)


# About as many centers as there are in a sequence of 512 tokens, and sequences in which nothing is known.
LETTERS = np.random.default_rng(0).choice(list("ATCG"), size=(40, 150))
MANY = Case([*map("".join, LETTERS), *["N" * 12] * 20], k=6, probability=0.06, seed=0)


def assert_reads_alike(strategy, case, read):
    """``read`` gives the masked positions from the letters, and from what was drawn for centers and ranks."""
    masker = Masker(strategy, KmerTokens(case.k))
    keys = sequence_keys(case.seed, 0, np.arange(len(case.sequences)))
    for letters, key in zip(case.sequences, keys, strict=True):
        count = len(letters) + 2
        centers = bits(key, stream=Stream.CENTERS, count=count) / 2**32
        ranks = bits(key, stream=Stream.RANKS, count=count).tolist()
        masked = masker(encode(letters), key=key).masked
        assert set((np.flatnonzero(masked) + 1).tolist()) == read(letters, centers.tolist(), ranks)


@example(MANY)
@given(CASES)
def test_random_hides_the_tokens_around_random_centers(case):
    assert_reads_alike(
        RandomMasking(**case.strategy),
        case,
        lambda letters, draws, _: read_random(letters, case.k, draws, case.probability),
    )


@example(MANY, "ceil", "best")
@given(CASES, st.sampled_from(["ceil", "floor"]), st.sampled_from(["best", "center"]))
def test_pmi_does_what_section_4_2_says(case, high_half, span_at):
    choices = {"high_half": high_half, "span_at": span_at}
    assert_reads_alike(
        PmiMasking(ranking=case.ranking, **choices, **case.strategy),
        case,
        lambda letters, draws, _: read_pmi(letters, case.k, draws, case.probability, case.ranking, **choices),
    )


@example(MANY)
@given(CASES)
def test_pmi_with_a_fixed_count_takes_the_smallest_draws_of_each_sequence(case):
    assert_reads_alike(
        PmiMasking(ranking=case.ranking, count="fixed", **case.strategy),
        case,
        lambda letters, draws, _: read_pmi(letters, case.k, draws, case.probability, case.ranking, count="fixed"),
    )


@example(MANY)
@given(CASES)
def test_span_is_pmi_with_ranks_that_are_drawn(case):
    def read(letters, draws, words):
        end = len(letters) - case.k + 1
        centers = [c for c in range(1, end + 1) if draws[c] < case.probability]
        ranks = [word // 2 ** (32 - 2 * case.k) for word in words]  # one of 4**k values
        return read_half_spans(case.k, end, centers, ranks.__getitem__)

    assert_reads_alike(SpanMasking(k=case.k, **case.strategy), case, read)


@example(MANY, "2023-07")
@example(MANY, "2023-09")
@example(MANY, "2025-03")
@given(CASES, st.sampled_from(["2023-07", "2023-09", "2025-03"]))
def test_pmi_released_does_what_its_versions_do(case, version):
    most = 60 if case.k == 3 else 150  # letters, as there are only 69 token ids for 3-mers
    case = case._replace(sequences=[letters[:most] for letters in case.sequences])
    assert_reads_alike(
        PmiReleasedMasking(ranking=case.ranking, version=version, **case.strategy),
        case,
        lambda letters, draws, _: read_released(
            letters, case.k, draws, case.probability, case.ranking, version=version
        ),
    )


@example(MANY)
@given(CASES)
def test_whole_span_hides_geometric_spans_of_bases(case):
    assert_reads_alike(
        WholeSpanMasking(**case.strategy),
        case,
        lambda letters, draws, _: read_whole_span(letters, case.k, draws, case.probability),
    )


@example(MANY, ["ATC", "TTACA", "GATTACA"])
@given(CASES, st.lists(st.text("ATCG", min_size=2, max_size=8), min_size=1, max_size=20))
def test_pmi_vocab_hides_the_longest_word_around_a_center(case, more):
    starts = [(letters, start) for letters in case.sequences for start in range(0, len(letters), 7)]
    own = [letters[start : start + n] for letters, start in starts for n in (3, 5, 10)]
    words = {word for word in [*own, *more] if len(word) > 1 and "N" not in word}
    assert_reads_alike(
        PmiVocabMasking(vocabulary=vocabulary_of(words), **case.strategy),
        case,
        lambda letters, draws, _: read_vocab(letters, case.k, draws, case.probability, words),
    )


def test_a_word_at_the_end_of_a_sequence_is_hidden_whole():
    letters = "ATCGGCTAATCGATTACA"
    masker = Masker(PmiVocabMasking(vocabulary=vocabulary_of({"TTACA", "CATTTTTTTT"})), KmerTokens(1))
    keys = sequence_keys(0, 0, np.arange(300))
    ends = [masker.with_probability(0.05)(encode(letters), key=key).chosen[-5:] for key in keys]
    assert {tuple(end.tolist()) for end in ends} == {(True,) * 5, (False,) * 5}
