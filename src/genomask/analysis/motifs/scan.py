"""Where a motif stands in sequences: log-odds at every start, on both strands."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, UInt8

from genomask.alphabet import OTHER
from genomask.analysis.motifs.matrix import Matrix, reverse_complement


class BestSites(NamedTuple):
    """The best site of every row."""

    score: Float32[np.ndarray, " rows"]
    start: Int64[np.ndarray, " rows"]
    reverse: Bool[np.ndarray, " rows"]


def log_odds(matrix: Matrix, background: Float64[np.ndarray, " 4"]) -> Float32[np.ndarray, "width 5"]:
    """Bits for every base at every position; anything else than a base, as beyond an end, says nothing."""
    bits = np.log2(np.maximum(matrix, 1e-6) / background)
    return np.hstack((bits, np.zeros((len(matrix), 1)))).astype(np.float32)


def site_scores(
    bases: UInt8[np.ndarray, "rows bases"], matrix: Matrix, background: Float64[np.ndarray, " 4"]
) -> Float32[np.ndarray, "2 rows starts"]:
    """Bits of the motif at every start, on the strand as given and on the other one."""
    width = len(matrix)
    starts = bases.shape[1] - width + 1
    total = np.zeros((2, len(bases), starts), dtype=np.float32)
    for strand, motif in enumerate((matrix, reverse_complement(matrix))):
        bits = log_odds(motif, background)
        for place in range(width):
            total[strand] += bits[place][bases[:, place : place + starts]]
    return total


def best_sites(scores: Float32[np.ndarray, "2 rows starts"]) -> BestSites:
    """The best site of every row; of equal ones the first on the strand as given."""
    starts = scores.shape[2]
    both = scores.transpose(1, 0, 2).reshape(scores.shape[1], -1)
    best = both.argmax(axis=1)
    return BestSites(both[np.arange(len(both)), best], best % starts, best >= starts)


def read_sites(bases: UInt8[np.ndarray, "rows bases"], sites: BestSites, width: int) -> UInt8[np.ndarray, "rows width"]:
    """The bases of every row's best site, read along its strand."""
    along = np.arange(width)
    within = np.where(sites.reverse[:, None], width - 1 - along, along)
    found = bases[np.arange(len(bases))[:, None], sites.start[:, None] + within]
    return np.where((found < OTHER) & sites.reverse[:, None], found ^ 1, found)


def erase(
    bases: UInt8[np.ndarray, "rows bases"], found: Bool[np.ndarray, "rows starts"], width: int
) -> UInt8[np.ndarray, "rows bases"]:
    """The sequences without the sites that start where ``found`` says."""
    gone = np.zeros(bases.shape, dtype=bool)
    for place in range(width):
        gone[:, place : place + found.shape[1]] |= found
    return np.where(gone, np.uint8(OTHER), bases)
