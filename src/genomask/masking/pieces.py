"""Runs of bases and k-mers of one sequence."""

import numpy as np
from jaxtyping import Bool, Int64, UInt8
from numpy.lib.stride_tricks import sliding_window_view

from genomask.alphabet import OTHER
from genomask.checks import require


def covered(
    starts: Int64[np.ndarray, " runs"], stops: Int64[np.ndarray, " runs"], size: int
) -> Bool[np.ndarray, " {size}"]:
    """Bases that lie in one of the runs ``starts..stops``."""
    steps = np.bincount(starts, minlength=size + 1) - np.bincount(stops, minlength=size + 1)
    return np.cumsum(steps[:size]) > 0


def kmer_codes(bases: UInt8[np.ndarray, " _bases"], k: int) -> Int64[np.ndarray, " _kmers"]:
    """Base-4 code of every k-mer of a sequence by its first base; -1 for one with an unknown base."""
    if len(bases) < k:
        return np.empty(0, dtype=np.int64)
    windows = sliding_window_view(bases, k)
    codes = windows @ (4 ** np.arange(k - 1, -1, -1, dtype=np.int64))
    return np.where((windows >= OTHER).any(axis=1), -1, codes)


def k_of_table(table: np.ndarray, ks: range, setting: str, needed: str) -> int:
    """The k of a table with an entry for each of the ``4**k`` k-mers."""
    found = [k for k in ks if table.shape == (4**k,)]
    require(found, setting, needed, f"shape {table.shape}")
    return found[0]
