"""k-mers of labelled sequences, as base-4 codes row by row."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, UInt64

from genomask.alphabet import OTHER
from genomask.checks import require
from genomask.genome.sequences import reverse_complement_codes
from genomask.tasks.examples import Examples

LONGEST_K = 31  # 62 bits
_BLOCK = 1 << 20  # bases looked at together: the memory that is needed does not grow with the set


class RowKmers(NamedTuple):
    """Codes of k-mers and the rows that they lie in, in the order of the rows."""

    codes: UInt64[np.ndarray, " _kmers"]
    rows: Int64[np.ndarray, " _kmers"]


def row_kmers(examples: Examples, k: int) -> Iterator[RowKmers]:
    """Every k-mer of A, C, G and T that lies within one row, in blocks of whole rows.

    Raises:
        ValueError: If k is out of range.
    """
    require(1 <= k <= LONGEST_K, "k", f"a number from 1 to {LONGEST_K}", k)
    first, offsets = 0, examples.offsets
    while first < len(examples.labels):
        last = max(first + 1, int(np.searchsorted(offsets, offsets[first] + _BLOCK, side="right")) - 1)
        yield _block(examples, first, last, k)
        first = last


def both_strands(codes: UInt64[np.ndarray, " kmers"], k: int) -> UInt64[np.ndarray, " kmers"]:
    """The smaller of each code and the code of its reverse complement."""
    return np.minimum(codes, reverse_complement_codes(codes, k))


def _block(examples: Examples, first: int, last: int, k: int) -> RowKmers:
    offsets = examples.offsets[first : last + 1]
    bases = np.asarray(examples.bases[offsets[0] : offsets[-1]])
    rows = np.repeat(np.arange(first, last), np.diff(offsets))
    count = max(len(bases) - k + 1, 0)
    codes = np.zeros(count, dtype=np.uint64)
    for place in range(k):
        codes = codes << np.uint64(2) | bases[place : place + count]
    others = np.concatenate(([0], np.cumsum(bases >= OTHER)))
    whole = (rows[:count] == rows[k - 1 : k - 1 + count]) & (others[k : k + count] == others[:count])
    return RowKmers(codes[whole], rows[:count][whole])
