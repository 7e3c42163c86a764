"""From an over-represented word to a motif: its sites are read, the matrix is made of them, and so on."""

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, UInt8

from genomask.alphabet import BASES, OTHER, kmer_text
from genomask.analysis.motifs.matrix import Matrix, from_counts, information, kmer_matrix
from genomask.analysis.motifs.scan import BestSites, best_sites, read_sites, site_scores
from genomask.analysis.motifs.words import Labelled, score

FLANK: Final = 4  # positions on either side of the word that the matrix may grow into
SEED_CONSERVATION: Final = 0.8  # of the first matrix: one or two mismatches with the word are let in
ROUNDS: Final = 5
THRESHOLDS: Final = np.linspace(0.02, 0.8, 40)  # shares of positives that hold a site, to choose among
EDGE_BITS: Final = 0.25  # outer positions that say less are cut off


class Sited(NamedTuple):
    """A matrix, the bits from which a place counts as a site, and how far it tells the classes apart."""

    matrix: Matrix
    threshold: float
    z: float


def strand_background(bases: UInt8[np.ndarray, "rows bases"]) -> Float64[np.ndarray, " 4"]:
    """Base frequencies over both strands."""
    count = np.bincount(bases.ravel(), minlength=OTHER + 1)[: len(BASES)].astype(np.float64) + 1
    both = count + count[[1, 0, 3, 2]]
    return both / both.sum()


def grow(data: Labelled, code: int, k: int, background: Float64[np.ndarray, " 4"]) -> Sited:
    """Make the motif that tells positives from negatives best, starting from a word.

    Each round reads the best site of every positive above the threshold and makes the matrix anew; rounds
    end when the classes are told apart no better. Then the ends that say little are cut off.
    """
    word = kmer_matrix(kmer_text(code, k))
    seed = SEED_CONSERVATION * word + (1 - SEED_CONSERVATION) * background
    flank = np.tile(background, (FLANK, 1))
    best = best_threshold(data, np.vstack((flank, seed, flank)), background)[0]
    for _ in range(ROUNDS):
        found, sites = best_threshold(data, _again(data, best, background), background)
        if found.z <= best.z or not (sites.score >= found.threshold).any():
            break
        best = found
    trimmed = best_threshold(data, trim(_again(data, best, background)), background)[0]
    return trimmed if trimmed.z > 0 else best_threshold(data, seed, background)[0]


def best_threshold(data: Labelled, matrix: Matrix, background: Float64[np.ndarray, " 4"]) -> tuple[Sited, BestSites]:
    """The threshold at which the sequences with a site tell the classes apart best, and all best sites."""
    sites = best_sites(site_scores(data.bases, matrix, background))
    limits = np.quantile(sites.score[data.positive], 1 - THRESHOLDS)
    limits = np.unique(np.maximum(limits, np.float32(1e-3)))  # a site is likelier than background
    z = score(*holding(data, sites.score[None, :] >= limits[:, None]), data.sizes)
    return Sited(matrix, float(limits[z.argmax()]), float(z.max())), sites


def holding(data: Labelled, held: Bool[np.ndarray, "words rows"]) -> tuple[np.ndarray, np.ndarray]:
    """Sequences that hold each word or motif, by stratum: of both classes, and positive ones."""
    member = np.equal.outer(np.arange(len(data.sizes.both)), data.stratum)
    both = (member[:, None, :] & held).sum(axis=2)
    return both, (member[:, None, :] & held & data.positive).sum(axis=2)


def trim(matrix: Matrix) -> Matrix:
    """The motif without outer positions of little information; whole if it has no other."""
    telling = np.flatnonzero(information(matrix) >= EDGE_BITS)
    return matrix[telling[0] : telling[-1] + 1] if telling.size else matrix


def count_matrix(
    data: Labelled, sites: BestSites, threshold: float, matrix: Matrix, background: Float64[np.ndarray, " 4"]
) -> Matrix:
    """The matrix of the best sites of all positives that have one."""
    chosen = data.positive & (sites.score >= threshold)
    letters = read_sites(data.bases[chosen], BestSites(*(part[chosen] for part in sites)), len(matrix))
    counts = np.stack([(letters == base).sum(axis=0) for base in range(len(BASES))], axis=1)
    return from_counts(counts, background)


def _again(data: Labelled, found: Sited, background: Float64[np.ndarray, " 4"]) -> Matrix:
    sites = best_sites(site_scores(data.bases, found.matrix, background))
    return count_matrix(data, sites, found.threshold, found.matrix, background)
