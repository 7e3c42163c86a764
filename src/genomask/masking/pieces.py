"""Runs of bases and k-mers of one sequence."""

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from genomask.alphabet import OTHER
from genomask.checks import require
from genomask.genome.sequences import kmer_codes


def covered(
    starts: Int64[np.ndarray, " runs"], stops: Int64[np.ndarray, " runs"], size: int
) -> Bool[np.ndarray, " {size}"]:
    """Bases that lie in one of the runs ``starts..stops``."""
    steps = np.bincount(starts, minlength=size + 1) - np.bincount(stops, minlength=size + 1)
    return np.cumsum(steps[:size]) > 0


def known_codes(bases: UInt8[np.ndarray, " _bases"], k: int) -> Int64[np.ndarray, " _kmers"]:
    """Base-4 code of every k-mer of a sequence by its first base; -1 for one with an unknown base."""
    unknown = np.concatenate(([0], np.cumsum(bases >= OTHER)))
    return np.where(unknown[k:] > unknown[:-k], -1, kmer_codes(bases, k).astype(np.int64))


def k_of_table(table: np.ndarray, ks: range, setting: str, needed: str) -> int:
    """The k of a table with an entry for each of the ``4**k`` k-mers."""
    found = [k for k in ks if table.shape == (4**k,)]
    require(found, setting, needed, f"shape {table.shape}")
    return found[0]
