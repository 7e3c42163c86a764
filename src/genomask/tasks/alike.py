"""Rows that are alike: equal sequences, reverse complements, rows that share k-mers, places that overlap."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt64

from genomask.alphabet import OTHER
from genomask.checks import require
from genomask.genome.places import Place
from genomask.genome.sequences import kmer_codes, reverse_complement, reverse_complement_codes
from genomask.tasks.examples import Examples

LONGEST_K = 31  # 62 bits
NO_ROW = -1
_BLOCK = 1 << 20  # bases looked at together: the memory that is needed does not grow with the set

Columns = TypeVar("Columns", bound=tuple[np.ndarray, ...])


def concatenate(empty: Columns, blocks: Iterable[Columns]) -> Columns:
    """All blocks of columns as one."""
    return type(empty)(*(np.concatenate(parts) for parts in zip(empty, *blocks, strict=True)))


class RowKmers(NamedTuple):
    """Codes of k-mers and the rows that they lie in, in the order of the rows."""

    codes: UInt64[np.ndarray, " _kmers"]
    rows: Int64[np.ndarray, " _kmers"]


NO_KMERS = RowKmers(np.empty(0, np.uint64), np.empty(0, np.int64))


def row_kmers(examples: Examples, k: int) -> Iterator[RowKmers]:
    """Yield every k-mer of A, C, G and T within one row, in blocks of whole rows. ValueError if k is out of range."""
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


class Matches(NamedTuple):
    """For every row of a set: its best partner in another set (the first of equals, or ``NO_ROW``), the number of its
    partners, whether one of them has another label, and how much it shares with the best."""

    partner: Int64[np.ndarray, " rows"]
    partner_count: Int64[np.ndarray, " rows"]
    conflict: Bool[np.ndarray, " rows"]
    share: Float64[np.ndarray, " rows"]

    @property
    def found(self) -> Bool[np.ndarray, " rows"]:
        """Which rows match anything."""
        return self.partner_count > 0


class Groups(NamedTuple):
    """The number of every row's sequence, and of its reverse complement: -1 if no row has that, or it is the same."""

    same: Int64[np.ndarray, " rows"]
    mirrored: Int64[np.ndarray, " rows"]


def groups(*sets: Examples) -> list[Groups]:
    """Number the sequences of all sets, equal ones alike. Letters that are not A, C, G or T are all alike."""
    numbers: dict[bytes, int] = {}
    same = [[numbers.setdefault(row.tobytes(), len(numbers)) for row in part.rows()] for part in sets]
    found = []
    for part, own in zip(sets, (np.array(side, np.int64) for side in same), strict=True):
        turned = [numbers.get(reverse_complement(row).tobytes(), NO_ROW) for row in part.rows()]
        found.append(Groups(own, np.where(turned == own, NO_ROW, np.array(turned, np.int64))))
    return found


def matches(
    wanted: Int64[np.ndarray, " rows"],
    labels: Int64[np.ndarray, " rows"],
    groups: Int64[np.ndarray, " _others"],
    other_labels: Int64[np.ndarray, " _others"],
    *,
    within: bool = False,
) -> Matches:
    """Match every row with the rows of a set that have the number it wants; below 0 it wants none. ``within`` says that
    both are one set, where no row matches itself."""
    size = int(max(wanted.max(initial=0), groups.max(initial=0))) + 1
    classes = int(max(labels.max(initial=0), other_labels.max(initial=0))) + 1
    number = np.where(wanted < 0, size, wanted)  # a number that no row has
    count = np.bincount(groups, minlength=size + 1)[number]
    alike = np.bincount(groups * classes + other_labels, minlength=(size + 1) * classes)[number * classes + labels]
    order = np.argsort(groups, kind="stable")
    start = np.searchsorted(groups[order], number)
    first, second = np.append(order, [NO_ROW] * 2)[start + np.arange(2)[:, None]]
    partners = count - (wanted == groups) if within else count
    itself = within & (first == np.arange(len(wanted)))
    partner = np.where(partners > 0, np.where(itself, second, first), NO_ROW)
    return Matches(partner, partners, count > alike, (partner >= 0).astype(float))


class Pairs(NamedTuple):
    """Rows of two sets that are alike, and how much they share."""

    rows: Int64[np.ndarray, " pairs"]
    others: Int64[np.ndarray, " pairs"]
    shares: Float64[np.ndarray, " pairs"]

    @property
    def turned(self) -> "Pairs":
        """The same pairs with the second set as the first."""
        return Pairs(self.others, self.rows, self.shares)

    def matches(self, labels: Int64[np.ndarray, " _rows"], other_labels: Int64[np.ndarray, " _others"]) -> Matches:
        """The best partner of every row of the first set, the first of equals, and how many it has."""
        rows, others, shares = self
        order = np.lexsort((others, -shares, rows))
        best = order[np.unique(rows[order], return_index=True)[1]]
        partner, share = np.full(len(labels), NO_ROW), np.zeros(len(labels))
        partner[rows[best]], share[rows[best]] = others[best], shares[best]
        conflict = rows[labels[rows] != other_labels[others]]
        counts, conflicts = (np.bincount(some, minlength=len(labels)) for some in (rows, conflict))
        return Matches(partner, counts, conflicts > 0, share)


NO_PAIRS = Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


def near_pairs(first: Examples, second: Examples, *, k: int, share: float) -> Iterator[Pairs]:
    """Yield the rows of two sets that share enough distinct k-mers (of the row that has fewer), whatever their strands.
    The first set streams past the second, so that memory does not grow with it. A row without a k-mer is in no pair."""
    codes, others = concatenate(NO_KMERS, distinct_kmers(second, k))
    sizes = np.bincount(others, minlength=len(second.labels))
    order = np.argsort(codes, kind="stable")
    codes, others = codes[order], others[order]
    for block in distinct_kmers(first, k):
        starts, stops = (np.searchsorted(codes, block.codes, side) for side in ("left", "right"))
        edges = np.flatnonzero(np.diff(block.rows, prepend=-1, append=-1))
        for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            counts = stops[begin:end] - starts[begin:end]
            places = np.repeat(stops[begin:end] - counts.cumsum(), counts) + np.arange(counts.sum())
            shared = np.bincount(others[places], minlength=len(sizes))
            shares = shared / np.maximum(np.minimum(sizes, end - begin), 1)
            alike = np.flatnonzero((shares >= share) & (shared > 0))
            yield Pairs(np.full(len(alike), block.rows[begin]), alike, shares[alike])


def overlaps(places: Sequence[Place], others: Sequence[Place]) -> Pairs:
    """The places of two sets that share a base of the genome, on whatever strand; the share is of the first's bases."""
    by_record = defaultdict[str, list[int]](list)
    for row, place in enumerate(others):
        by_record[place.record].append(row)
    tables = {}
    for record, rows in by_record.items():
        starts, stops = np.array([others[row][1:3] for row in rows], dtype=np.int64).T
        order = np.argsort(starts, kind="stable")
        tables[record] = np.array(rows)[order], starts[order], stops[order], int((stops - starts).max())
    found = []
    for row, place in enumerate(places):
        if place.record in tables:
            rows, starts, stops, longest = tables[place.record]
            first, last = np.searchsorted(starts, (place.start - longest, place.stop))
            common = np.minimum(stops[first:last], place.stop) - np.maximum(starts[first:last], place.start)
            there = np.flatnonzero(common > 0)
            shares = common[there] / (place.stop - place.start)
            found.append(Pairs(np.full(len(there), row), rows[first:last][there], shares))
    return concatenate(NO_PAIRS, found)
