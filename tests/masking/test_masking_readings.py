"""Every strategy against a slow, literal reading of what it is meant to do."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from genomask.masking.pmi_released import PmiReleasedMasking
from genomask.masking.span import SpanMasking
from genomask.masking.whole_span import WholeSpanMasking
from hypothesis import example, given
from hypothesis import strategies as st

from genomask.masking.draws import Stream, bits, sequence_keys
from genomask.masking.pmi import PmiMasking
from genomask.masking.pmi_vocab import PmiVocabMasking
from genomask.masking.random import RandomMasking
from masking_readings import (
    read_half_spans,
    read_pmi,
    read_random,
    read_released,
    read_vocab,
    read_whole_span,
    rows_of,
    vocabulary_of,
)


class Case(NamedTuple):
    """Letters of a batch, and what else a mask depends on, and should not: ``width`` is padding."""

    sequences: list[str]
    k: int
    probability: float
    seed: int
    width: int

    @property
    def strategy(self):
        return {"k": self.k, "center_probability": self.probability}

    @property
    def ranking(self):
        return np.random.default_rng(self.seed).permutation(4**self.k) + 1


CASES = st.builds(
    Case,
    st.lists(st.text("ATCGATCGATCGATCGN", min_size=1, max_size=90), min_size=1, max_size=4),
    st.sampled_from([3, 4, 5, 6]),
    st.sampled_from([0.02, 0.1, 0.5, 1.0]),
    st.integers(0, 2**40),
    st.integers(0, 65),
)


# About as many centers as there are in a sequence of 512 tokens, and sequences in which nothing is known.
LETTERS = np.random.default_rng(0).choice(list("ATCG"), size=(40, 150))
MANY = Case([*map("".join, LETTERS), *["N" * 12] * 20], k=6, probability=0.06, seed=0, width=0)


def assert_reads_alike(masking, case, read):
    """``read`` gives the hidden positions from the letters, and from what was drawn for centers and ranks."""
    rows = rows_of(case.sequences, case.k, case.width)
    keys = sequence_keys(case.seed, 0, torch.arange(len(rows)))
    centers = bits(keys, stream=Stream.CENTERS, count=rows.shape[1]).double() / 2**32 + 0.5
    ranks = bits(keys, stream=Stream.RANKS, count=rows.shape[1])
    drawn = zip(case.sequences, centers.tolist(), ranks.tolist(), strict=True)
    expected = [read(*sequence) for sequence in drawn]
    hidden = masking.choose(rows, keys)
    assert [set(row.nonzero().flatten().tolist()) for row in hidden] == expected


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

    assert_reads_alike(SpanMasking(**case.strategy), case, read)


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


@pytest.mark.parametrize("k", [3, 4, 5, 6])
def test_a_word_at_the_end_of_a_sequence_is_found(k):
    letters = "ATCGGCTAATCGATTACA"
    masking = PmiVocabMasking(vocabulary=vocabulary_of({"TTACA", "CATTTTTTTT"}), k=k)
    lengths = masking.longest_from(rows_of([letters], k))[0].tolist()
    assert lengths[len(letters) - 4] == 5
    assert lengths.count(1) == len(lengths) - 1
