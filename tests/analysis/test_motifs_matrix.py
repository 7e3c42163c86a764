"""Motifs as matrices: information, consensus, strands and likeness, by closed forms."""

import numpy as np
import pytest

from genomask.analysis.motifs.matrix import (
    consensus,
    consensus_matrix,
    from_counts,
    information,
    kmer_matrix,
    most_similar,
    reverse_complement,
    similarity,
)


def test_a_clear_base_has_two_bits_one_of_two_has_one_and_any_has_none():
    np.testing.assert_allclose(information(consensus_matrix("ARN")), [2, 1, 0], atol=1e-12)


@pytest.mark.parametrize("text", ["TATAwAAr", "nCCTGGCCn", "kGCTGCwGs", "CACGTG"])
def test_a_consensus_of_one_or_two_bases_comes_back_from_its_matrix(text):
    assert consensus(consensus_matrix(text)) == text


def test_cavener_asks_for_half_of_the_sites_and_twice_the_next_base():
    rows = [[0.6, 0.3, 0.1, 0.0], [0.55, 0.35, 0.1, 0.0], [0.4, 0.3, 0.2, 0.1]]  # A, T, C, G
    assert consensus(np.array(rows)) == "wwn"
    assert consensus(np.array([[0.61, 0.29, 0.1, 0.0]])) == "A"


@pytest.mark.parametrize(("text", "other"), [("TATAAA", "TTTATA"), ("ARTC", "GAyT"), ("CACGTG", "CACGTG")])
def test_the_other_strand_spells_the_reverse_complement(text, other):
    assert consensus(reverse_complement(consensus_matrix(text))) == other.replace("R", "r").replace("Y", "y")


def test_a_letter_that_is_not_iupac_is_refused():
    with pytest.raises(ValueError, match="A consensus needs IUPAC letters; found 'TAXA'"):
        consensus_matrix("TAXA")


def test_counts_become_probabilities_with_one_more_site_of_background():
    counts = np.array([[8, 0, 0, 1], [0, 0, 9, 0]])
    found = from_counts(counts, np.array([0.3, 0.3, 0.2, 0.2]))
    np.testing.assert_allclose(found, [[0.83, 0.03, 0.02, 0.12], [0.03, 0.03, 0.92, 0.02]])


def test_a_motif_is_like_itself_on_either_strand():
    motif = consensus_matrix("AARATGGCGGC")
    assert similarity(motif, motif) == pytest.approx(1)
    assert similarity(motif, reverse_complement(motif)) == pytest.approx(1)


def test_half_of_a_motif_has_the_root_of_a_half_and_flanks_of_n_change_nothing():
    whole = kmer_matrix("CCGGAAGT")
    assert similarity(kmer_matrix("AAGT"), whole) == pytest.approx(np.sqrt(0.5))
    assert similarity(consensus_matrix("nnCCGGAAGTnn"), whole) == pytest.approx(1)
    assert similarity(consensus_matrix("nnn"), whole) == 0


def test_likeness_is_the_best_over_every_alignment_written_out():
    draw = np.random.default_rng(0)
    one, other = draw.dirichlet(np.ones(4), 5), draw.dirichlet(np.ones(4), 7)
    best = 0.0
    for strand in (other, other[::-1][:, [1, 0, 3, 2]]):
        for shift in range(-4, 7):
            total = 0.0
            for place in range(5):
                if 0 <= place + shift < 7:
                    total += float(((one[place] - 0.25) * (strand[place + shift] - 0.25)).sum())
            norm = np.sqrt(((one - 0.25) ** 2).sum() * ((other - 0.25) ** 2).sum())
            best = max(best, total / norm)
    assert similarity(one, other) == pytest.approx(best)
    index, score = most_similar(one, [kmer_matrix("AC"), other])
    assert score >= best - 1e-12
    assert index in (0, 1)
