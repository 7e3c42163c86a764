"""What is planted in a synthetic benchmark, and how much of it was found: recall and precision.

A planted motif is recalled if a motif that was found is as similar to it as ``SIMILAR`` (cosine of the best
alignment on either strand); a motif that was found is precise if a planted one is as similar to it. The
threshold was set before anything was run: it is passed by the informative three quarters of a motif, and by
1 to 3 % of all 6-mers taken as motifs, which every report states for the planted motifs at hand as
``chance``.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from genomask.alphabet import kmer_table
from genomask.analysis.motifs.matrix import Matrix, consensus_matrix, kmer_matrix, reverse_complement
from genomask.genome.synthetic.motifs import ENHANCER_MOTIFS, PROMOTER_MOTIFS, TSS
from genomask.genome.synthetic.task import CORE_WINDOW, PROMOTER_WINDOW

SIMILAR: Final = 0.75


class Recovery(NamedTuple):
    """Planted motifs with the motif that came nearest, and the shares that pass the threshold."""

    recall: float
    precision: float | None  # None if nothing was found
    chance: float  # share of all 6-mers that would count as precise
    nearest: dict[str, tuple[str | None, float]]  # planted name -> consensus found, similarity


def similarity(one: Matrix, other: Matrix) -> float:
    """Cosine of two motifs at their best alignment on either strand.

    A position contributes its probabilities less 1/4, so a position that says nothing counts for nothing,
    and a position that the other motif has not is compared with one that says nothing. 1 is the same motif;
    the half of a motif of clear bases has the square root of 1/2; a motif of n alone is like none.
    """
    return max(_best_cosine(one - 0.25, strand - 0.25) for strand in (other, reverse_complement(other)))


def most_similar(one: Matrix, others: Sequence[Matrix]) -> tuple[int, float]:
    """Index of the most similar of the others, and how similar it is."""
    found = [similarity(one, other) for other in others]
    best = int(np.argmax(found))
    return best, found[best]


def _best_cosine(one: Matrix, other: Matrix) -> float:
    norm = np.linalg.norm(one) * np.linalg.norm(other)
    products = one @ other.T  # every position against every position; an alignment is a diagonal
    shifts = range(-len(one) + 1, len(other))
    return float(max(products.diagonal(shift).sum() for shift in shifts) / norm) if norm else 0.0


def planted_in(twin: str) -> dict[str, str]:
    """Consensus of every motif that lies whole in the sequences of a synthetic benchmark, by name."""
    if twin == "cohn_enh":
        return dict(ENHANCER_MOTIFS)
    start, stop = PROMOTER_WINDOW.start, PROMOTER_WINDOW.stop
    if twin == "prom_core":
        start, stop = start + CORE_WINDOW.start, start + CORE_WINDOW.stop
    return {
        motif.name: motif.consensus
        for motif in PROMOTER_MOTIFS
        if start <= TSS + motif.first and TSS + motif.last + len(motif.consensus) <= stop
    }


def recovery(planted: Mapping[str, str], found: Mapping[str, Matrix]) -> Recovery:
    """Compare what was found with what was planted.

    Args:
        planted: IUPAC consensus by name.
        found: Matrices by their consensus.
    """
    nearest: dict[str, tuple[str | None, float]] = dict.fromkeys(planted, (None, 0.0))
    truth = {name: consensus_matrix(text) for name, text in planted.items()}
    for name, matrix in truth.items() if found else ():
        best, score = most_similar(matrix, list(found.values()))
        nearest[name] = list(found)[best], score
    targets = list(truth.values())
    precise = [most_similar(matrix, targets)[1] >= SIMILAR for matrix in found.values()]
    recall = float(np.mean([score >= SIMILAR for _, score in nearest.values()]))
    return Recovery(recall, float(np.mean(precise)) if precise else None, chance(targets), nearest)


def chance(planted: Sequence[Matrix], k: int = 6) -> float:
    """Share of all k-mers that are as similar to a planted motif as a recalled one must be."""
    kmers = kmer_matrix("".join(kmer_table(k))).reshape(-1, k * 4) - 0.25
    best = np.zeros(len(kmers))
    for strand in (strand - 0.25 for motif in planted for strand in (motif, reverse_complement(motif))):
        padded = np.pad(strand, ((k - 1, k - 1), (0, 0)))
        shifts = np.stack([padded[start : start + k].ravel() for start in range(len(padded) - k + 1)])
        cosine = (kmers @ shifts.T).max(axis=1) / (np.linalg.norm(kmers[0]) * np.linalg.norm(strand))
        best = np.maximum(best, cosine)
    return float((best >= SIMILAR).mean())
