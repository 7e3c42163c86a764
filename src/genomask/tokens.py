"""From bases to token ids: [CLS], the overlapping k-mers, [SEP], [PAD]."""

from typing import Final

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from genomask.alphabet import CLS, FIRST_KMER, OTHER, PAD, SEP, UNK
from genomask.checks import require
from genomask.compiled import on_cpu

HALVES_OF_8_BITS: Final = 8  # bases in the longest k-mer of which half has a code of no more


def longest_sequence(tokens: int, k: int) -> int:
    """Bases of the longest sequence that fits into so many tokens, [CLS] and [SEP] included."""
    return tokens - 2 + k - 1


def tokenise(
    bases: UInt8[Tensor, "batch bases"], lengths: Int64[Tensor, " batch"], *, k: int
) -> Int64[Tensor, "batch bases-{k}+3"]:
    """Token ids of a padded batch, on the device where the batch is.

    A k-mer's token id is its base-4 code after the special tokens; a k-mer with a base that is not one of
    the four is [UNK]. A row shorter than k is [CLS] and [SEP].

    Args:
        bases: Bases 0..3, anything above is another letter; those beyond a row's length are ignored.
        lengths: Bases in each row, at most the width of the batch.
        k: Bases in a k-mer, at most 15.

    Raises:
        ValueError: If the batch is too narrow to hold [CLS] and [SEP].
    """
    width = bases.shape[1]
    require(width >= k - 1, "A batch of bases", f"at least k - 1 = {k - 1} columns", width)
    path = tokenise_by_loop if on_cpu(bases.device.type) else tokenise_by_torch
    return path(bases, lengths, k=k)


def tokenise_by_loop(
    bases: UInt8[Tensor, "batch bases"], lengths: Int64[Tensor, " batch"], *, k: int
) -> Int64[Tensor, "batch bases-{k}+3"]:
    """Token ids of a batch on the CPU, in a tenth of torch's time (256 segments)."""
    from genomask.loops import tokenise_rows

    token_ids = np.empty((bases.shape[0], bases.shape[1] - k + 3), dtype=np.int64)
    codes = np.empty(bases.shape[1], dtype=np.uint8 if k <= HALVES_OF_8_BITS else np.uint16)
    tokenise_rows(bases.contiguous().numpy(), lengths.contiguous().numpy(), k, codes, token_ids)
    return torch.from_numpy(token_ids)


def tokenise_by_torch(
    bases: UInt8[Tensor, "batch bases"], lengths: Int64[Tensor, " batch"], *, k: int
) -> Int64[Tensor, "batch bases-{k}+3"]:
    """Token ids of a batch on any device, without waiting for it."""
    batch, width = bases.shape
    kmer_count = width - k + 1

    codes, largest, read = bases.to(torch.int32), bases, 1
    while read < k:  # doubles the bases in a code as long as k has room
        step = min(read, k - read)
        # Codes that overlap agree on the bases they share: the earlier one gives its first ``step`` bases.
        head = codes[:, :-step] >> 2 * (read - step)
        codes = torch.add(codes[:, step:], head, alpha=4**read)
        largest = torch.maximum(largest[:, :-step], largest[:, step:])
        read += step

    token_ids = lengths.new_full((batch, kmer_count + 2), CLS)
    token_ids[:, 1:-1] = (codes + FIRST_KMER).masked_fill_(largest >= OTHER, UNK)
    end = (lengths - (k - 1)).clamp_(min=0).add_(1).unsqueeze(1)  # the column of [SEP]
    columns = torch.arange(kmer_count + 2, device=bases.device)
    return token_ids.masked_fill_(columns > end, PAD).scatter_(1, end, SEP)
