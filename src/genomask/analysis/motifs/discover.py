"""De novo discovery: words that are commoner in positives than in negatives, grown into motifs one by one.

Both strands of a word are read as one, and comparisons are made within strata of GC content: docs/motifs.md.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8
from scipy.stats import false_discovery_control, hypergeom

from genomask.alphabet import BASES, OTHER, kmer_text
from genomask.analysis.motifs.matrix import (
    COMPLEMENT,
    BestSites,
    Matrix,
    best_sites,
    erase,
    from_counts,
    information,
    kmer_matrix,
    read_sites,
    site_scores,
)
from genomask.console import progress
from genomask.genome.sequences import gc_share, kmer_codes
from genomask.tasks.alike import both_strands

FEWEST: Final = 10  # sequences that must hold a word for it to be tried
FLANK: Final = 4  # positions on either side of the word that the matrix may grow into
SEED_CONSERVATION: Final = 0.8  # of the first matrix: one or two mismatches with the word are let in
ROUNDS: Final = 5
THRESHOLDS: Final = np.linspace(0.02, 0.8, 40)  # shares of positives that hold a site, to choose among
EDGE_BITS: Final = 0.25  # outer positions that say less are cut off
Background = Float64[np.ndarray, " 4"]
Counts = Int64[np.ndarray, "strata words"]


class Sizes(NamedTuple):
    """Sequences of both classes, and positive ones, in every stratum."""

    both: Int64[np.ndarray, " strata"]
    positive: Int64[np.ndarray, " strata"]


class Labelled(NamedTuple):
    """Sequences of two classes with their strata of GC content; ``OTHER`` is beyond an end, or was taken out."""

    bases: UInt8[np.ndarray, "rows bases"]
    positive: Bool[np.ndarray, " rows"]
    stratum: Int64[np.ndarray, " rows"]

    @property
    def sizes(self) -> Sizes:
        """Sequences of every stratum."""
        both = np.bincount(self.stratum, minlength=1)
        return Sizes(both, np.bincount(self.stratum[self.positive], minlength=len(both)))


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


class Motif(NamedTuple):
    """A motif that was found, and how it fares on sequences that it was not found in."""

    matrix: Matrix
    seed: str
    threshold: float  # bits from which a place is a site
    positives: int  # held-out positives with a site, of all
    negatives: int
    positives_of: int
    negatives_of: int
    p: float  # exact, on the held-out sequences
    q: float = 1.0  # Benjamini and Hochberg, over all motifs that were found


def discover(data: Labelled, held_out: Labelled, *, lengths: Sequence[int], alpha: float, most: int) -> list[Motif]:
    """Find motifs in one set of sequences and test them on another; they come as found, holding or not.

    Args:
        data: Sequences to search; positives against negatives.
        held_out: Other sequences, to which every motif's p and q belong.
        lengths: Lengths of the words that motifs grow from.
        alpha: A word whose probability times the words tried is above this ends the search.
        most: Motifs after which the search ends in any case.
    """
    count = np.bincount(data.bases.ravel(), minlength=OTHER + 1)[: len(BASES)] + 1.0
    background = (count + count[COMPLEMENT]) / (2 * count.sum())  # over both strands
    left, held_out = _padded(data), _padded(held_out)
    found: list[Motif] = []
    with progress("discover", most) as advance:
        while len(found) < most and (seed := best_word(left, lengths)).p <= alpha:
            motif = _grow(left, seed, background)
            found.append(_tested(motif, kmer_text(seed.code, seed.k), held_out, background))
            # The word goes with the sites that grew from it, so that the next word is another one.
            sites = np.any(site_scores(left.bases, motif.matrix, background) >= motif.threshold, axis=0)
            word = word_codes(left.bases, seed.k) == seed.code
            left = left._replace(bases=erase(erase(left.bases, sites, len(motif.matrix)), word, seed.k))
            advance(1)
    adjusted = false_discovery_control([motif.p for motif in found]).tolist() if found else []
    return [motif._replace(q=q) for motif, q in zip(found, adjusted, strict=True)]


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


def _tested(motif: Candidate, seed: str, data: Labelled, background: Background) -> Motif:
    """The motif with its counts and probability on sequences that the search has not seen; q is yet to come."""
    sites = best_sites(site_scores(data.bases, motif.matrix, background))
    both, positive = (part[:, 0] for part in _holding(data, (sites.score >= motif.threshold)[None, :]))
    held, of = int(positive.sum()), int(data.positive.sum())
    others, of_others = int(both.sum()) - held, len(data.positive) - of
    p = exact_p(both, positive, data.sizes)
    return Motif(motif.matrix, seed, motif.threshold, held, others, of, of_others, p)


def _padded(data: Labelled) -> Labelled:
    """Room for a motif whose flanks would hang over an end."""
    return data._replace(bases=np.pad(data.bases, ((0, 0), (FLANK, FLANK)), constant_values=OTHER))


def _grow(data: Labelled, seed: Seed, background: Background) -> Candidate:
    """Make the motif that tells positives from negatives best: rounds of sites and matrix, then trimmed ends."""
    word = SEED_CONSERVATION * kmer_matrix(kmer_text(seed.code, seed.k)) + (1 - SEED_CONSERVATION) * background
    flank = np.tile(background, (FLANK, 1))
    matrix, z = np.vstack((flank, word, flank)), -np.inf
    for _ in range(1 + ROUNDS):
        found, sites = _best_threshold(data, matrix, background)
        chosen = data.positive & (sites.score >= found.threshold)
        if found.z <= z or not chosen.any():
            break
        z, best = found.z, BestSites(*(part[chosen] for part in sites))
        letters = read_sites(data.bases[chosen], best, len(matrix))
        counts = np.stack([(letters == base).sum(axis=0) for base in range(len(BASES))], axis=1)
        matrix = from_counts(counts, background)
    trimmed = _best_threshold(data, trim(matrix), background)[0]
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


def score(having: Counts, having_positive: Counts, sizes: Sizes) -> Float64[np.ndarray, " words"]:
    """Mantel and Haenszel's z of every word, from the sequences that hold it and the positive ones among them.

    Above 0 where the word is commoner in positives; 0 where no stratum with both classes says anything.
    """
    both, positive = (size[:, None].astype(np.float64) for size in sizes)
    expected = positive * having / both
    spread = expected * (both - positive) / both * (both - having) / np.maximum(both - 1, 1)
    deviation = (having_positive - expected).sum(axis=0)
    deviation_sd = np.sqrt(spread.sum(axis=0))
    return np.divide(deviation, deviation_sd, out=np.zeros_like(deviation), where=deviation_sd > 0)


def exact_p(having: Int64[np.ndarray, " strata"], having_positive: Int64[np.ndarray, " strata"], sizes: Sizes) -> float:
    """Exact probability of as many positives with the word or more, if the class did not matter within strata.

    The law is that of a sum of one hypergeometric number per stratum; with one stratum, Fisher's one-sided test.
    """
    law, least = np.ones(1), 0
    for both, positive, held in zip(*sizes, having, strict=True):
        low = max(0, held - (both - positive))
        support = np.arange(low, min(held, positive) + 1)
        law = np.convolve(law, hypergeom.pmf(support, both, held, positive))
        least += low
    return float(min(1.0, law[max(0, int(having_positive.sum()) - least) :].sum()))


def labelled(bases: UInt8[np.ndarray, "rows bases"], positive: Bool[np.ndarray, " rows"], *, strata: int) -> Labelled:
    """Put sequences into strata of GC content, of about the same size; one without bases goes into the lowest."""
    share = np.nan_to_num(gc_share(bases.ravel(), np.arange(len(bases) + 1) * bases.shape[1]))
    stratum = np.searchsorted(np.quantile(share, np.arange(1, strata) / strata), share, side="right")
    return Labelled(bases, positive, np.unique(stratum, return_inverse=True)[1])


def word_codes(bases: UInt8[np.ndarray, "rows bases"], k: int) -> Int64[np.ndarray, "rows starts"]:
    """Code of the word at every start, or of its reverse complement if smaller; -1 if not all are bases."""
    known = np.all(np.lib.stride_tricks.sliding_window_view(bases < OTHER, k, axis=1), axis=2)
    end_to_end = np.append(bases.ravel(), np.full(k - 1, OTHER, np.uint8))
    codes = both_strands(kmer_codes(end_to_end, k), k).reshape(bases.shape)[:, : bases.shape[1] - k + 1]
    return np.where(known, codes.astype(np.int64), -1)


def count_words(data: Labelled, k: int) -> tuple[Counts, Counts]:
    """Sequences of both classes, and positive ones, that hold each word of length k on either strand, by stratum.

    Column c belongs to the word of code c; a word whose reverse complement has a smaller code has zeros.
    """
    codes = word_codes(data.bases, k)
    codes.sort(axis=1)
    first = codes >= 0
    first[:, 1:] &= codes[:, 1:] != codes[:, :-1]
    row, column = np.nonzero(first)
    cell, shape = data.stratum[row] * 4**k + codes[row, column], (len(data.sizes.both), 4**k)
    both, positive = (
        np.bincount(own, minlength=shape[0] * shape[1]).reshape(shape) for own in (cell, cell[data.positive[row]])
    )
    return both, positive
