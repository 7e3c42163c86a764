"""Motifs as position probability matrices: one row a position, one column a base in the order A, T, C, G."""

from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from genomask.alphabet import BASES, encode
from genomask.genome.synthetic.motifs import IUPAC

COMPLEMENT: Final = [1, 0, 3, 2]  # columns of the complementary bases
CLEAR: Final = (0.5, 2.0)  # Cavener's rule: a base above half of the sites, and twice the next one
EITHER: Final = 0.75  # or two bases above three quarters of them
ALLOWED: Final = {letter: np.array([base in bases for base in BASES]) for letter, bases in IUPAC.items()}
AMBIGUITY: Final = {frozenset(bases): letter.lower() for letter, bases in IUPAC.items() if len(bases) == 2}

Matrix = Float64[np.ndarray, "_width 4"]  # widths differ from motif to motif


def information(matrix: Matrix) -> Float64[np.ndarray, " _width"]:
    """Information of every position in bits: 2 less the entropy, against even base frequencies."""
    positive = np.where(matrix > 0, matrix, 1.0)
    return 2 + (matrix * np.log2(positive)).sum(axis=1)


def reverse_complement(matrix: Matrix) -> Matrix:
    """The motif as the other strand spells it."""
    return matrix[::-1, COMPLEMENT]


def consensus(matrix: Matrix) -> str:
    """IUPAC consensus by Cavener's rule: capitals are clear, lower case is one of two bases, n is any."""
    return "".join(_letter(row) for row in matrix)


def consensus_matrix(text: str) -> Matrix:
    """The motif in which every base that an IUPAC letter allows is as likely; case does not matter.

    Raises:
        ValueError: If a letter is not IUPAC.
    """
    unknown = sorted(set(text.upper()) - set(IUPAC))
    if unknown or not text:
        raise ValueError(f"A consensus needs IUPAC letters; found {text!r}.")
    allowed = np.array([ALLOWED[letter] for letter in text.upper()], dtype=np.float64)
    return allowed / allowed.sum(axis=1, keepdims=True)


def kmer_matrix(kmer: str) -> Matrix:
    """The motif that is one k-mer and nothing else."""
    return np.eye(len(BASES))[encode(kmer)]


def from_counts(counts: Int64[np.ndarray, "_width 4"], background: Float64[np.ndarray, " 4"]) -> Matrix:
    """Probabilities of counted sites, with one more site that looks like the background."""
    padded = counts + background
    return padded / padded.sum(axis=1, keepdims=True)


def _letter(row: Float64[np.ndarray, " 4"]) -> str:
    order = np.argsort(-row, kind="stable")
    first, second = row[order[0]], row[order[1]]
    if first > CLEAR[0] and first > CLEAR[1] * second:
        return BASES[order[0]]
    if first + second > EITHER:
        return AMBIGUITY[frozenset((BASES[order[0]], BASES[order[1]]))]
    return "n"
