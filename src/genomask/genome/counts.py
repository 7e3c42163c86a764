"""How often every k-mer of a genome occurs, and how well counts alone tell a base from its neighbours."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, no_type_check

import numpy as np
from jaxtyping import Int64, UInt8

from genomask.checks import require
from genomask.compiled import compiled
from genomask.console import progress

CHUNK_BASES: Final = 2**25
LONGEST: Final = 12
LONGEST_CONTEXT: Final = 4  # bases on either side
ENOUGH: Final = 100  # bases a context needs on average, or its counts say more of chance than of the genome
UNIFORM: Final = float(np.log(4))  # nats of a base of which nothing is known


def count_kmers(
    bases: UInt8[np.ndarray, " bases"], runs: Int64[np.ndarray, "runs 2"], *, k: int = 10
) -> list[Int64[np.ndarray, " _kmers"]]:
    """Count every n-mer for n = 1..k that lies inside one run (a stretch without other letters, in ascending order);
    entry ``n - 1`` has them by base-4 code. Raises ValueError if k is out of range, or runs overlap."""
    require(1 <= k <= LONGEST, "k", f"a length from 1 to {LONGEST}", k)
    edges = np.concatenate(([0], runs.ravel(), [len(bases)]))
    ascending = bool((np.diff(edges) >= 0).all())
    require(ascending, "runs", f"ascending stretches of {len(bases)} bases", runs[:3].tolist())

    longest, add_kmers = np.zeros(4**k, dtype=np.int64), compiled(_add_kmers)
    with progress("Counting k-mers", float(len(bases))) as advance:
        for start in range(0, len(bases), CHUNK_BASES):
            add_kmers(bases, runs, k, (start, start + CHUNK_BASES), longest)
            advance(CHUNK_BASES)
    counts = [longest]
    for n in range(k - 1, 0, -1):  # every n-mer begins one (n+1)-mer, except the last n-mer of each run
        stops = runs[runs[:, 1] - runs[:, 0] >= n, 1]
        ends = bases[stops[:, None] - np.arange(1, n + 1)].astype(np.int64) << 2 * np.arange(n)
        counts.append(counts[-1].reshape(-1, 4).sum(axis=1) + np.bincount(ends.sum(axis=1), minlength=4**n))
    return counts[::-1]


def context_nats(counts: Sequence[Int64[np.ndarray, " _kmers"]]) -> dict[int, float]:
    """Nats of a base given 0, 1, 2, ... bases on either side, as far as the genome is long enough; entry ``n - 1`` of
    ``counts`` has the occurrences of n-mers of the same genome by base-4 code."""
    found = {}
    for n in range(LONGEST_CONTEXT + 1):
        if 2 * n + 1 > len(counts) or counts[2 * n].sum() < ENOUGH * 4 ** (2 * n):
            break
        table = counts[2 * n].reshape(4**n, 4, 4**n).astype(np.float64)
        share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
        logs = np.log(share, out=np.zeros_like(share), where=share > 0)
        found[n] = float(-(table * logs).sum() / table.sum())
    return found


def level(nats: float, contexts: Mapping[int, float]) -> int | None:
    """The widest context whose counts predict bases no better than this; None if all do."""
    reached = [n for n, of_context in contexts.items() if nats <= of_context]
    return max(reached, default=None)


@no_type_check  # keeps pytest's shape checks off a function that is compiled
def _add_kmers(bases: Any, runs: Any, k: int, chunk: tuple[int, int], table: Any) -> None:
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
