"""Known motifs in rankings of k-mers and in a masking vocabulary, beyond what their composition explains.

PMI is shaped by composition and so are motifs, and a k-mer and its reverse complement are one observation: k-mers are
permuted among those of the same base composition and the same number of CpG, both strands together.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from genomask.alphabet import BASES, encode, kmer_table
from genomask.analysis.motifs.consensus import MotifRank, Printed, consensus_table
from genomask.analysis.motifs.jaspar import matched_kmers, read_jaspar
from genomask.analysis.motifs.matrix import COMPLEMENT
from genomask.analysis.motifs.settings import MotifSettings
from genomask.files import write_csv, write_json
from genomask.genome.sequences import reverse_complement_codes
from genomask.ranking.table import Ranking
from genomask.seeds import generator

CHUNK: Final = 500  # permutations at once
Known = Bool[np.ndarray, " kmers"]
Strata = Int64[np.ndarray, " kmers"]


class Tested(NamedTuple):
    """A statistic, what it is on average over the permutations, and the share of them that reach it."""

    observed: float
    expected: float
    p: float

    def summary(self) -> dict[str, float | None]:
        """All of it as JSON, with observed over expected; None where nothing is expected."""
        return {**self._asdict(), "ratio": self.observed / self.expected if self.expected else None}


class Enrichment(NamedTuple):
    """Known motifs in one ranking against one null.

    ``auc`` is the probability that a known k-mer outranks another one, ``top`` the known k-mers among the N best.
    """

    known: int
    auc: Tested
    top: dict[int, Tested]

    def summary(self) -> dict[str, Any]:
        """All of it as JSON."""
        tops = {str(n): tested.summary() for n, tested in self.top.items()}
        return {"known": self.known, "auc": self.auc.summary(), "top": tops}


def compare_known(
    directory: Path,
    rankings: Mapping[str, Ranking],
    words: dict[int, Bool[np.ndarray, " _kmers"]],
    *,
    settings: MotifSettings,
    k: int,
    printed: Printed,
) -> int:
    """Write the ranks of consensus motifs, and how known motifs are placed in rankings of k-mers and a vocabulary.

    Args:
        directory: Where ``consensus.csv`` goes and, unless nothing is matched, ``kmers.csv`` and ``enrichment.json``.
        rankings: By name.
        words: Which k-mers the vocabulary holds, by their length.
        settings: What is compared, and how.
        k: Bases of the rankings' k-mers.
        printed: Ranks that the paper prints.

    Returns:
        Known motifs that were read.
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
    known: Known, rankings: Mapping[str, Ranking], words: Known | None, *, settings: MotifSettings, k: int
) -> dict[str, Any]:
    """Every ranking and the vocabulary against every null, with the same draws."""
    found: dict[str, Any] = {name: {} for name in rankings}
    vocabulary: dict[str, Any] = {"words": 0 if words is None else int(words.sum())}
    nulls = {"matched": composition_strata, "unmatched": palindromes} if 0 < known.sum() < len(known) else {}
    for null, strata in nulls.items():
        permutations, groups = settings.permutations, strata(k)
        for name, ranking in rankings.items():
            rng = generator(settings.seed, "motifs", "tomtom", null)
            tested = enrichment(ranking.rank, known, groups, k, tops=settings.tops, permutations=permutations, rng=rng)
            found[name][null] = tested.summary()
        if words is not None:
            rng = generator(settings.seed, "motifs", "tomtom", null)
            held = share_of_words(words, known, groups, k, permutations=permutations, rng=rng)
            vocabulary[null] = held.summary()
    about = {"known": int(known.sum()), "permutations": settings.permutations, "seed": settings.seed}
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


def both_strands(known: Known, k: int) -> Known:
    """The labels with every reverse complement of a known k-mer known too."""
    units = strand_units(k)
    return np.isin(units, units[known])


def permuted(
    known: Known, strata: Strata, k: int, *, permutations: int, rng: np.random.Generator
) -> Iterator[Bool[np.ndarray, "chunk kmers"]]:
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
    rank: Int64[np.ndarray, " kmers"],
    known: Known,
    strata: Strata,
    k: int,
    *,
    tops: Sequence[int],
    permutations: int,
    rng: np.random.Generator,
) -> Enrichment:
    """Test whether known k-mers, closed under reverse complement, stand high in a ranking; every p is one-sided.

    k-mers of one of the ``strata`` may trade places in the ``permutations``; the smallest p is one over one more than
    these. Rank 1 is the highest; known k-mers are counted in each of the ``tops``.
    """
    order = np.argsort(rank)
    drawn = permuted(known, strata, k, permutations=permutations, rng=rng)
    null = np.vstack([_statistics(rows[:, order], tops) for rows in drawn])
    auc, *counts = map(_tested, _statistics(known[order][None, :], tops)[0].tolist(), null.T)
    return Enrichment(int(known.sum()), auc, dict(zip(tops, counts, strict=True)))


def share_of_words(
    words: Known, known: Known, strata: Strata, k: int, *, permutations: int, rng: np.random.Generator
) -> Tested:
    """Test whether more words of a vocabulary are known than permuted labels would have it; one-sided."""
    drawn = permuted(known, strata, k, permutations=permutations, rng=rng)
    return _tested(float((known & words).sum()), np.concatenate([(rows & words).sum(axis=1) for rows in drawn]))


def _statistics(ranked: Bool[np.ndarray, "rows kmers"], tops: Sequence[int]) -> Float64[np.ndarray, "rows statistics"]:
    """AUC, and known k-mers in every top, of labels in the order of their rank."""
    kmers, known = ranked.shape[1], ranked.sum(axis=1)
    mean_rank = ranked @ np.arange(1.0, kmers + 1) / known
    auc = 1 - (mean_rank - (known + 1) / 2) / (kmers - known)
    return np.stack([auc, *(ranked[:, :top].sum(axis=1) for top in tops)], axis=1).astype(np.float64)


def _tested(observed: float, null: np.ndarray) -> Tested:
    """Phipson and Smyth's permutation p: the observed labels are one of the permutations."""
    p = (1 + (null >= observed - 1e-12).sum()) / (1 + len(null))
    return Tested(observed, float(null.mean()), float(p))
