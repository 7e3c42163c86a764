"""Known motifs: JASPAR's CORE collection, and TOMTOM's verdict on which of them a motif is."""

import warnings
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool
from scipy.stats import false_discovery_control

from genomask.alphabet import BASES, encode, kmer_table
from genomask.analysis.motifs.matrix import Matrix, information, kmer_matrix, reverse_complement

ACGT: Final = [0, 2, 3, 1]  # our columns in the order A, C, G, T, in which reversing complements
SHOWN: Final = 3  # matches that are kept of each motif
CLEAR_BITS: Final = 1.75  # a position; 2 is one certain base. With 1.5, three of four 6-mers are some core
CORE_SCORE: Final = 0.85  # of a profile's range; JASPAR's own scans take 0.8 to 0.85


class Known(NamedTuple):
    """A motif of the database."""

    identifier: str  # such as MA0108.3
    name: str  # of the transcription factor
    matrix: Matrix


class Match(NamedTuple):
    """A known motif that a motif may be; p is TOMTOM's, q is over all pairs that were compared."""

    identifier: str
    name: str
    p: float
    q: float


def read_jaspar(release: int, group: str) -> list[Known]:
    """The CORE motifs of a taxonomic group, such as vertebrates, from the release that pyjaspar carries.

    Raises:
        ValueError: If the release has none of this group.
    """
    from pyjaspar import jaspardb

    database = jaspardb(release=f"JASPAR{release}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pyjaspar warns where the error below says more
            motifs = database.fetch_motifs(collection="CORE", tax_group=[group])
    finally:
        database.conn.close()
    if not motifs:
        raise ValueError(f"motifs.group needs a taxonomic group of JASPAR {release}; found {group!r}.")
    counts = (np.array([motif.counts[base] for base in BASES], dtype=np.float64).T for motif in motifs)
    named = ((motif.matrix_id, motif.name, count) for motif, count in zip(motifs, counts, strict=True))
    return [Known(code, name, count / count.sum(axis=1, keepdims=True)) for code, name, count in named]


def best_matches(motifs: Sequence[Matrix], known: Sequence[Known]) -> list[list[Match]]:
    """The most similar known motifs of every motif, best first, by TOMTOM on either strand.

    The very first call compiles for a minute or two.
    """
    from memelite import tomtom

    if not motifs:
        return []
    matrices = [*motifs, *(target.matrix for target in known)]
    columns = [np.ascontiguousarray(matrix[:, ACGT].T) for matrix in matrices]
    found = tomtom(columns[: len(motifs)], columns[len(motifs) :])[0]
    p = np.clip(found.reshape(len(motifs), len(known)), 0.0, 1.0)
    q = false_discovery_control(p.ravel()).reshape(p.shape)
    best = np.argsort(p, axis=1, kind="stable")[:, :SHOWN]
    return [
        [Match(known[c].identifier, known[c].name, float(p[row, c]), float(q[row, c])) for c in columns]
        for row, columns in enumerate(best)
    ]


def matched_kmers(known: Sequence[Known], k: int) -> list[Match]:
    """The best match of every k-mer, by code."""
    matrices = [kmer_matrix(kmer) for kmer in kmer_table(k)]
    return [matches[0] for matches in best_matches(matrices, known)]


def cores(known: Sequence[Known], k: int, *, clear: float = CLEAR_BITS) -> list[Matrix]:
    """The cores of the motifs that have one: k successive positions of most information, ``clear`` bits each.

    That is their mean. With ``clear=0.0`` nearly every 6-mer is the core of some motif.
    """
    found = []
    for matrix in (target.matrix for target in known if len(target.matrix) >= k):
        bits = np.convolve(information(matrix), np.ones(k), mode="valid")
        if bits.max() >= clear * k:
            found.append(matrix[bits.argmax() :][:k])
    return found


def core_kmers(cores: Sequence[Matrix], k: int) -> Bool[np.ndarray, " kmers"]:
    """Which k-mers are one of these cores on either strand, by code.

    A k-mer is one if its log-odds score against even base frequencies reaches ``CORE_SCORE`` of the way from the
    core's worst to its best.
    """
    codes = encode("".join(kmer_table(k))).reshape(-1, k)
    found = np.zeros(len(codes), dtype=bool)
    for strand in (strand for core in cores for strand in (core, reverse_complement(core))):
        odds = np.log2(np.maximum(strand, 1e-3) / 0.25)
        score = odds[np.arange(k), codes].sum(axis=1)
        found |= score >= score.min() + CORE_SCORE * (score.max() - score.min())
    return found
