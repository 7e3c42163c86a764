"""Compiled loops: from letters to bases, as fast as memory where all are A, C, G and T; and over all k-mers."""

from typing import Any, Final, no_type_check

import numpy as np

from genomask.alphabet import OTHER
from genomask.compiled import compiled

_U8 = np.uint8  # numba widens a sum or shift of two of them, so that each has to be narrowed again
_UPPER: Final = _U8(0xDF)
_CASE: Final = _U8(0x20)
_A, _C, _G, _T = (_U8(ord(letter)) for letter in "ACGT")
_1, _2, _3, _OTHER = _U8(1), _U8(2), _U8(3), _U8(OTHER)


@compiled
@no_type_check
def encode_letters(letters: Any, table: Any, bases: Any) -> Any:
    """Write the base of every letter, as the table of all 256 says; returns the largest.

    Bits 1 and 2 of A, C, G and T, upper or lower case, are 0, 1, 3 and 2: with the two swapped, the base. Bit 5
    is set in lower case, and becomes bit 3 of the base.
    """
    others = False
    for place in range(len(letters)):
        letter = _U8(letters[place] & _UPPER)
        lower = _U8(_U8(letters[place] & _CASE) >> _2)
        known = (letter == _A) | (letter == _C) | (letter == _G) | (letter == _T)
        bases[place] = _U8(_U8(_U8(letter & _2) | _U8(_U8(letter >> _2) & _1)) | lower) if known else _OTHER
        others |= not known
    largest = _3
    if others:
        for place in range(len(letters)):
            bases[place] = table[letters[place]]
            largest = max(largest, bases[place])
    return largest


@compiled
@no_type_check
def add_kmers(bases: Any, runs: Any, k: int, chunk: tuple[int, int], table: Any) -> None:
    """Add to the table every k-mer that starts in the chunk."""
    first, last = chunk
    mask, four = np.uint64(4**k - 1), np.uint64(4)  # unsigned: no test for a negative index, 30 % faster
    for run in range(np.searchsorted(runs[:, 1], first, side="right"), len(runs)):
        start, stop = max(runs[run, 0], first), min(runs[run, 1], last + k - 1)
        if start >= last:
            break
        code = np.uint64(0)  # of all bases so far, of which it holds the last 32: each waits for the one before
        for base in bases[start : min(start + k - 1, stop)]:
            code = code * four + np.uint64(base)
        for base in bases[start + k - 1 : stop]:
            code = code * four + np.uint64(base)
            table[code & mask] += 1
