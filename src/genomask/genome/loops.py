"""A compiled loop from letters to bases, as fast as memory where all letters are A, C, G and T."""

from typing import Any, Final, no_type_check

import numpy as np

from genomask.alphabet import OTHER
from genomask.compiled import compiled

_U8 = np.uint8  # numba widens a sum or shift of two of them, so that each has to be narrowed again
_UPPER: Final = _U8(0xDF)
_A, _C, _G, _T = (_U8(ord(letter)) for letter in "ACGT")
_1, _2, _3, _OTHER = _U8(1), _U8(2), _U8(3), _U8(OTHER)


@compiled
@no_type_check
def encode_letters(letters: Any, table: Any, bases: Any) -> Any:
    """Write the base of every letter, as the table of all 256 says; returns the largest.

    Bits 1 and 2 of A, C, G and T, upper or lower case, are 0, 1, 3 and 2: with the two swapped, the base.
    """
    others = False
    for place in range(len(letters)):
        letter = _U8(letters[place] & _UPPER)
        known = (letter == _A) | (letter == _C) | (letter == _G) | (letter == _T)
        bases[place] = _U8(_U8(letter & _2) | _U8(_U8(letter >> _2) & _1)) if known else _OTHER
        others |= not known
    largest = _3
    if others:
        for place in range(len(letters)):
            bases[place] = table[letters[place]]
            largest = max(largest, bases[place])
    return largest
