"""Motifs as position probability matrices (rows are positions, columns the bases A, T, C, G), and where they stand."""

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, UInt8

from genomask.alphabet import BASES, OTHER, encode
from genomask.genome.synthetic.motifs import IUPAC

COMPLEMENT: Final = [1, 0, 3, 2]  # columns of the complementary bases
CLEAR: Final = (0.5, 2.0)  # Cavener's rule: a base above half of the sites, and twice the next one
EITHER: Final = 0.75  # or two bases above three quarters of them
ALLOWED: Final = {letter: np.array([base in bases for base in BASES]) for letter, bases in IUPAC.items()}
AMBIGUITY: Final = {frozenset(bases): letter.lower() for letter, bases in IUPAC.items() if len(bases) == 2}

Matrix = Float64[np.ndarray, "_width 4"]  # widths differ from motif to motif
Rows = UInt8[np.ndarray, "rows bases"]


class BestSites(NamedTuple):
    """The best site of every row."""

    score: Float32[np.ndarray, " rows"]
    start: Int64[np.ndarray, " rows"]
    reverse: Bool[np.ndarray, " rows"]


def information(matrix: Matrix) -> Float64[np.ndarray, " _width"]:
    """Information of every position in bits: 2 less the entropy, against even base frequencies."""
    positive = np.where(matrix > 0, matrix, 1.0)
    return 2 + (matrix * np.log2(positive)).sum(axis=1)


def reverse_complement(matrix: Matrix) -> Matrix:
    """The motif as the other strand spells it."""
    return matrix[::-1, COMPLEMENT]


def consensus(matrix: Matrix) -> str:
    """IUPAC consensus by Cavener's rule: capitals are clear, lower case is one of two bases, n is any."""
    letters = []
    for row in matrix:
        order = np.argsort(-row, kind="stable")
        first, second = row[order[0]], row[order[1]]
        if first > CLEAR[0] and first > CLEAR[1] * second:
            letters.append(BASES[order[0]])
        else:
            two = frozenset((BASES[order[0]], BASES[order[1]]))
            letters.append(AMBIGUITY[two] if first + second > EITHER else "n")
    return "".join(letters)


def consensus_matrix(text: str) -> Matrix:
    """The motif in which every base that an IUPAC letter allows is as likely; case does not matter.

    Raises:
        ValueError: If a letter is not IUPAC.
    """
    if not text or set(text.upper()) - set(IUPAC):
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


def site_scores(
    bases: Rows, matrix: Matrix, background: Float64[np.ndarray, " 4"]
) -> Float32[np.ndarray, "2 rows starts"]:
    """Bits of the motif at every start, on the strand as given and on the other one.

    Anything else than a base, as beyond an end, says nothing.
    """
    width = len(matrix)
    starts = bases.shape[1] - width + 1
    total = np.zeros((2, len(bases), starts), dtype=np.float32)
    for strand, motif in enumerate((matrix, reverse_complement(matrix))):
        bits = np.hstack((np.log2(np.maximum(motif, 1e-6) / background), np.zeros((width, 1)))).astype(np.float32)
        for place in range(width):
            total[strand] += bits[place][bases[:, place : place + starts]]
    return total


def best_sites(scores: Float32[np.ndarray, "2 rows starts"]) -> BestSites:
    """The best site of every row; of equal ones the first on the strand as given."""
    starts = scores.shape[2]
    both = scores.transpose(1, 0, 2).reshape(scores.shape[1], -1)
    best = both.argmax(axis=1)
    return BestSites(both[np.arange(len(both)), best], best % starts, best >= starts)


def read_sites(bases: Rows, sites: BestSites, width: int) -> UInt8[np.ndarray, "rows width"]:
    """The bases of every row's best site, read along its strand."""
    along = np.arange(width)
    within = np.where(sites.reverse[:, None], width - 1 - along, along)
    found = bases[np.arange(len(bases))[:, None], sites.start[:, None] + within]
    return np.where((found < OTHER) & sites.reverse[:, None], found ^ 1, found)


def erase(bases: Rows, found: Bool[np.ndarray, "rows starts"], width: int) -> Rows:
    """The sequences without the sites that start where ``found`` says."""
    gone = np.zeros(bases.shape, dtype=bool)
    for place in range(width):
        gone[:, place : place + found.shape[1]] |= found
    return np.where(gone, np.uint8(OTHER), bases)
