"""Nats per hidden base: a literal sum over the k-mers of a token, and ln 4 where nothing is known."""

import math
from itertools import product

import numpy as np
import pytest
import torch

from genomask.alphabet import kmer_code
from genomask.corpus.steps import collate
from genomask.masking.draws import sequence_keys
from genomask.masking.masker import Masker
from genomask.masking.random import RandomMasking, WholeSpanMasking
from genomask.pretrain.step import base_nats
from genomask.tokens.kmer import KmerTokens


def validation_batch(tokens, *, letters=4, masking=None):
    """Masked sequences of one micro-batch, with their hidden bases, and what they were made of."""
    draw = np.random.default_rng(0)
    sequences = [draw.integers(0, letters, size, dtype=np.uint8) for size in (60, 47, 33, 9)]
    masker = Masker(masking or WholeSpanMasking(center_probability=0.08), tokens)
    rows = [masker(bases, key=key) for bases, key in zip(sequences, sequence_keys(0, 0, np.arange(4)), strict=True)]
    return collate(masker, sequences, rows, micro_batch=4, with_hidden=True), sequences, rows


def logits_for(batch, tokens, *, spread):
    generator = torch.Generator().manual_seed(0)
    return spread * torch.randn(len(batch.targets), tokens.vocabulary_size, generator=generator).double()


@pytest.mark.parametrize("k", [2, 3, 4])
def test_nats_of_overlapping_kmers_are_a_literal_sum_over_the_kmers_with_that_base(k):
    tokens = KmerTokens(k)
    batch, sequences, rows = validation_batch(tokens, letters=5)
    logits = logits_for(batch, tokens, spread=2.0)
    kmers = ["".join(kmer) for kmer in product("ATCG", repeat=k)]
    total, count, number = 0.0, 0, 0
    for bases, row in zip(sequences, rows, strict=True):  # longest first already
        numbers = number + np.cumsum(row.masked) - 1
        for base, letter in enumerate(bases):
            covering = [token for token in range(len(row.masked)) if token <= base < token + k]
            if letter > 3 or not covering or not all(row.input_ids[covering] == tokens.mask):
                continue
            token = min(max(base - k // 2, 0), len(row.masked) - 1)  # the one around it, as far as there is one
            share = logits[numbers[token], 5:].softmax(dim=0)
            wanted = "ATCG"[letter]
            total -= math.log(sum(share[kmer_code(kmer)].item() for kmer in kmers if kmer[base - token] == wanted))
            count += 1
        number += int(row.masked.sum())
    assert count > 10
    nats, bases_count = base_nats(logits, batch, torch.from_numpy(tokens.random_ids), tokens.mask)
    assert bases_count == count
    assert nats.item() == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize(("k", "stride"), [(1, 1), (3, 3)])
def test_nats_of_kmers_side_by_side_are_those_of_whole_kmers(k, stride):
    tokens = KmerTokens(k, stride)
    batch, _, rows = validation_batch(tokens, letters=5)
    logits = logits_for(batch, tokens, spread=2.0)
    total, count, number = 0.0, 0, 0
    for row in rows:
        for token_id, shown in zip(row.tokens.ids[row.masked], row.input_ids[row.masked], strict=True):
            if shown == tokens.mask and 5 <= token_id < 5 + 4**k:  # no single letter at the end, no unknown one
                total -= math.log(logits[number, 5 : 5 + 4**k].softmax(dim=0)[token_id - 5].item())
                count += k
            number += 1
    nats, bases_count = base_nats(logits, batch, torch.from_numpy(tokens.random_ids), tokens.mask)
    assert (bases_count, count > 10) == (count, True)
    assert nats.item() == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize(("k", "stride"), [(1, 1), (3, 1), (6, 1), (6, 6)])
def test_equal_logits_are_worth_ln_4_a_base(k, stride):
    tokens = KmerTokens(k, stride)
    batch, _, _ = validation_batch(tokens)
    logits = logits_for(batch, tokens, spread=0.0)
    logits[:, :5] = 7.0  # special tokens do not compete
    nats, count = base_nats(logits, batch, torch.from_numpy(tokens.random_ids), tokens.mask)
    assert nats.item() / count == pytest.approx(math.log(4), rel=1e-12)


def test_a_batch_without_a_hidden_base_has_no_nats():
    for tokens in (KmerTokens(1), KmerTokens(6)):
        batch, _, _ = validation_batch(tokens, masking=RandomMasking(center_probability=1e-9))
        logits = logits_for(batch, tokens, spread=1.0)
        nats, count = base_nats(logits, batch, torch.from_numpy(tokens.random_ids), tokens.mask)
        assert (nats.item(), count) == (0.0, 0)
