"""Random numbers without a generator: each is a hash of (key of the sequence, stream, number).

No state means that a batch draws what its sequences would draw alone, whatever its width, data worker or rank, and
that a resumed run draws what an uninterrupted one would have drawn.
"""

from enum import IntEnum
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64, UInt32

# Finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
MIX_64: Final = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


class Stream(IntEnum):
    """The purpose of a number. The values have no structure that the hash could keep: fractions of roots of primes."""

    CENTERS = 0x6A09E667F3BCC908
    SPANS = 0xBB67AE8584CAA73B  # how long they are, or which comes first
    CORRUPTION = 0x3C6EF372FE94F82B
    FILL = 0xA54FF53A5F1D36F1
    RANKS = 0x510E527FADE682D1
    PARTS = 0x9B05688C2B3E6C1F  # which of two strategies
    RATE = 0x1F83D9ABFB41BD6B
    WEIGHTS = 0x5BE0CD19137E2179


def sequence_keys(
    seed: int, epoch: int | Int64[np.ndarray, " batch"], positions: Int64[np.ndarray, " batch"]
) -> Int64[np.ndarray, " batch"]:
    """Key of every sequence, from the seed, the epoch and the sequence's position in the corpus."""
    key = _mix(np.full(len(positions), seed, dtype=np.int64).view(np.uint64))
    epochs = np.broadcast_to(np.asarray(epoch, dtype=np.int64), (len(positions),)).view(np.uint64)
    return _mix(_mix(key + epochs) + positions.astype(np.int64).view(np.uint64)).view(np.int64)


def bits(key: int | np.int64, *, stream: Stream, count: int) -> UInt32[np.ndarray, " {count}"]:
    """Draw 32 random bits number 0, 1, ... ``count - 1`` of a sequence.

    A number depends on the key, the stream and its place alone: it is the hash "lowbias32" of a counter, with the upper
    half of the key added on the way. Keys must come from ``sequence_keys``, or draws would follow their pattern.
    """
    whole = (int(key) + int(stream)) % 2**64
    low, high = np.uint32(whole % 2**32), np.uint32(whole >> 32)
    word = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9) + low
    word = (word ^ word >> np.uint32(16)) * np.uint32(0x7FEB352D) + high
    word = (word ^ word >> np.uint32(15)) * np.uint32(0x846CA68B)
    return word ^ word >> np.uint32(16) ^ np.uint32(2**31)


def uniform(key: int | np.int64, *, stream: Stream, count: int) -> Float64[np.ndarray, " {count}"]:
    """Draw numbers from 0 to below 1, as ``bits`` does."""
    return bits(key, stream=stream, count=count) / 2**32


def _mix(word: np.ndarray) -> np.ndarray:
    for shift, factor in MIX_64:
        word = (word ^ word >> np.uint64(shift)) * np.uint64(factor)
    return word ^ word >> np.uint64(31)
