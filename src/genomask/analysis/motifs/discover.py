"""De novo discovery: words that are commoner in positives than in negatives, grown into motifs one by one.

The word that tells the classes apart best is grown into a motif, the motif's sites are taken out of all
sequences, and the search begins anew, until no word is left whose exact probability survives the number of
words that were tried. Whether a motif holds is then asked of sequences that the search has not seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64, UInt8
from scipy.stats import false_discovery_control

from genomask.alphabet import OTHER, kmer_text
from genomask.analysis.motifs.matrix import Matrix, consensus
from genomask.analysis.motifs.refine import FLANK, Sited, grow, holding, strand_background
from genomask.analysis.motifs.scan import best_sites, erase, site_scores
from genomask.analysis.motifs.words import Labelled, count_words, exact_p, score, word_codes
from genomask.console import progress

FEWEST: Final = 10  # sequences that must hold a word for it to be tried


class Seed(NamedTuple):
    """The word that tells positives from negatives best, and its probability times the words tried."""

    code: int
    k: int
    p: float


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
    background = strand_background(data.bases)
    left, found = _padded(data), []
    seeds: list[str] = []
    with progress("discover", most) as advance:
        while len(found) < most and (seed := best_word(left, lengths)).p <= alpha:
            motif = grow(left, seed.code, seed.k, background)
            found.append(motif)
            seeds.append(kmer_text(seed.code, seed.k))
            left = left._replace(bases=_without(left.bases, motif, seed, background))
            advance(1)
    return _held_out(found, seeds, _padded(held_out), background)


def best_word(data: Labelled, lengths: Sequence[int]) -> Seed:
    """The word that is most over-represented in positives, with its Bonferroni-corrected probability."""
    tried, best = 0, Seed(0, lengths[0], 1.0)
    highest = 0.0
    for k in lengths:
        having, positive = count_words(data, k)
        enough = having.sum(axis=0) >= FEWEST
        tried += int(enough.sum())
        z = np.where(enough, score(having, positive, data.sizes), 0.0)
        if z.max() > highest:
            highest, code = float(z.max()), int(z.argmax())
            best = Seed(code, k, exact_p(having[:, code], positive[:, code], data.sizes))
    return best._replace(p=min(1.0, best.p * tried))


def _held_out(
    found: list[Sited], seeds: list[str], data: Labelled, background: Float64[np.ndarray, " 4"]
) -> list[Motif]:
    tested = []
    for motif in found:
        sites = best_sites(site_scores(data.bases, motif.matrix, background))
        both, positive = (part[:, 0] for part in holding(data, (sites.score >= motif.threshold)[None, :]))
        tested.append((both.sum(), positive.sum(), exact_p(both, positive, data.sizes)))
    q = false_discovery_control([p for *_, p in tested]) if tested else []
    positives_of = int(data.positive.sum())
    return [
        Motif(
            motif.matrix,
            seed,
            motif.threshold,
            positives=int(positive),
            negatives=int(both - positive),
            positives_of=positives_of,
            negatives_of=len(data.positive) - positives_of,
            p=p,
            q=float(adjusted),
        )
        for motif, seed, (both, positive, p), adjusted in zip(found, seeds, tested, q, strict=True)
    ]


def _padded(data: Labelled) -> Labelled:
    """Room for a motif whose flanks would hang over an end."""
    return data._replace(bases=np.pad(data.bases, ((0, 0), (FLANK, FLANK)), constant_values=OTHER))


def _without(
    bases: UInt8[np.ndarray, "rows bases"], motif: Sited, seed: Seed, background: Float64[np.ndarray, " 4"]
) -> UInt8[np.ndarray, "rows bases"]:
    """Take the motif's sites out, and the word that it grew from, so that the next word is another one."""
    sites = np.any(site_scores(bases, motif.matrix, background) >= motif.threshold, axis=0)
    word = word_codes(bases, seed.k) == seed.code
    return erase(erase(bases, sites, len(motif.matrix)), word, seed.k)
