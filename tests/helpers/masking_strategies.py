"""Every masking strategy, and random sequences to try them on."""

import numpy as np
import torch
from genomask.masking.pmi_released import PmiReleasedMasking
from genomask.masking.span import SpanMasking
from genomask.masking.whole_span import WholeSpanMasking

from genomask.masking.draws import sequence_keys
from genomask.masking.pmi import PmiMasking
from genomask.masking.pmi_vocab import PmiVocabMasking
from genomask.masking.random import RandomMasking


def ranking_of(k=6, seed=0):
    return np.random.default_rng(seed).permutation(4**k) + 1


def vocabulary_of(lengths=range(2, 11), share=0.02, seed=0):
    rng = np.random.default_rng(seed)
    return {n: rng.random(4**n) < share for n in lengths}


STRATEGIES = {
    "random": RandomMasking,
    "pmi": lambda **settings: PmiMasking(ranking=ranking_of(settings.get("k", 6)), **settings),
    "span": SpanMasking,
    "whole_span": WholeSpanMasking,
    "pmi_vocab": lambda **settings: PmiVocabMasking(vocabulary=vocabulary_of(), **settings),
    "pmi_released": lambda **settings: PmiReleasedMasking(ranking=ranking_of(settings.get("k", 6)), **settings),
}


def random_rows(lengths, *, k=6, seed=0):
    """Token ids of random sequences of so many tokens each."""
    generator = torch.Generator().manual_seed(seed)
    width = max(lengths)
    bases = torch.randint(0, 4, (len(lengths), width + k - 1), generator=generator)
    codes = sum(bases[:, place : place + width] * 4 ** (k - 1 - place) for place in range(k))
    rows = torch.zeros(len(lengths), width + 2, dtype=torch.int64)
    rows[:, 0] = 2
    rows[:, 1:-1] = codes + 5
    end = torch.tensor(lengths)[:, None] + 1
    position = torch.arange(width + 2)
    return rows.masked_fill(position > end, 0).scatter(1, end, 3)


def keys_of(rows, seed=0):
    return sequence_keys(seed, 0, torch.arange(len(rows)))
