"""De novo discovery: words that are commoner in positives than in negatives, grown into motifs one by one.

The word that tells the classes apart best is grown into a motif, the motif's sites are taken out of all
sequences, and the search begins anew, until no word is left whose exact probability survives the number of
words that were tried. Whether a motif holds is then asked of sequences that the search has not seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64
from scipy.stats import false_discovery_control

from genomask.alphabet import BASES, OTHER, kmer_text
from genomask.analysis.motifs.matrix import (
    COMPLEMENT,
    BestSites,
    Matrix,
    best_sites,
    consensus,
    erase,
    from_counts,
    information,
    kmer_matrix,
    read_sites,
    site_scores,
)
from genomask.analysis.motifs.words import Labelled, count_words, exact_p, score, word_codes
from genomask.console import progress

FEWEST: Final = 10  # sequences that must hold a word for it to be tried
FLANK: Final = 4  # positions on either side of the word that the matrix may grow into
SEED_CONSERVATION: Final = 0.8  # of the first matrix: one or two mismatches with the word are let in
ROUNDS: Final = 5
THRESHOLDS: Final = np.linspace(0.02, 0.8, 40)  # shares of positives that hold a site, to choose among
EDGE_BITS: Final = 0.25  # outer positions that say less are cut off
Background = Float64[np.ndarray, " 4"]


class Seed(NamedTuple):
    """The word that tells positives from negatives best, and its probability times the words tried."""

    code: int
    k: int
    p: float


class Candidate(NamedTuple):
    """A matrix, the bits from which a place counts as a site, and how far it tells the classes apart."""

    matrix: Matrix
    threshold: float
    z: float


@dataclass(frozen=True, eq=False)
class Motif:
    """A motif that was found, and how it fares on sequences that it was not found in."""

    matrix: Matrix
    seed: str
    threshold: float  # bits from which a place is a site
    positives: int  # held-out positives with a site, of all
    negatives: int
    positives_of: int
    negatives_of: int
    p: float  # exact, on the held-out sequences
    q: float  # Benjamini and Hochberg, over all motifs that were found

    @property
    def name(self) -> str:
        """The IUPAC consensus."""
        return consensus(self.matrix)


def discover(data: Labelled, held_out: Labelled, *, lengths: Sequence[int], alpha: float, most: int) -> list[Motif]:
    """Find motifs in one set of sequences and test them on another.

    Args:
        data: Sequences to search; positives against negatives.
        held_out: Other sequences, to which every motif's p and q belong.
        lengths: Lengths of the words that motifs grow from.
        alpha: A word whose probability times the words tried is above this ends the search.
        most: Motifs after which the search ends in any case.

    Returns:
        Motifs in the order in which they were found, those that do not hold included.
    """
    count = np.bincount(data.bases.ravel(), minlength=OTHER + 1)[: len(BASES)] + 1.0
    background = (count + count[COMPLEMENT]) / (2 * count.sum())  # over both strands
    left, found = _padded(data), []
    with progress("discover", most) as advance:
        while len(found) < most and (seed := best_word(left, lengths)).p <= alpha:
            motif = _grow(left, seed, background)
            found.append((kmer_text(seed.code, seed.k), motif))
            # The word goes with the sites that grew from it, so that the next word is another one.
            sites = np.any(site_scores(left.bases, motif.matrix, background) >= motif.threshold, axis=0)
            word = word_codes(left.bases, seed.k) == seed.code
            left = left._replace(bases=erase(erase(left.bases, sites, len(motif.matrix)), word, seed.k))
            advance(1)
    return _tested(found, _padded(held_out), background)


def best_word(data: Labelled, lengths: Sequence[int]) -> Seed:
    """The word that is most over-represented in positives, with its Bonferroni-corrected probability."""
    tried, best, highest = 0, Seed(0, lengths[0], 1.0), 0.0
    for k in lengths:
        having, positive = count_words(data, k)
        enough = having.sum(axis=0) >= FEWEST
        tried += int(enough.sum())
        z = np.where(enough, score(having, positive, data.sizes), 0.0)
        if z.max() > highest:
            highest, code = float(z.max()), int(z.argmax())
            best = Seed(code, k, exact_p(having[:, code], positive[:, code], data.sizes))
    return best._replace(p=min(1.0, best.p * tried))


def _tested(found: list[tuple[str, Candidate]], data: Labelled, background: Background) -> list[Motif]:
    """The motifs with their counts and probabilities on sequences that the search has not seen."""
    counts = []
    for _, motif in found:
        sites = best_sites(site_scores(data.bases, motif.matrix, background))
        both, positive = (part[:, 0] for part in _holding(data, (sites.score >= motif.threshold)[None, :]))
        counts.append((int(both.sum()), int(positive.sum()), exact_p(both, positive, data.sizes)))
    q = false_discovery_control([p for *_, p in counts]).tolist() if counts else []
    of = int(data.positive.sum()), int((~data.positive).sum())
    return [
        Motif(motif.matrix, seed, motif.threshold, positive, both - positive, *of, p, adjusted)
        for (seed, motif), (both, positive, p), adjusted in zip(found, counts, q, strict=True)
    ]


def _padded(data: Labelled) -> Labelled:
    """Room for a motif whose flanks would hang over an end."""
    return data._replace(bases=np.pad(data.bases, ((0, 0), (FLANK, FLANK)), constant_values=OTHER))


def _grow(data: Labelled, seed: Seed, background: Background) -> Candidate:
    """Make the motif that tells positives from negatives best, starting from a word.

    Each round reads the best site of every positive above the threshold and makes the matrix anew; rounds
    end when the classes are told apart no better. Then the ends that say little are cut off.
    """
    word = SEED_CONSERVATION * kmer_matrix(kmer_text(seed.code, seed.k)) + (1 - SEED_CONSERVATION) * background
    flank = np.tile(background, (FLANK, 1))
    best, sites = _best_threshold(data, np.vstack((flank, word, flank)), background)
    again = _count_matrix(data, best, sites, background)
    for _ in range(ROUNDS):
        found, sites = _best_threshold(data, again, background)
        if found.z <= best.z or not (sites.score >= found.threshold).any():
            break
        best, again = found, _count_matrix(data, found, sites, background)
    trimmed = _best_threshold(data, trim(again), background)[0]
    return trimmed if trimmed.z > 0 else _best_threshold(data, word, background)[0]


def _best_threshold(data: Labelled, matrix: Matrix, background: Background) -> tuple[Candidate, BestSites]:
    """The threshold at which the sequences with a site tell the classes apart best, and all best sites."""
    sites = best_sites(site_scores(data.bases, matrix, background))
    limits = np.quantile(sites.score[data.positive], 1 - THRESHOLDS)
    limits = np.unique(np.maximum(limits, np.float32(1e-3)))  # a site is likelier than background
    z = score(*_holding(data, sites.score[None, :] >= limits[:, None]), data.sizes)
    return Candidate(matrix, float(limits[z.argmax()]), float(z.max())), sites


def _holding(data: Labelled, held: Bool[np.ndarray, "words rows"]) -> tuple[np.ndarray, np.ndarray]:
    """Sequences that hold each word or motif, by stratum: of both classes, and positive ones."""
    member = np.equal.outer(np.arange(len(data.sizes.both)), data.stratum)
    both = (member[:, None, :] & held).sum(axis=2)
    return both, (member[:, None, :] & held & data.positive).sum(axis=2)


def trim(matrix: Matrix) -> Matrix:
    """The motif without outer positions of little information; whole if it has no other."""
    telling = np.flatnonzero(information(matrix) >= EDGE_BITS)
    return matrix[telling[0] : telling[-1] + 1] if telling.size else matrix


def _count_matrix(data: Labelled, found: Candidate, sites: BestSites, background: Background) -> Matrix:
    """The matrix of the best sites of all positives that have one."""
    chosen = data.positive & (sites.score >= found.threshold)
    letters = read_sites(data.bases[chosen], BestSites(*(part[chosen] for part in sites)), len(found.matrix))
    counts = np.stack([(letters == base).sum(axis=0) for base in range(len(BASES))], axis=1)
    return from_counts(counts, background)
