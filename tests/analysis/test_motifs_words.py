"""Words counted on both strands, and tested within strata of composition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from genomask.alphabet import OTHER, encode, kmer_code
from genomask.analysis.motifs.discover import Labelled, Sizes, count_words, exact_p, labelled, score, word_codes
from genomask.analysis.motifs.matrix import best_sites, erase, kmer_matrix, read_sites, site_scores
from genomask.genome.sequences import gc_share

EVEN = np.full(4, 0.25)


def other_strand(text: str) -> str:
    return text[::-1].translate(str.maketrans("ACGT", "TGCA"))


def rows(*texts: str) -> np.ndarray:
    widest = max(map(len, texts))
    return np.stack([np.pad(encode(text), (0, widest - len(text)), constant_values=OTHER) for text in texts])


@settings(deadline=None, max_examples=15)  # every word of every length is looked up
@given(st.lists(st.text("ACGTN", min_size=4, max_size=12), min_size=1, max_size=6), st.integers(2, 4))
def test_a_sequence_counts_once_for_a_word_on_either_strand(texts, k):
    positive = np.arange(len(texts)) % 2 == 0
    data = Labelled(rows(*texts), positive, np.zeros(len(texts), dtype=np.int64))
    both, of_positive = count_words(data, k)
    for code in range(4**k):
        word = "".join("ATCG"[code >> 2 * place & 3] for place in reversed(range(k)))
        if kmer_code(other_strand(word)) < code:
            assert both[0, code] == 0
            continue
        held = [word in text or other_strand(word) in text for text in texts]
        assert both[0, code] == sum(held)
        assert of_positive[0, code] == sum(h and p for h, p in zip(held, positive, strict=True))


def test_a_word_with_a_letter_that_is_no_base_has_no_code():
    assert word_codes(rows("ACGNT"), 3).tolist() == [[min(kmer_code("ACG"), kmer_code("CGT")), -1, -1]]


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.data())
def test_one_stratum_is_fishers_exact_test(positives, negatives, data):
    a, b = data.draw(st.integers(0, positives)), data.draw(st.integers(0, negatives))
    sizes = Sizes(np.array([positives + negatives]), np.array([positives]))
    p = exact_p(np.array([a + b]), np.array([a]), sizes)
    table = [[a, positives - a], [b, negatives - b]]
    assert p == pytest.approx(fisher_exact(table, alternative="greater")[1], rel=1e-8)


def test_two_strata_are_the_sum_of_two_hypergeometric_numbers():
    draw = np.random.default_rng(0)
    sizes, held = Sizes(np.array([20, 30]), np.array([8, 18])), np.array([7, 12])
    drawn = draw.hypergeometric(held, sizes.both - held, sizes.positive, size=(40_000, 2)).sum(axis=1)
    for observed in (9, 11, 13):
        p = exact_p(held, np.array([observed - 5, 5]), sizes)
        assert p == pytest.approx((drawn >= observed).mean(), abs=4 * np.sqrt(p * (1 - p) / 40_000))


def test_what_composition_alone_explains_does_not_count():
    # In each stratum the word is as common in both classes; over all sequences it looks enriched.
    sizes = Sizes(np.array([100, 100]), np.array([80, 20]))
    having, positive = np.array([[50], [5]]), np.array([[40], [1]])
    assert score(having, positive, sizes)[0] == pytest.approx(0)
    together = Sizes(np.array([200]), np.array([100]))
    assert score(having.sum(axis=0)[None], positive.sum(axis=0)[None], together)[0] > 3


def test_the_score_is_the_mean_and_variance_of_the_hypergeometric_law():
    sizes = Sizes(np.array([40]), np.array([15]))
    law = np.random.default_rng(0).hypergeometric(12, 28, 15, size=200_000)
    z = score(np.array([[12]]), np.array([[9]]), sizes)[0]
    assert z == pytest.approx((9 - law.mean()) / law.std(), abs=0.02)
    assert score(np.array([[0, 40]]), np.array([[0, 15]]), sizes).tolist() == [0, 0]


def test_strata_hold_sequences_of_like_gc_and_about_as_many():
    draw = np.random.default_rng(0)
    bases = draw.integers(0, 4, size=(500, 60)).astype(np.uint8)
    data = labelled(bases, np.arange(500) < 250, strata=5)
    sizes = data.sizes.both
    assert len(sizes) == 5
    assert sizes.sum() == 500
    assert sizes.min() > 50
    share = gc_share(bases.ravel(), np.arange(501) * bases.shape[1])
    tops = [share[data.stratum == stratum].max() for stratum in range(5)]
    bottoms = [share[data.stratum == stratum].min() for stratum in range(5)]
    assert all(top <= bottom for top, bottom in zip(tops, bottoms[1:], strict=False))


def test_equal_composition_gives_one_stratum_and_no_empty_one():
    data = labelled(rows("ACGT", "CATG", "GTAC"), np.array([True, False, True]), strata=5)
    assert data.sizes.both.tolist() == [3]


@pytest.mark.parametrize("text", ["GGTATAAAGG", "CCTTTATACC"])
def test_a_motif_is_found_and_read_on_either_strand_and_taken_out(text):
    bases = rows(text)
    scores = site_scores(bases, kmer_matrix("TATAAA"), EVEN)
    best = best_sites(scores)
    assert best.start.tolist() == [2]
    assert best.reverse.tolist() == [text.startswith("CC")]
    assert best.score[0] == pytest.approx(12)
    assert read_sites(bases, best, 6).tolist() == [encode("TATAAA").tolist()]
    gone = erase(bases, np.any(scores >= 11, axis=0), 6)
    assert gone.tolist() == rows(text[:2] + "NNNNNN" + text[8:]).tolist()


def test_letters_that_are_no_base_say_nothing_either_way():
    scores = site_scores(rows("NNNNTA"), kmer_matrix("TATATA"), EVEN)
    assert scores[0, 0, 0] == pytest.approx(4)
