"""Known k-mers in a ranking: the statistics by hand, and the null that composition makes."""

import numpy as np
import pytest
from scipy.stats import kstest

from genomask.alphabet import kmer_code, kmer_table
from genomask.analysis.motifs.known import (
    both_strands,
    composition_strata,
    enrichment,
    palindromes,
    permuted,
    share_of_words,
    strand_units,
)

TOPS = (2, 8)


def enriched(rank, known, strata, k, *, permutations=200, seed=0):
    drawn = permuted(known, strata, k, permutations=permutations, rng=np.random.default_rng(seed))
    return enrichment(rank, known, drawn, tops=TOPS)


def test_a_kmer_and_its_reverse_complement_are_one_unit():
    units = strand_units(3)
    assert units[kmer_code("ACG")] == units[kmer_code("CGT")]
    assert len(set(units)) == 32
    assert len(set(strand_units(6))) == 2080


def test_a_stratum_holds_kmers_of_one_composition_one_cpg_count_and_one_symmetry():
    strata = composition_strata(4)
    for stratum in range(strata.max() + 1):
        kmers = [kmer for kmer, found in zip(kmer_table(4), strata, strict=True) if found == stratum]
        letters = {min((k.count("A"), k.count("T"), k.count("C"), k.count("G")),
                       (k.count("T"), k.count("A"), k.count("G"), k.count("C"))) for k in kmers}  # fmt: skip
        assert len(letters) == 1
        assert len({kmer.count("CG") for kmer in kmers}) == 1
    assert strata[kmer_code("ACGT")] != strata[kmer_code("AGCT")]
    assert strata[kmer_code("ACGT")] != strata[kmer_code("CATG")]


@pytest.mark.parametrize("strata", [composition_strata, palindromes])
def test_a_permutation_keeps_strands_together_and_every_stratum_as_full(strata):
    draw, k = np.random.default_rng(0), 4
    known = both_strands(draw.random(4**k) < 0.1, k)
    units, groups = strand_units(k), strata(k)
    moved = 0
    for chunk in permuted(known, groups, k, permutations=20, rng=draw):
        for row in chunk:
            np.testing.assert_array_equal(row, row[units])
            np.testing.assert_array_equal(np.bincount(groups, weights=row), np.bincount(groups, weights=known))
            moved += int((row != known).sum())
    assert moved > 0


def test_the_statistics_are_those_of_a_ranking_written_out():
    k, rank = 2, np.arange(1, 17)
    known = both_strands(np.array([kmer in ("AA", "TG") for kmer in kmer_table(k)]), k)
    order = known[np.argsort(rank)].tolist()
    wins = [
        one < other
        for one in range(16) if order[one]
        for other in range(16) if not order[other]
    ]  # fmt: skip
    found = enriched(rank, known, composition_strata(k), k)
    assert found.auc.observed == pytest.approx(np.mean(wins))
    assert {top: count.observed for top, count in found.top.items()} == {
        2: sum(order[:2]),
        8: sum(order[:8]),
    }


def test_known_kmers_that_all_stand_on_top_have_the_smallest_p_there_is():
    k = 6
    draw = np.random.default_rng(1)
    known = both_strands(draw.random(4**k) < 0.02, k)
    rank = np.empty(4**k, dtype=np.int64)
    rank[np.lexsort((draw.random(4**k), ~known))] = np.arange(1, 4**k + 1)
    found = enriched(rank, known, composition_strata(k), k)
    assert found.auc.observed == 1
    assert found.auc.p == found.top[8].p == pytest.approx(1 / 201)
    assert found.top[8].observed == 8


def test_a_ranking_by_composition_alone_is_enriched_only_where_composition_is_ignored():
    k, draw = 6, np.random.default_rng(2)
    gc = np.array([kmer.count("G") + kmer.count("C") for kmer in kmer_table(k)])
    known = both_strands((gc >= 5) & (draw.random(4**k) < 0.2), k)  # motifs are rich in G and C
    rank = np.empty(4**k, dtype=np.int64)
    rank[np.lexsort((draw.random(4**k), -gc))] = np.arange(1, 4**k + 1)
    assert enriched(rank, known, palindromes(k), k).auc.p == pytest.approx(1 / 201)
    assert enriched(rank, known, composition_strata(k), k).auc.p > 0.05


def test_p_values_of_labels_that_mean_nothing_are_even():
    k, strata, p = 4, palindromes(4), []
    rank = np.random.default_rng(3).permutation(4**k) + 1
    units = strand_units(k)
    for seed in range(120):
        draw = np.random.default_rng(seed)
        chosen = draw.choice(np.unique(units), 20, replace=False)
        p.append(enriched(rank, np.isin(units, chosen), strata, k, permutations=99, seed=seed).auc.p)
    assert kstest(p, "uniform").pvalue > 0.001


def test_words_of_a_vocabulary_are_counted_and_compared_with_permuted_labels():
    k, draw = 4, np.random.default_rng(4)
    known = both_strands(draw.random(4**k) < 0.2, k)

    def drawn():
        return permuted(known, composition_strata(k), k, permutations=50, rng=draw)

    all_words = share_of_words(np.ones(4**k, dtype=bool), known, drawn())
    assert all_words.observed == all_words.expected == known.sum()
    assert all_words.p == 1
    just_known = share_of_words(known, known, drawn())
    assert just_known.observed == known.sum()
    assert just_known.ratio is not None
    assert just_known.ratio > 1.5
    assert just_known.p == pytest.approx(1 / 51)
