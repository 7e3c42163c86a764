"""Random numbers without a generator: each is a hash of (key of the sequence, stream, position).

No state means that a batch draws what its sequences would draw alone, whatever its width, device, data
worker or rank, and that a resumed run draws what an uninterrupted one would have drawn.
"""

import math
from enum import IntEnum
from typing import Final

import torch
from jaxtyping import Bool, Int32, Int64
from torch import Tensor

# Finaliser of SplitMix64 (Steele, Lea and Flood, 2014). Constants are signed, as torch's integers are.
MIX_64: Final = ((30, 0xBF58476D1CE4E5B9 - 2**64), (27, 0x94D049BB133111EB - 2**64))

# The same for 32 bits, at half the cost: "lowbias32" of C. Wellons' hash prospector.
MIX_32: Final = (0x7FEB352D, 0x846CA68B - 2**32)
GOLDEN_32: Final = 0x9E3779B9 - 2**32  # sets neighbouring counters far apart


class Stream(IntEnum):
    """What a number is drawn for; numbers of different streams are independent.

    The values have no structure that the hash could keep: they are fractions of the roots of 2, 5 and 11.
    """

    CENTERS = 0x6A09E667F3BCC908
    CORRUPTION = 0x3C6EF372FE94F82B
    RANKS = 0x510E527FADE682D1


def sequence_keys(
    seed: int, epoch: int | Int64[Tensor, " batch"], positions: Int64[Tensor, " batch"]
) -> Int64[Tensor, " batch"]:
    """Key of every sequence, from the seed, the epoch and the sequence's position in the corpus."""
    key = _mix_64(torch.full_like(positions, seed))
    return _mix_64(_mix_64(key + epoch) + positions)


def bits(keys: Int64[Tensor, " batch"], *, stream: Stream, count: int) -> Int32[Tensor, "batch {count}"]:
    """Draw 32 random bits for each of the first ``count`` positions of every sequence.

    The number at a position depends on the key, the stream and the position alone. Keys must come from
    ``sequence_keys``: those that follow a pattern would draw numbers that do, too.
    """
    key = keys + stream
    low, high = key.to(torch.int32)[:, None], (key >> 32).to(torch.int32)[:, None]
    counter = torch.arange(count, dtype=torch.int32, device=keys.device)
    word = _fold_32(low + counter * GOLDEN_32, 16).mul_(MIX_32[0]).add_(high)
    return _fold_32(_fold_32(word, 15).mul_(MIX_32[1]), 16)


def below(word: Int32[Tensor, "batch tokens"], probability: float) -> Bool[Tensor, "batch tokens"]:
    """Whether random bits, read as a fraction, are below a probability (above 0): true with just that."""
    # Words are signed: -2**31 reads as the fraction 0.
    return word <= largest_below(probability) - 2**31


def largest_below(probability: float) -> int:
    """The largest of 0..2**32 - 1 that is, as a fraction of 2**32, below a probability above 0."""
    return math.ceil(probability * 2**32) - 1


def _mix_64(word: Int64[Tensor, " batch"]) -> Int64[Tensor, " batch"]:
    for shift, factor in MIX_64:
        word = _fold_64(word, shift) * factor
    return _fold_64(word, 31)


# In both folds, >> copies the sign into the upper bits, and & takes it out again.
def _fold_64(word: Int64[Tensor, " batch"], shift: int) -> Int64[Tensor, " batch"]:
    return word ^ (word >> shift & (1 << 64 - shift) - 1)


def _fold_32(word: Int32[Tensor, "batch tokens"], shift: int) -> Int32[Tensor, "batch tokens"]:
    return word.bitwise_xor_((word >> shift).bitwise_and_((1 << 32 - shift) - 1))
