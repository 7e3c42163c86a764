"""k-mers of labelled sequences, as base-4 codes row by row."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, UInt64

from genomask.alphabet import OTHER
from genomask.checks import require
from genomask.genome.sequences import kmer_codes, reverse_complement_codes
from genomask.tasks.examples import Examples

LONGEST_K = 31  # 62 bits
_BLOCK = 1 << 20  # bases looked at together: the memory that is needed does not grow with the set


class RowKmers(NamedTuple):
    """Codes of k-mers and the rows that they lie in, in the order of the rows."""

    codes: UInt64[np.ndarray, " _kmers"]
    rows: Int64[np.ndarray, " _kmers"]


def row_kmers(examples: Examples, k: int) -> Iterator[RowKmers]:
    """Every k-mer of A, C, G and T that lies within one row, in blocks of whole rows. Raises ValueError if k is out of
    range."""
    require(1 <= k <= LONGEST_K, "k", f"a number from 1 to {LONGEST_K}", k)
    first, offsets = 0, examples.offsets
    while first < len(examples.labels):
        last = max(first + 1, int(np.searchsorted(offsets, offsets[first] + _BLOCK, side="right")) - 1)
        bases = np.asarray(examples.bases[offsets[first] : offsets[last]])
        rows = np.repeat(np.arange(first, last), np.diff(offsets[first : last + 1]))
        codes = kmer_codes(bases, k)
        others = np.concatenate(([0], np.cumsum(bases >= OTHER)))
        ends = np.arange(len(codes)) + k
        whole = (rows[: len(codes)] == rows[ends - 1]) & (others[ends] == others[: len(codes)])
        yield RowKmers(codes[whole], rows[: len(codes)][whole])
        first = last


def distinct_kmers(examples: Examples, k: int) -> Iterator[RowKmers]:
    """Every k-mer of a row once, both strands taken together, in blocks of whole rows."""
    for block in row_kmers(examples, k):
        canonical = both_strands(block.codes, k)
        order = np.lexsort((canonical, block.rows))
        codes, rows = canonical[order], block.rows[order]
        new = np.ones(len(codes), dtype=bool)
        new[1:] = (codes[1:] != codes[:-1]) | (rows[1:] != rows[:-1])
        yield RowKmers(codes[new], rows[new])


def both_strands(codes: UInt64[np.ndarray, " kmers"], k: int) -> UInt64[np.ndarray, " kmers"]:
    """The smaller of each code and the code of its reverse complement."""
    return np.minimum(codes, reverse_complement_codes(codes, k))


def joined(blocks: Iterator[RowKmers]) -> RowKmers:
    """All blocks as one."""
    empty = RowKmers(np.empty(0, np.uint64), np.empty(0, np.int64))
    return RowKmers(*(np.concatenate(parts) for parts in zip(empty, *blocks, strict=True)))
