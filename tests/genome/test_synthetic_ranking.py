"""Whether the ranking of a synthetic genome finds what was planted in it."""

import numpy as np
import pytest

from genomask.alphabet import kmer_code
from genomask.genome.counts import count_kmers
from genomask.genome.encoded import open_genome
from genomask.genome.synthetic.settings import SyntheticGenome
from genomask.ranking.table import rank_kmers

# The cores of all planted motifs, as far as they have six letters that are not ambiguous.
PLANTED = ["GGGCGG", "TATAAA", "CCGGAA", "ATGGCG", "TTGCGC", "CACGTG", "AGATAA", "TGTGGT", "TGACTC", "TGAGTC"]


@pytest.mark.parametrize("mode", ["eq1", "released"])
def test_planted_kmers_rank_higher_than_in_the_same_genome_without_elements(tmp_path, mode):
    ranks = []
    for name, elements in (("planted", 450), ("bare", 0)):
        (tmp_path / name).mkdir()
        SyntheticGenome(promoters=elements, enhancers=elements).encode(tmp_path / name)
        genome = open_genome(tmp_path / name)
        ranking = rank_kmers(count_kmers(genome.bases, genome.runs, k=6), mode=mode)
        ranks.append(np.array([ranking.rank[kmer_code(kmer)] for kmer in PLANTED]))
    with_elements, without = ranks
    assert (with_elements < without).mean() >= 0.8
    assert np.median(without - with_elements) > 100
