"""Rankings of a real chromosome beside the ranks that the paper prints for the whole genome."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from genomask.alphabet import encode, kmer_code
from genomask.genome.counts import count_kmers
from genomask.ranking.table import rank_kmers
from genomask.ranking.vocabulary import VocabularySettings, build_vocabulary, table5

PAPER = Path(__file__).resolve().parents[2] / "experiments" / "paper"


@pytest.fixture(scope="module")
def counts(shared_data):
    with gzip.open(shared_data / "genome" / "GRCh37_chr20.fa.gz", "rt") as file:
        bases = encode(file.read().partition("\n")[2].replace("\n", ""))
    edges = np.flatnonzero(np.diff(np.concatenate(([False], bases < 4, [False]))))
    return count_kmers(bases, edges.reshape(-1, 2))


@pytest.fixture(scope="module")
def rankings(counts):
    return {mode: rank_kmers(counts, mode=mode) for mode in ("eq1", "released")}


def printed_ranks():
    with (PAPER / "table6.csv").open(newline="") as file:
        return {row["kmer"]: int(row["rank"]) for row in csv.DictReader(file) if row["kmer"]}


def test_all_bases_of_the_chromosome_are_counted(counts):
    assert counts[0].sum() == 59_505_520


def test_the_released_score_ranks_the_papers_motifs_where_the_paper_does(rankings):
    for kmer, printed in printed_ranks().items():
        found = int(rankings["released"].rank[kmer_code(kmer)])
        assert printed / 4 < found < printed * 4 or abs(found - printed) < 12, (kmer, printed, found)


@pytest.mark.parametrize("mode", ["eq1", "released"])
def test_cctccc_and_its_other_strand_are_among_the_first_ten(rankings, mode):
    assert max(rankings[mode].rank[[kmer_code("CCTCCC"), kmer_code("GGGAGG")]]) <= 10


def test_the_tata_box_is_in_the_first_quarter_by_the_released_score_but_not_by_eq_1(rankings):
    assert rankings["released"].rank[kmer_code("TATAAA")] <= 1024 < rankings["eq1"].rank[kmer_code("TATAAA")]


def test_the_two_scores_agree_as_they_do_on_chromosomes_1_to_3(rankings):
    ranks = np.stack([rankings["eq1"].rank, rankings["released"].rank])
    assert np.corrcoef(ranks)[0, 1] == pytest.approx(0.888, abs=0.02)
    assert np.all(ranks <= 1024, axis=0).sum() == pytest.approx(725, abs=40)


def test_most_6_mers_have_a_negative_score_by_eq_1_and_few_by_the_released_one(rankings):
    assert (rankings["eq1"].pmi < 0).sum() == pytest.approx(3808, rel=0.02)
    assert (rankings["released"].pmi < 0).sum() == pytest.approx(535, rel=0.2)


def test_the_scaled_vocabulary_is_full_and_as_selective_as_on_a_whole_genome(counts):
    words = table5(build_vocabulary(counts, VocabularySettings()))
    assert sum(words.values()) == 40_000
    assert list(words) == list(range(2, 11))
