"""How often every k-mer of a genome occurs: one pass counts all lengths up to k."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from jaxtyping import Int64, UInt8, UInt32

from genomask.checks import require
from genomask.console import progress

# Each chunk has a table of its own: 2**25 occurrences cannot overflow 32 bits, whatever the genome's size,
# and the 4 MB table of the 10-mers costs 2 % of the chunk's time.
CHUNK_BASES: Final = 2**25
LONGEST: Final = 12  # a table of 64 MB a thread


def count_kmers(
    bases: UInt8[np.ndarray, " bases"],
    runs: Int64[np.ndarray, "runs 2"],
    *,
    k: int = 10,
    threads: int | None = None,
) -> list[Int64[np.ndarray, " _kmers"]]:
    """Count every n-mer for n = 1..k that lies inside one run.

    Args:
        bases: A genome, 0..3 for A, T, C, G; may be memory-mapped.
        runs: Start and stop of every stretch without other letters, in ascending order.
        k: Largest length.
        threads: Chunks counted at a time; every core if ``None``.

    Returns:
        Occurrences by base-4 code; entry ``n - 1`` has ``4**n`` of them.

    Raises:
        ValueError: If k or threads is out of range, or the runs overlap or leave the genome.
    """
    require(1 <= k <= LONGEST, "k", f"a length from 1 to {LONGEST}", k)
    require(threads is None or threads >= 1, "threads", "at least one thread", threads)
    edges = np.concatenate(([0], runs.ravel(), [len(bases)]))
    ascending = bool((np.diff(edges) >= 0).all())
    require(ascending, "runs", f"ascending stretches of {len(bases)} bases", runs[:3].tolist())

    counts = [_count_longest(bases, runs, k, threads or os.cpu_count() or 1)]
    for n in range(k - 1, 0, -1):
        # Every n-mer begins one (n+1)-mer, except the last n-mer of each run.
        counts.append(counts[-1].reshape(-1, 4).sum(axis=1) + _count_run_ends(bases, runs, n))
    return counts[::-1]


def _count_longest(
    bases: UInt8[np.ndarray, " bases"], runs: Int64[np.ndarray, "runs 2"], k: int, threads: int
) -> Int64[np.ndarray, " kmers"]:
    from genomask.genome.loops import add_kmers  # which imports numba

    chunk = max(1, min(CHUNK_BASES, -(-len(bases) // threads)))

    def count(start: int) -> UInt32[np.ndarray, " kmers"]:
        table = np.zeros(4**k, dtype=np.uint32)
        add_kmers(bases, runs, k, (start, start + chunk), table)
        return table

    total = np.zeros(4**k, dtype=np.int64)
    with ThreadPoolExecutor(threads) as pool, progress("Counting k-mers", float(len(bases))) as advance:
        for table in pool.map(count, range(0, len(bases), chunk)):
            total += table
            advance(chunk)
    return total


def _count_run_ends(
    bases: UInt8[np.ndarray, " bases"], runs: Int64[np.ndarray, "runs 2"], n: int
) -> Int64[np.ndarray, " kmers"]:
    """Count the last n-mer of every run that is long enough to have one."""
    stops = runs[runs[:, 1] - runs[:, 0] >= n, 1]
    codes = np.zeros(len(stops), dtype=np.int64)
    for before in range(n, 0, -1):
        codes = codes << 2 | bases[stops - before]
    return np.bincount(codes, minlength=4**n)
