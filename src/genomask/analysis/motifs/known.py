"""Known motifs: JASPAR's CORE collection, TOMTOM's matches, and their places in rankings of k-mers and a vocabulary.

A k-mer and its reverse complement are one observation, permuted among those of the same base composition and CpG count.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.stats import false_discovery_control

from genomask.alphabet import BASES, encode, kmer_table
from genomask.analysis.motifs.consensus import MotifRank, Printed, consensus_table
from genomask.analysis.motifs.matrix import COMPLEMENT, Matrix, kmer_matrix
from genomask.analysis.settings import MotifSettings
from genomask.files import write_csv, write_json
from genomask.genome.sequences import reverse_complement_codes
from genomask.ranking.table import Ranking
from genomask.seeds import generator

ACGT: Final = [0, 2, 3, 1]  # our columns in the order A, C, G, T, in which reversing complements
SHOWN: Final = 3  # matches that are kept of each motif
CHUNK: Final = 500  # permutations at once
KnownKmers = Bool[np.ndarray, " kmers"]
Labels = Bool[np.ndarray, "chunk kmers"]
Strata = Int64[np.ndarray, " kmers"]


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


class Tested(NamedTuple):
    """A statistic, its mean over the permutations, the share of them that reach it, and observed over expected."""

    observed: float
    expected: float
    p: float
    ratio: float | None  # None where nothing is expected


class Enrichment(NamedTuple):
    """The probability that a known k-mer outranks another one, and the known k-mers among the N best."""

    auc: Tested
    top: dict[int, Tested]


def compare_known(
    directory: Path,
    rankings: Mapping[str, Ranking],
    words: dict[int, Bool[np.ndarray, " _kmers"]],
    *,
    settings: MotifSettings,
    k: int,
    printed: Printed,
) -> int:
    """Write ``consensus.csv`` and, unless nothing is matched, ``kmers.csv`` and ``enrichment.json`` into the directory.

    They say where consensus motifs stand in rankings of k-mers (beside the ranks that the paper printed), and how
    known motifs are placed there and in a vocabulary, given by the length of its words. Returns the motifs read.
    """
    write_csv(directory / "consensus.csv", MotifRank._fields, consensus_table(rankings, settings.consensus, printed))
    if settings.jaspar is None:
        return 0
    motifs = read_jaspar(settings.jaspar, settings.group)
    matches = matched_kmers(motifs, k)
    known = both_strands(np.array([match.q <= settings.known_q for match in matches]), k)
    columns = (values.tolist() for values in (known, *(ranking.rank for ranking in rankings.values())))
    rows = ((kmer, *match, *rest) for kmer, match, *rest in zip(kmer_table(k), matches, *columns, strict=True))
    write_csv(directory / "kmers.csv", ("kmer", "identifier", "name", "p", "q", "known", *rankings), rows)
    about = {"jaspar": {"release": settings.jaspar, "group": settings.group, "motifs": len(motifs)}}
    write_json(directory / "enrichment.json", about | _test(known, rankings, words.get(k), settings=settings, k=k))
    return len(motifs)


def _test(
    known: KnownKmers, rankings: Mapping[str, Ranking], words: KnownKmers | None, *, settings: MotifSettings, k: int
) -> dict[str, Any]:
    """Every ranking and the vocabulary against every null, with the same draws."""
    count, permutations = int(known.sum()), settings.permutations
    found: dict[str, Any] = {name: {} for name in rankings}
    vocabulary: dict[str, Any] = {"words": 0 if words is None else int(words.sum())}
    nulls = {"matched": composition_strata(k), "unmatched": palindromes(k)} if 0 < count < len(known) else {}

    def drawn(null: str) -> Iterator[Labels]:
        rng = generator(settings.seed, "motifs", "tomtom", null)
        return permuted(known, nulls[null], k, permutations=permutations, rng=rng)

    for null in nulls:
        for name, ranking in rankings.items():
            auc, tops = enrichment(ranking.rank, known, drawn(null), tops=settings.tops)
            top = {str(n): tested._asdict() for n, tested in tops.items()}
            found[name][null] = {"known": count, "auc": auc._asdict(), "top": top}
        if words is not None:
            vocabulary[null] = share_of_words(words, known, drawn(null))._asdict()
    about = {"known": count, "permutations": permutations, "seed": settings.seed}
    return about | {"rankings": found, "vocabulary": vocabulary}


def strand_units(k: int) -> Int64[np.ndarray, " kmers"]:
    """For every code the smaller code of the k-mer and its reverse complement."""
    codes = np.arange(4**k, dtype=np.uint64)
    return np.minimum(codes, reverse_complement_codes(codes, k)).astype(np.int64)


def composition_strata(k: int) -> Strata:
    """Stratum of every k-mer: how often it has each base, up to strand; its CpG; palindrome or not."""
    bases = encode("".join(kmer_table(k))).reshape(-1, k)
    count = np.stack([(bases == base).sum(axis=1) for base in range(len(BASES))], axis=1)
    digits = (k + 1) ** np.arange(3, -1, -1)
    cpg = ((bases[:, :-1] == BASES.index("C")) & (bases[:, 1:] == BASES.index("G"))).sum(axis=1)
    composition = np.minimum(count @ digits, count[:, COMPLEMENT] @ digits)
    return np.unique(np.stack((composition, cpg, palindromes(k))), axis=1, return_inverse=True)[1].ravel()


def palindromes(k: int) -> Strata:
    """Strata that know of no composition: only a k-mer that is its own reverse complement is set apart."""
    codes = np.arange(4**k, dtype=np.uint64)
    return (codes == reverse_complement_codes(codes, k)).astype(np.int64)


def both_strands(known: KnownKmers, k: int) -> KnownKmers:
    """The labels with every reverse complement of a known k-mer known too."""
    units = strand_units(k)
    return np.isin(units, units[known])


def permuted(
    known: KnownKmers, strata: Strata, k: int, *, permutations: int, rng: np.random.Generator
) -> Iterator[Labels]:
    """Labels permuted within strata, a k-mer together with its reverse complement, some at a time."""
    chosen, unit_of = np.unique(strand_units(k), return_inverse=True)
    label, stratum = known[chosen], strata[chosen]
    place = np.argsort(stratum, kind="stable")
    for start in range(0, permutations, CHUNK):
        rows = min(CHUNK, permutations - start)
        drawn = np.empty((rows, len(chosen)), dtype=bool)
        drawn[:, place] = label[np.argsort(stratum + rng.random((rows, len(chosen))), axis=1)]
        yield drawn[:, unit_of]


def enrichment(
    rank: Int64[np.ndarray, " kmers"], known: KnownKmers, drawn: Iterable[Labels], *, tops: Sequence[int]
) -> Enrichment:
    """Test whether known k-mers, closed under reverse complement, stand high in a ranking; every p is one-sided.

    ``drawn`` are the permutations of ``permuted``; the smallest p is one over one more than these. Rank 1 is the
    highest; known k-mers are counted in each of the ``tops``.
    """
    order = np.argsort(rank)
    auc, *counts = _tested(known, drawn, lambda rows: _statistics(rows[:, order], tops))
    return Enrichment(auc, dict(zip(tops, counts, strict=True)))


def share_of_words(words: KnownKmers, known: KnownKmers, drawn: Iterable[Labels]) -> Tested:
    """Test whether a vocabulary holds more known k-mers than permuted labels do."""
    return _tested(known, drawn, lambda rows: (rows & words).sum(axis=1, keepdims=True))[0]


def _statistics(ranked: Labels, tops: Sequence[int]) -> Float64[np.ndarray, "chunk statistics"]:
    """AUC, and known k-mers in every top, of labels in the order of their rank."""
    kmers, known = ranked.shape[1], ranked.sum(axis=1)
    mean_rank = ranked @ np.arange(1.0, kmers + 1) / known
    auc = 1 - (mean_rank - (known + 1) / 2) / (kmers - known)
    return np.stack([auc, *(ranked[:, :top].sum(axis=1) for top in tops)], axis=1).astype(np.float64)


def _tested(known: KnownKmers, drawn: Iterable[Labels], statistics: Callable[[Labels], np.ndarray]) -> list[Tested]:
    """Phipson and Smyth's permutation p of each statistic: the observed labels are one of the permutations."""
    null, tested = np.vstack([statistics(rows) for rows in drawn]), []
    for observed, values in zip(statistics(known[None])[0].tolist(), null.T, strict=True):
        p = float((1 + (values >= observed - 1e-12).sum()) / (1 + len(values)))
        expected = float(values.mean())
        tested.append(Tested(float(observed), expected, p, observed / expected if expected else None))
    return tested
