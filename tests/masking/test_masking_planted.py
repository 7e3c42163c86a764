"""Known truth: what share of the motifs planted in a synthetic genome a strategy hides, against all bases."""

import numpy as np
import pytest

from genomask.analysis.motifs.matrix import consensus_matrix
from genomask.corpus.segments import Corpus, CorpusSettings, cut, lay_out
from genomask.genome.counts import count_kmers
from genomask.genome.encoded import open_genome
from genomask.genome.synthetic.dna import ENHANCER_MOTIFS, PROMOTER_MOTIFS
from genomask.genome.synthetic.settings import SyntheticGenome, with_planted
from genomask.masking.calibration import Sample, match, planted_shares
from genomask.masking.draws import sequence_keys
from genomask.masking.global_pmi import GlobalPmiMasking, GlobalSpanMasking
from genomask.masking.masker import Masker
from genomask.masking.pmi import SpanMasking
from genomask.masking.priority import MotifMasking
from genomask.masking.random import RandomMasking
from genomask.ranking.table import rank_kmers
from genomask.tokens.kmer import KmerTokens
from masking_strategies import random_bases

CORPUS = CorpusSettings(510, 5, 0.5, 1000, 0, "drop", 0.1)
KNOWN = {motif.consensus for motif in PROMOTER_MOTIFS} | set(ENHANCER_MOTIFS.values())


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A genome whose planted motifs obey their consensus, as masked sequences, and the ranks of its 6-mers."""
    folder = tmp_path_factory.mktemp("genome")
    SyntheticGenome(bases=300_000, chromosomes=1, promoters=50, enhancers=50, conservation=1.0).encode(folder)
    genome = with_planted(open_genome(folder), folder)
    segments = cut(genome, CORPUS, np.random.default_rng(0))
    keys = sequence_keys(0, 0, np.arange(len(segments.start)))
    pieces = Corpus(genome, lay_out(genome, gaps="drop")).read(segments, keys)
    ranking = rank_kmers(count_kmers(genome.bases, genome.runs, k=6), k=6)
    return Sample(pieces, keys, np.zeros(len(keys))), ranking.rank


def shares(strategy, sample):
    masker = Masker(strategy, KmerTokens(1))
    # Most segments hold no motif, few hold several: about a fifth of the bases has room for all.
    return planted_shares(match(masker, sample, bases=0.2), sample)


def test_motif_masking_hides_nearly_all_of_what_was_planted(planted):
    sample, _ = planted
    known, every = shares(MotifMasking(motifs=[consensus_matrix(text) for text in sorted(KNOWN)]), sample)
    assert every == pytest.approx(0.2, abs=0.002)
    assert known > 0.93


@pytest.mark.parametrize("strategy", [RandomMasking(), SpanMasking(), GlobalSpanMasking()])
def test_masking_that_knows_nothing_hides_planted_motifs_at_chance(planted, strategy):
    sample, _ = planted
    known, every = shares(strategy, sample)
    bases = sum(int((piece.tracks["planted"] > 0).sum()) for piece in sample.pieces)
    error = (0.2 * 0.8 / (bases / strategy.span_bases())) ** 0.5  # the bases of a span are hidden together
    assert known == pytest.approx(every, abs=4 * error)


def test_global_pmi_hides_some_of_what_was_planted_beyond_chance(planted):
    sample, ranks = planted
    known, every = shares(GlobalPmiMasking(ranking=ranks), sample)
    assert known > 1.5 * every


def test_a_genome_without_planted_motifs_tells_nothing(tmp_path):
    sequences = random_bases([100] * 2)
    sample = Sample([(bases,) for bases in sequences], sequence_keys(0, 0, np.arange(2)), np.zeros(2))
    assert planted_shares(Masker(RandomMasking(), KmerTokens(1)), sample) is None
    SyntheticGenome(bases=30_000, chromosomes=1, promoters=2, enhancers=1).encode(tmp_path)
    genome = open_genome(tmp_path)
    (tmp_path / "planted.csv").unlink()
    assert with_planted(genome, tmp_path) is genome
