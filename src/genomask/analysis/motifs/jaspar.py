"""Known motifs: JASPAR's CORE collection, and TOMTOM's verdict on which of them a motif is."""

import warnings
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from scipy.stats import false_discovery_control

from genomask.alphabet import BASES, kmer_table
from genomask.analysis.motifs.matrix import Matrix, kmer_matrix

ACGT: Final = [0, 2, 3, 1]  # our columns in the order A, C, G, T, in which reversing complements
SHOWN: Final = 3  # matches that are kept of each motif


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
    """The CORE motifs of a taxonomic group, such as vertebrates, in a release; ValueError if it has none of them."""
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
    counts = [np.array([motif.counts[base] for base in BASES], dtype=np.float64) for motif in motifs]
    return [Known(m.matrix_id, m.name, (own / own.sum(axis=0)).T) for m, own in zip(motifs, counts, strict=True)]


def best_matches(motifs: Sequence[Matrix], known: Sequence[Known]) -> list[list[Match]]:
    """The most similar known motifs of every motif, best first, by TOMTOM on either strand.

    The very first call compiles for a minute or two.
    """
    if not motifs or not known:
        return [[] for _ in motifs]
    from memelite import tomtom

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
    return [matches[0] for matches in best_matches(list(map(kmer_matrix, kmer_table(k))), known)]
