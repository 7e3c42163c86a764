"""The one way to reverse a strand, and to say what sequences are made of and how long they are."""

from itertools import pairwise
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64, Integer, UInt8, UInt64

from genomask.alphabet import BASES, OTHER

MOST_BINS: Final = 20  # of a histogram
_STRONG: Final = BASES.index("C")  # C and G are the last two of the four
_EVERY_OTHER_BIT: Final = np.uint64(0x5555555555555555)  # which tells a base from its complement
_TWO_OF_FOUR, _FOUR_OF_EIGHT = np.uint64(0x3333333333333333), np.uint64(0x0F0F0F0F0F0F0F0F)


def reverse_complement(bases: UInt8[np.ndarray, "*rows bases"]) -> UInt8[np.ndarray, "*rows bases"]:
    """The other strand, read from its own start; a base that is none of A, C, G and T stays as it is."""
    turned = bases[..., ::-1]
    return np.where(turned < OTHER, turned ^ 1, turned)


def kmer_codes(bases: UInt8[np.ndarray, " bases"], k: int) -> UInt64[np.ndarray, " _kmers"]:
    """The base-4 code of the k-mer that starts at each base; k is at most 32. Other letters give no k-mer's code."""
    if len(bases) < k:
        return np.empty(0, dtype=np.uint64)
    letters = codes = bases.astype(np.uint64)
    width = 1
    for bit in f"{k:b}"[1:]:  # twice as wide each time, and one wider where the bit is set
        codes, width = codes[:-width] << np.uint64(2 * width) | codes[width:], 2 * width
        if bit == "1":
            codes, width = codes[:-1] << np.uint64(2) | letters[width:], width + 1
    return codes


def reverse_complement_codes(codes: UInt64[np.ndarray, " kmers"], k: int) -> UInt64[np.ndarray, " kmers"]:
    """The base-4 code of every k-mer's reverse complement; k is at most 32."""
    turned = codes ^ _EVERY_OTHER_BIT
    for bits, mask in ((np.uint64(2), _TWO_OF_FOUR), (np.uint64(4), _FOUR_OF_EIGHT)):
        turned = (turned & mask) << bits | turned >> bits & mask
    return turned.byteswap() >> np.uint64(64 - 2 * k)


def gc_share(
    bases: UInt8[np.ndarray, " bases"], offsets: Integer[np.ndarray, " _offsets"]
) -> Float64[np.ndarray, " rows"]:
    """Share of G and C among the A, C, G and T of each sequence, end to end in ``bases``; NaN for one without them."""
    known = bases < OTHER
    strong = known & (bases >= _STRONG)
    strong_count, known_count = (np.diff(np.append(0, np.cumsum(flags))[offsets]) for flags in (strong, known))
    nothing = np.full(len(known_count), np.nan)
    return np.divide(strong_count, known_count, out=nothing, where=known_count > 0)


def length_histogram(lengths: Int64[np.ndarray, " rows"]) -> dict[str, int]:
    """Number of sequences of each length, or in each of some bins (``100-149``) if there are many lengths."""
    values, counts = np.unique(lengths, return_counts=True)
    if len(values) <= MOST_BINS:
        return {str(value): int(count) for value, count in zip(values, counts, strict=True)}
    edges = np.unique(np.linspace(values[0], values[-1] + 1, MOST_BINS + 1).astype(int))
    counts = np.histogram(lengths, edges)[0].tolist()
    return {f"{low}-{high - 1}": count for (low, high), count in zip(pairwise(edges.tolist()), counts, strict=True)}
