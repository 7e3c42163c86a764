"""Every masking strategy, and random sequences to try them on."""

import numpy as np

from genomask.masking.draws import sequence_keys
from genomask.masking.global_pmi import GlobalPmiMasking, GlobalSpanMasking
from genomask.masking.masker import Masker
from genomask.masking.pmi import PmiMasking, PmiReleasedMasking, SpanMasking
from genomask.masking.pmi_vocab import PmiVocabMasking
from genomask.masking.priority import MotifMasking
from genomask.masking.random import GrowingRunMasking, RandomMasking, TokenMasking, WholeSpanMasking
from genomask.masking.schedule import ScheduleMasking
from genomask.masking.settings import Corruption
from genomask.masking.weighted import InformativeMasking
from genomask.tokens.kmer import KmerTokens


def ranking_of(k=6, seed=0):
    return np.random.default_rng(seed).permutation(4**k) + 1


def vocabulary_of(lengths=range(2, 11), share=0.02, seed=0):
    rng = np.random.default_rng(seed)
    return {n: rng.random(4**n) < share for n in lengths}


def with_ranking(strategy):
    return lambda *, k=6, **settings: strategy(ranking=ranking_of(k), **settings)


def without_k(strategy):
    def make(*, k=6, **settings):  # noqa: ARG001  (every maker takes it)
        return strategy(**settings)

    return make


STRATEGIES = {
    "random": without_k(RandomMasking),
    "pmi": with_ranking(PmiMasking),
    "span": SpanMasking,
    "whole_span": without_k(WholeSpanMasking),
    "pmi_vocab": without_k(lambda **settings: PmiVocabMasking(vocabulary=vocabulary_of(), **settings)),
    "pmi_released": with_ranking(PmiReleasedMasking),
    "token": without_k(TokenMasking),
    "global_pmi": with_ranking(GlobalPmiMasking),
    "global_span": GlobalSpanMasking,
    "random_mask": without_k(GrowingRunMasking),
    "informative": without_k(lambda **settings: InformativeMasking(scores=np.zeros(64), **settings)),
    "motif": without_k(lambda **settings: MotifMasking(motifs=[np.eye(4)[[0, 2, 3, 1]]], **settings)),
    "schedule": without_k(lambda **settings: ScheduleMasking(first=RandomMasking(), second=SpanMasking(), **settings)),
}

TOKENS = {
    "6-mer": KmerTokens(6),
    "3-mer": KmerTokens(3),
    "base": KmerTokens(1),
    "6-mer/6": KmerTokens(6, stride=6),
}


def masker_of(name, *, k=6, tokens=None, corruption=None, **settings):
    return Masker(STRATEGIES[name](k=k, **settings), tokens or KmerTokens(k), corruption or Corruption())


def random_bases(lengths, seed=0):
    """Random sequences of so many bases each."""
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 4, length, dtype=np.uint8) for length in lengths]


def keys_of(sequences, seed=0):
    return sequence_keys(seed, 0, np.arange(len(sequences)))


def masked_all(masker, sequences, keys=None):
    keys = keys_of(sequences) if keys is None else keys
    return [masker(bases, key=key) for bases, key in zip(sequences, keys, strict=True)]
