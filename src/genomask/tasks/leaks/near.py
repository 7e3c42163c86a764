"""Near duplicates: rows that share most of their k-mers."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple, no_type_check

import numpy as np
from jaxtyping import Float64, Int64, UInt64

from genomask.tasks.examples import Examples
from genomask.tasks.kmers import both_strands, row_kmers
from genomask.tasks.leaks.matches import NO_ROW, Matches

_FEW_PAIRS = 2**14  # pairs that there is room for at first


class NearPairs(NamedTuple):
    """Rows of two sets that share enough k-mers, in the order of the first set's rows, then of the second's."""

    rows: Int64[np.ndarray, " pairs"]
    others: Int64[np.ndarray, " pairs"]
    shares: Float64[np.ndarray, " pairs"]


class _Index(NamedTuple):
    """Which rows have a k-mer: ``rows[starts[i]:starts[i + 1]]`` have ``codes[i]``; ``sizes`` by row."""

    codes: UInt64[np.ndarray, " kmers"]
    starts: Int64[np.ndarray, " _starts"]
    rows: Int64[np.ndarray, " _places"]
    sizes: Int64[np.ndarray, " rows"]


def near_duplicates(pool: Examples, test: Examples, *, k: int, share: float) -> tuple[Matches, Matches]:
    """The near duplicates of every pool row in the test set, and of every test row in the pool."""
    blocks = [*near_pairs(pool, test, k=k, share=share)]
    columns = [np.concatenate(column) for column in zip(*blocks, strict=True)] if blocks else []
    pairs = NearPairs(*columns) if blocks else NearPairs(*(np.empty(0, kind) for kind in (np.int64, np.int64, float)))
    conflict = np.asarray(pool.labels)[pairs.rows] != np.asarray(test.labels)[pairs.others]
    return (
        _best(pairs.rows, pairs.others, pairs.shares, conflict, len(pool.labels)),
        _best(pairs.others, pairs.rows, pairs.shares, conflict, len(test.labels)),
    )


def near_pairs(first: Examples, second: Examples, *, k: int, share: float) -> Iterator[NearPairs]:
    """Yield the rows of two sets that share enough distinct k-mers, whatever their strands, block by block.

    The share is of the k-mers of the row that has fewer. The second set is indexed and the first streams past,
    so that memory does not grow with the first. A row without a k-mer is in no pair.
    """
    index, compare = _index(second, k), _compiled_kernel()
    if not len(index.codes):
        return
    places, shares = np.empty((_FEW_PAIRS, 2), np.int64), np.empty(_FEW_PAIRS)
    for block in row_kmers(first, k):
        codes, rows = _distinct(both_strands(block.codes, k), block.rows)
        place = np.searchsorted(index.codes[:-1], codes)  # the last of them for all that lie behind it
        known = index.codes[place] == codes
        kmers = rows[known], place[known], np.bincount(rows, minlength=len(first.labels))
        while (count := compare(kmers, index, share, places, shares)) > len(shares):
            places, shares = np.empty((2 * count, 2), np.int64), np.empty(2 * count)
        yield NearPairs(places[:count, 0].copy(), places[:count, 1].copy(), shares[:count].copy())


def _best(rows: np.ndarray, others: np.ndarray, shares: np.ndarray, conflict: np.ndarray, count: int) -> Matches:
    """The best partner of every row, the first of equals, and how many it has."""
    order = np.lexsort((others, -shares, rows))
    best = order[np.unique(rows[order], return_index=True)[1]]
    partner, share = np.full(count, NO_ROW), np.zeros(count)
    partner[rows[best]], share[rows[best]] = others[best], shares[best]
    partner_count = np.bincount(rows, minlength=count)
    return Matches(partner, partner_count, np.bincount(rows[conflict], minlength=count) > 0, share)


def _index(examples: Examples, k: int) -> _Index:
    blocks = [_distinct(both_strands(codes, k), rows) for codes, rows in row_kmers(examples, k)]
    codes = np.concatenate([np.empty(0, np.uint64), *(codes for codes, _ in blocks)])
    rows = np.concatenate([np.empty(0, np.int64), *(rows for _, rows in blocks)])
    order = np.argsort(codes, kind="stable")
    distinct, starts = np.unique(codes[order], return_index=True)
    sizes = np.bincount(rows, minlength=len(examples.labels))
    return _Index(distinct, np.append(starts, len(codes)), rows[order], sizes)


def _distinct(codes: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every k-mer of a row once, in the order of the rows."""
    order = np.lexsort((codes, rows))
    codes, rows = codes[order], rows[order]
    new = np.ones(len(codes), dtype=bool)
    new[1:] = (codes[1:] != codes[:-1]) | (rows[1:] != rows[:-1])
    return codes[new], rows[new]


@cache
def _compiled_kernel() -> Callable[..., int]:
    """Compile once per process."""
    from numba import njit

    return njit(_compare)


@no_type_check  # keeps pytest's shape checks off a function that is compiled
def _compare(kmers: Any, index: Any, least: float, places: Any, shares: Any) -> int:
    """Count what each row shares with every indexed row; returns how many pairs there are, if there is room."""
    rows, kmer, sizes = kmers
    shared, touched = np.zeros(len(index.sizes), np.int64), np.zeros(len(index.sizes), np.int64)
    at = count = 0
    while at < len(rows):
        row, touched_count = rows[at], 0
        while at < len(rows) and rows[at] == row:
            for place in range(index.starts[kmer[at]], index.starts[kmer[at] + 1]):
                other = index.rows[place]
                if shared[other] == 0:
                    touched[touched_count] = other
                    touched_count += 1
                shared[other] += 1
            at += 1
        for other in np.sort(touched[:touched_count]):
            share = shared[other] / min(sizes[row], index.sizes[other])
            shared[other] = 0
            if share >= least:
                if count < len(shares):
                    places[count, 0], places[count, 1], shares[count] = row, other, share
                count += 1
    return count
