"""Eq. 1 and Eq. 2 against every segmentation, written out one by one."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genomask.ranking.pmi import RARE_COUNT, normalized_pmi, pmi, pmi_by_length, pmi_released


def random_text(seed, length, weights=(0.35, 0.3, 0.2, 0.15)):
    return "".join(np.random.default_rng(seed).choice(list("ATCG"), size=length, p=weights))


def tables(text, k):
    """Overlapping occurrences of every n-mer, in the order A, T, C, G of each base."""
    counts = []
    for n in range(1, k + 1):
        seen = [text[at : at + n] for at in range(len(text) - n + 1)]
        table = dict.fromkeys(("".join(kmer) for kmer in product("ATCG", repeat=n)), 0)
        for kmer in seen:
            table[kmer] += 1
        counts.append(table)
    return counts


def arrays(counts):
    return [np.array(list(table.values()), dtype=np.int64) for table in counts]


def segmentations(word):
    """All 2**(k-1) - 1 ways to cut a word into contiguous parts, but for leaving it whole."""
    for cuts in product([False, True], repeat=len(word) - 1):
        parts, start = [], 0
        for at, cut in enumerate(cuts, start=1):
            if cut:
                parts.append(word[start:at])
                start = at
        if parts:
            yield [*parts, word[start:]]


def eq1(word, counts):
    def p(part):
        return counts[len(part) - 1][part] / sum(counts[len(part) - 1].values())

    if p(word) == 0:
        return -math.inf
    return min(math.log(p(word) / math.prod(p(part) for part in parts)) for parts in segmentations(word))


def released(word, counts):
    """Parts of one or two bases; each length's probabilities sum to a half; the word counts f // 10 times."""

    def p(part):
        return counts[len(part) - 1][part] / (2 * sum(counts[len(part) - 1].values()))

    tens = {kmer: count // 10 for kmer, count in counts[len(word) - 1].items()}
    if tens[word] == 0:
        return -math.inf
    p_word = tens[word] / (2 * sum(tens.values()))
    return min(
        math.log(p_word / math.prod(p(part) for part in parts))
        for parts in segmentations(word)
        if max(map(len, parts)) <= 2
    )


def assert_same_scores(found, expected):
    expected = np.array(expected)
    seen = np.isfinite(expected)
    assert np.array_equal(np.isfinite(found), seen)
    assert np.abs(found[seen] - expected[seen]).max(initial=0) < 1e-12
    assert (found[~seen] == -np.inf).all()


def test_a_word_of_k_bases_has_all_but_one_of_2_to_the_k_minus_1_segmentations():
    assert [len(list(segmentations("A" * k))) for k in range(2, 7)] == [1, 3, 7, 15, 31]


@pytest.mark.parametrize("k", range(2, 7))
def test_pmi_is_the_minimum_over_every_segmentation(k):
    counts = tables(random_text(seed=k, length=3000), k)
    assert_same_scores(pmi(arrays(counts)), [eq1(word, counts) for word in counts[-1]])


@pytest.mark.parametrize("k", range(2, 7))
def test_released_is_the_minimum_over_segmentations_into_one_or_two_bases(k):
    counts = tables(random_text(seed=k, length=30_000), k)
    assert_same_scores(pmi_released(arrays(counts)), [released(word, counts) for word in counts[-1]])


@given(st.text(alphabet="ATCG", min_size=4, max_size=80), st.integers(2, 4))
def test_any_text_agrees_with_the_enumeration(text, k):
    counts = tables(text, k)
    assert_same_scores(pmi(arrays(counts)), [eq1(word, counts) for word in counts[-1]])


@pytest.mark.parametrize("k", range(2, 11))
def test_uniform_counts_have_pmi_0(k):
    counts = [np.full(4**n, 40 * 4 ** (k - n)) for n in range(1, k + 1)]
    assert np.abs(pmi(counts)).max() < 1e-12


@pytest.mark.parametrize("k", range(2, 11))
def test_uniform_counts_have_a_released_score_of_ln_2_a_cut(k):
    counts = [np.full(4**n, 40 * 4 ** (k - n)) for n in range(1, k + 1)]
    fewest_cuts = max(1, math.ceil(k / 2) - 1)  # all pairs, but a 2-mer has to be cut
    assert np.abs(pmi_released(counts) - fewest_cuts * math.log(2)).max() < 1e-12


def test_poly_a_is_as_likely_as_its_pieces_and_all_else_was_never_seen():
    scores = pmi(arrays(tables("A" * 500, 6)))
    assert scores[0] == 0
    assert (scores[1:] == -np.inf).all()


def test_pmi_of_two_bases_is_the_ordinary_one():
    counts = [np.array([6, 2, 1, 1]), np.array([4] + [1] * 5 + [0] * 10)]
    assert pmi(counts)[0] == pytest.approx(math.log((4 / 9) / 0.6**2))


def test_pmi_does_not_change_when_the_genome_is_read_three_times():
    counts = arrays(tables(random_text(seed=1, length=2000), 5))
    assert np.allclose(pmi(counts), pmi([3 * table for table in counts]))


def test_released_forgets_what_was_seen_fewer_than_ten_times():
    counts = [np.full(4, 400), np.full(16, 100), np.array([9, 10, *[20] * 62])]
    scores = pmi_released(counts)
    assert scores[0] == -np.inf
    assert np.isfinite(scores[1:]).all()


@pytest.mark.parametrize("rare_count", [2, 101, 5000])
def test_normalized_pmi_is_eq_2(rare_count):
    scores, count = np.array([1.5, -0.5, 0.25]), np.array([2, 101, 10_000])
    expected = [
        score * math.log(f) / (math.log(rare_count) + math.log(f))
        for score, f in zip(scores.tolist(), count.tolist(), strict=True)
    ]
    assert normalized_pmi(scores, count, rare_count=rare_count) == pytest.approx(expected, rel=1e-15)


def test_a_kmer_as_frequent_as_c_keeps_half_its_score():
    assert RARE_COUNT == 101
    assert normalized_pmi(np.array([3.0]), np.array([101])).tolist() == [1.5]


def test_one_occurrence_is_discounted_to_0_and_none_stays_minus_infinity():
    normalized = normalized_pmi(np.array([2.0, -2.0, -np.inf, -np.inf]), np.array([1, 1, 1, 0]))
    assert normalized.tolist() == [0, 0, -np.inf, -np.inf]


@pytest.mark.parametrize("score", [pmi, pmi_released])
def test_one_length_alone_cannot_be_scored(score):
    with pytest.raises(ValueError, match=r"PMI needs counts for n = 1..k with k >= 2; found '1 table"):
        score([np.ones(4, dtype=np.int64)])


@pytest.mark.parametrize("score", [pmi, pmi_released])
def test_a_table_of_the_wrong_length_is_refused(score):
    with pytest.raises(ValueError, match="the table of 2-mers needs 16 counts; found 15"):
        score([np.full(4, 10), np.full(15, 10)])


def test_a_table_without_counts_is_refused():
    with pytest.raises(ValueError, match="the table of 1-mers needs at least one occurrence"):
        pmi([np.zeros(4, dtype=np.int64), np.ones(16, dtype=np.int64)])


def test_released_needs_a_kmer_seen_ten_times():
    with pytest.raises(ValueError, match="the released ranking needs a k-mer that occurs 10 times; found 9"):
        pmi_released([np.full(4, 36), np.full(16, 9)])


def test_a_rare_count_without_a_logarithm_is_refused():
    with pytest.raises(ValueError, match="rare_count needs at least 2 occurrences; found 1"):
        normalized_pmi(np.ones(4), np.ones(4, dtype=np.int64), rare_count=1)


def test_scores_are_the_same_to_the_last_bit_for_all_lengths_at_once():
    counts = arrays(tables(random_text(3, 3_000), 5))
    expected = [pmi(counts[:n]) for n in range(2, 6)]
    for score, other in zip(pmi_by_length(counts), expected, strict=True):
        np.testing.assert_array_equal(score, other)
