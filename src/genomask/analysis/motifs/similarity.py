"""How alike two motifs are, without a database: the cosine of their best ungapped alignment."""

from collections.abc import Sequence

import numpy as np

from genomask.analysis.motifs.matrix import Matrix, reverse_complement


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
    if norm == 0:
        return 0.0
    products = one @ other.T  # every position against every position; an alignment is a diagonal
    shifts = range(-len(one) + 1, len(other))
    return float(max(products.diagonal(shift).sum() for shift in shifts) / norm)
