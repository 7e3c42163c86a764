"""The one way to reverse a strand, and to say what sequences are made of and how long they are."""

from itertools import pairwise
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64, Integer, UInt8, UInt64

from genomask.alphabet import BASES, OTHER

MOST_BINS: Final = 20  # of a histogram
_STRONG: Final = BASES.index("C")  # C and G are the last two of the four


def reverse_complement(bases: UInt8[np.ndarray, "*rows bases"]) -> UInt8[np.ndarray, "*rows bases"]:
    """The other strand, read from its own start; a base that is none of A, C, G and T stays as it is."""
    turned = bases[..., ::-1]
    return np.where(turned < OTHER, turned ^ 1, turned)


def reverse_complement_codes(codes: UInt64[np.ndarray, " kmers"], k: int) -> UInt64[np.ndarray, " kmers"]:
    """The base-4 code of every k-mer's reverse complement; k is at most 32."""
    reverse, rest = np.zeros_like(codes), codes
    for _ in range(k):
        reverse = reverse << np.uint64(2) | (rest & np.uint64(3) ^ np.uint64(1))
        rest = rest >> np.uint64(2)
    return reverse


def gc_share(
    bases: UInt8[np.ndarray, " bases"], offsets: Integer[np.ndarray, " _offsets"]
) -> Float64[np.ndarray, " rows"]:
    """Share of G and C among the A, C, G and T of each sequence; NaN for a sequence that has none of the four.

    Args:
        bases: The sequences end to end.
        offsets: Where each begins, and where the last one ends.
    """
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
