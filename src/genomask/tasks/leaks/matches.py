"""Rows that match rows of another set, or of their own: equal sequences and reverse complements."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8

from genomask.genome.sequences import reverse_complement
from genomask.tasks.examples import Examples

NO_ROW = -1
_NO_GROUP = -1


class Matches(NamedTuple):
    """For every row of a set, what it matches in another.

    Attributes:
        partner: Row of the other set that it matches best, the first of equals; ``NO_ROW`` if none.
        partner_count: Rows of the other set that it matches.
        conflict: Whether one of them has another label.
        share: How much it shares with its partner; 1 for the same sequence.
    """

    partner: Int64[np.ndarray, " rows"]
    partner_count: Int64[np.ndarray, " rows"]
    conflict: Bool[np.ndarray, " rows"]
    share: Float64[np.ndarray, " rows"]

    @property
    def found(self) -> Bool[np.ndarray, " rows"]:
        """Which rows match anything."""
        return self.partner_count > 0


class Groups(NamedTuple):
    """Numbers of sequences: equal sequences have equal numbers, also across sets.

    Attributes:
        same: Number of every row's sequence.
        mirrored: Number of its reverse complement; -1 if no row has that, or if it is the sequence itself.
    """

    same: Int64[np.ndarray, " rows"]
    mirrored: Int64[np.ndarray, " rows"]


def groups(*sets: Examples) -> list[Groups]:
    """Number the sequences of all sets. Letters that are not A, C, G or T are all alike."""
    numbers: dict[bytes, int] = {}
    same = [
        np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in _rows(part)], dtype=np.int64)
        for part in sets
    ]
    found = []
    for part, own in zip(sets, same, strict=True):
        turned = [numbers.get(reverse_complement(row).tobytes(), _NO_GROUP) for row in _rows(part)]
        mirrored = np.array(turned, dtype=np.int64)
        found.append(Groups(own, np.where(mirrored == own, _NO_GROUP, mirrored)))
    return found


def matches(
    wanted: Int64[np.ndarray, " rows"],
    labels: Int64[np.ndarray, " rows"],
    groups: Int64[np.ndarray, " _others"],
    other_labels: Int64[np.ndarray, " _others"],
    *,
    within: bool = False,
) -> Matches:
    """Match every row with the rows of a set that have the number it wants.

    Args:
        wanted: A number for every row; below 0 matches nothing.
        labels: Class index of every row.
        groups: The number that every row of the set has.
        other_labels: Class index of every row of the set.
        within: Whether both are one set, where no row matches itself.
    """
    size = int(max(wanted.max(initial=0), groups.max(initial=0))) + 1
    classes = int(max(labels.max(initial=0), other_labels.max(initial=0))) + 1
    number = np.where(wanted < 0, size, wanted)  # a number that no row has
    count = np.bincount(groups, minlength=size + 1)
    alike = np.bincount(groups * classes + other_labels, minlength=(size + 1) * classes)
    itself = (wanted == groups) if within else 0
    first, second = _first_two(groups, size + 1)
    partner = first[number]
    if within:
        partner = np.where(partner == np.arange(len(wanted)), second[number], partner)
    total = count[number]
    return Matches(partner, total - itself, total > alike[number * classes + labels], (partner >= 0).astype(float))


def _rows(examples: Examples) -> list[UInt8[np.ndarray, " _bases"]]:
    bases, offsets = np.asarray(examples.bases), examples.offsets
    return [bases[start:stop] for start, stop in pairwise(offsets)]


def _first_two(groups: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The first and the second row of every number; ``NO_ROW`` where there are fewer."""
    order = np.argsort(groups, kind="stable")
    start = np.searchsorted(groups[order], np.arange(size))
    padded, number = np.append(order, [NO_ROW] * 2), np.append(groups[order], [_NO_GROUP] * 2)
    first, second = (np.where(number[start + step] == np.arange(size), padded[start + step], NO_ROW) for step in (0, 1))
    return first, second
