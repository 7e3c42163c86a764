"""Near duplicates: rows of two sets that share most of their k-mers."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, no_type_check

import numpy as np
from jaxtyping import Int64, UInt64

from genomask.tasks.examples import Examples
from genomask.tasks.kmers import both_strands, row_kmers
from genomask.tasks.leaks.matches import Matches, no_matches


class _Index(NamedTuple):
    """Which rows have a k-mer: ``rows[starts[i]:starts[i + 1]]`` have ``codes[i]``; ``sizes`` by row."""

    codes: UInt64[np.ndarray, " kmers"]
    starts: Int64[np.ndarray, " _starts"]
    rows: Int64[np.ndarray, " _places"]
    sizes: Int64[np.ndarray, " rows"]


def near_duplicates(pool: Examples, test: Examples, *, k: int, share: float) -> tuple[Matches, Matches]:
    """Match pool rows with test rows that share enough distinct k-mers, whatever their strands.

    The share is of the k-mers of the row that has fewer. The test set is indexed and the pool streams past,
    so that memory does not grow with the pool. A row without a k-mer matches nothing.

    Returns:
        The matches of every pool row, and of every test row.
    """
    index, compare = _index(test, k), _compiled_kernel()
    of_pool, of_test = no_matches(len(pool.labels)), no_matches(len(test.labels))
    if not len(index.codes):
        return of_pool, of_test
    labels = np.asarray(pool.labels), np.asarray(test.labels)
    for block in row_kmers(pool, k):
        codes, rows = _distinct(both_strands(block.codes, k), block.rows)
        place = np.searchsorted(index.codes[:-1], codes)  # the last of them for all that lie behind it
        known = index.codes[place] == codes
        sizes = np.bincount(rows, minlength=len(pool.labels))
        compare((rows[known], place[known], sizes), index, share, labels, (of_pool, of_test))
    return of_pool, of_test


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
def _compiled_kernel() -> Callable[..., None]:
    """Compile once a process."""
    from numba import njit

    return njit(_compare)


@no_type_check  # keeps pytest's shape checks off a function that is compiled
def _compare(block: Any, index: Any, least: float, labels: Any, found: Any) -> None:
    """Count for one pool row after the other what it shares with every test row, and keep what is enough."""
    (rows, kmers, sizes), (pool, test) = block, found
    shared, touched = np.zeros(len(index.sizes), np.int64), np.zeros(len(index.sizes), np.int64)
    at = 0
    while at < len(rows):
        row, touched_count = rows[at], 0
        while at < len(rows) and rows[at] == row:
            for place in range(index.starts[kmers[at]], index.starts[kmers[at] + 1]):
                other = index.rows[place]
                if shared[other] == 0:
                    touched[touched_count] = other
                    touched_count += 1
                shared[other] += 1
            at += 1
        for other in np.sort(touched[:touched_count]):
            share = shared[other] / min(sizes[row], index.sizes[other])
            shared[other] = 0
            if share < least:
                continue
            conflict = labels[0][row] != labels[1][other]
            pool.partner_count[row] += 1
            test.partner_count[other] += 1
            pool.conflict[row] |= conflict
            test.conflict[other] |= conflict
            if share > pool.share[row]:
                pool.share[row], pool.partner[row] = share, other
            if share > test.share[other]:
                test.share[other], test.partner[other] = share, row
