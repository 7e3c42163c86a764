"""The sequence around a variant, with the reference and with the alternative allele."""

from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

Bases = UInt8[np.ndarray, " _bases"]


class Windows(NamedTuple):
    """Two windows of one variant; ``shifted`` says that a record's end moved one from its place."""

    reference: Bases
    alternative: Bases
    shifted: bool


def trim(reference: str, alternative: str) -> tuple[int, str, str]:
    """Take off the letters that two alleles share, first at their ends, then at their starts.

    Returns:
        Letters taken off at the start, and what is left of both alleles; both are empty if they are equal.
    """
    while reference and alternative and reference[-1] == alternative[-1]:
        reference, alternative = reference[:-1], alternative[:-1]
    same = 0
    while same < min(len(reference), len(alternative)) and reference[same] == alternative[same]:
        same += 1
    return same, reference[same:], alternative[same:]


def variant_class(removed: int, inserted: int) -> str:
    """Class of a variant that replaces so many bases by so many, shared letters taken off."""
    if removed == inserted:
        return ("same", "snv")[removed] if removed < 2 else "mnv"
    if removed and inserted:
        return "indel"
    return "insertion" if inserted else "deletion"


def windows(
    record: Bases, start: int, removed: int, inserted: Bases, *, length: int, position: float, grow: bool
) -> Windows:
    """Cut both windows out of a record and of the record with the variant in it.

    In its window the first changed base stands at ``position * length``, unless an end of the record comes
    before an end of the window; then the window moves inwards. A record shorter than the window is all of it.

    Args:
        record: Bases of the chromosome.
        start: Where the change begins, counted from 0.
        removed: Bases of the reference that the variant takes away.
        inserted: Bases that it puts there instead.
        length: Bases of a window.
        position: Share of the window before the change, from 0 to 1.
        grow: Let the alternative window be as much longer or shorter as its allele is, with the flanks of the
            reference window (DNABERT's rule); otherwise bases from the right fill it up, or fall out of it.
    """
    wanted = start - min(int(length * position), length - 1)
    first = _inside(wanted, len(record) - length)
    reference = record[first : first + length]
    if grow:
        right = record[start + removed : max(first + length, start + removed)]
        return Windows(reference, np.concatenate((record[first:start], inserted, right)), first != wanted)
    own = _inside(wanted, len(record) + len(inserted) - removed - length)
    right = record[start + removed : start + removed + length]
    alternative = np.concatenate((record[own:start], inserted, right))[:length]
    return Windows(reference, alternative, first != wanted or own != wanted)


def _inside(wanted: int, last: int) -> int:
    return max(min(wanted, last), 0)
