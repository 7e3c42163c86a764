"""Motifs as position probability matrices (rows: positions, columns: A, T, C, G), their sites, and planted ones."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, UInt8

from genomask.alphabet import BASES, OTHER, encode
from genomask.genome.synthetic.dna import ENHANCER_MOTIFS, IUPAC, PROMOTER_MOTIFS, TSS
from genomask.genome.synthetic.task import CORE_WINDOW, PROMOTER_WINDOW

COMPLEMENT: Final = [1, 0, 3, 2]  # columns of the complementary bases
CLEAR: Final = (0.5, 2.0)  # Cavener's rule: a base above half of the sites, and twice the next one
EITHER: Final = 0.75  # or two bases above three quarters of them
AMBIGUITY: Final = {frozenset(bases): letter.lower() for letter, bases in IUPAC.items() if len(bases) == 2}

# Cosine from which two motifs are alike: the informative three quarters of a motif pass, and 1 to 3 % of all 6-mers.
SIMILAR: Final = 0.75

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
        one, two = np.argsort(-row, kind="stable")[:2]
        clear = row[one] > CLEAR[0] and row[one] > CLEAR[1] * row[two]
        either = AMBIGUITY[frozenset((BASES[one], BASES[two]))] if row[one] + row[two] > EITHER else "n"
        letters.append(BASES[one] if clear else either)
    return "".join(letters)


def consensus_matrix(text: str) -> Matrix:
    """The motif in which all bases that an IUPAC letter allows are as likely; ValueError for other letters."""
    if not text or set(text.upper()) - set(IUPAC):
        raise ValueError(f"A consensus needs IUPAC letters; found {text!r}.")
    return np.array([[(base in IUPAC[letter]) / len(IUPAC[letter]) for base in BASES] for letter in text.upper()])


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
    """Bits of the motif at every start, on the strand as given and on the other one; 0 for what is no base."""
    starts = bases.shape[1] - len(matrix) + 1
    total = np.zeros((2, len(bases), starts), dtype=np.float32)
    for strand, motif in enumerate((matrix, reverse_complement(matrix))):
        bits = np.pad(np.log2(np.maximum(motif, 1e-6) / background), ((0, 0), (0, 1))).astype(np.float32)
        for place, row in enumerate(bits):
            total[strand] += row[bases[:, place : place + starts]]
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


class Recovery(NamedTuple):
    """Shares of the planted motifs that are alike to one found (recall), and of those found to one planted."""

    recall: float
    precision: float | None  # None if nothing was found
    nearest: dict[str, tuple[str | None, float]]  # planted name -> consensus found, similarity


def similarity(one: Matrix, other: Matrix) -> float:
    """Cosine of two motifs, probabilities less 1/4, at their best alignment on either strand; 1 is the same motif.

    A position that says nothing, or that the other motif has not, counts for nothing.
    """
    norm = float(np.linalg.norm(one - 0.25) * np.linalg.norm(other - 0.25))
    # Every position against every position; an alignment is a diagonal.
    products = [(one - 0.25) @ (strand - 0.25).T for strand in (other, reverse_complement(other))]
    shifts = range(-len(one) + 1, len(other))
    return max(float(each.trace(shift)) for each in products for shift in shifts) / norm if norm else 0.0


def most_similar(one: Matrix, others: Sequence[Matrix]) -> tuple[int, float]:
    """Index of the most similar of the others, and how similar it is."""
    found = [similarity(one, other) for other in others]
    return int(np.argmax(found)), max(found)


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
    """Compare what was found, matrices by their consensus, with what was planted, IUPAC consensus by name."""
    targets = {name: consensus_matrix(text) for name, text in planted.items()}
    nearest: dict[str, tuple[str | None, float]] = dict.fromkeys(planted, (None, 0.0))
    for name, matrix in targets.items() if found else ():
        best, score = most_similar(matrix, list(found.values()))
        nearest[name] = list(found)[best], score
    precise = [most_similar(matrix, list(targets.values()))[1] >= SIMILAR for matrix in found.values()]
    recall = float(np.mean([score >= SIMILAR for _, score in nearest.values()]))
    return Recovery(recall, float(np.mean(precise)) if precise else None, nearest)
