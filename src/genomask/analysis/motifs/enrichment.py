"""Do known motifs stand high in a ranking, beyond what their composition explains?

k-mers are permuted among k-mers of the same base composition and the same number of CpG, both strands
together: PMI is shaped by composition and so are motifs, and a k-mer and its reverse complement are one
observation.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from genomask.alphabet import BASES, encode, kmer_table
from genomask.analysis.motifs.matrix import COMPLEMENT
from genomask.genome.sequences import reverse_complement_codes

CHUNK: Final = 500  # permutations at once
BAND: Final = (0.05, 0.95)  # of the running sums of the first CHUNK permutations, for the figure
Known = Bool[np.ndarray, " kmers"]
Strata = Int64[np.ndarray, " kmers"]


class Tested(NamedTuple):
    """A statistic, what it is on average over the permutations, and the share of them that reach it."""

    observed: float
    expected: float
    p: float

    @property
    def ratio(self) -> float | None:
        """Observed over expected; None where nothing is expected."""
        return self.observed / self.expected if self.expected else None

    def summary(self) -> dict[str, float | None]:
        """All of it as JSON."""
        return {**self._asdict(), "ratio": self.ratio}


class Enrichment(NamedTuple):
    """Known motifs in one ranking against one null.

    ``auc`` is the probability that a known k-mer outranks another one, ``running`` the peak of the running
    sum from rank 1 on (known k-mers step up, others down), ``top`` the known k-mers among the N best.
    """

    known: int
    auc: Tested
    running: Tested
    top: dict[int, Tested]
    curve: Float64[np.ndarray, " kmers"]
    band: Float64[np.ndarray, "2 kmers"]

    def summary(self) -> dict[str, Any]:
        """All but the curve as JSON."""
        tops = {str(n): tested.summary() for n, tested in self.top.items()}
        return {"known": self.known, "auc": self.auc.summary(), "running": self.running.summary(), "top": tops}


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
    """Test whether known k-mers stand high in a ranking; every p is one-sided.

    Args:
        rank: Rank of every k-mer by code, 1 the highest.
        known: Known k-mers by code, closed under reverse complement.
        strata: k-mers that may trade places.
        k: Bases of a k-mer.
        tops: Sizes of the tops whose known k-mers are counted.
        permutations: Permutations; the smallest p is one over one more than these.
        rng: Draws them.
    """
    order = np.argsort(rank)
    ranked = known[order][None, :]
    drawn = permuted(known, strata, k, permutations=permutations, rng=rng)
    first = next(drawn)[:, order]
    null = np.vstack([_statistics(first, tops), *(_statistics(rows[:, order], tops) for rows in drawn)])
    auc, running, *counts = map(_tested, _statistics(ranked, tops)[0].tolist(), null.T)
    top = dict(zip(tops, counts, strict=True))
    band = np.quantile(_running(first), BAND, axis=0)
    return Enrichment(int(known.sum()), auc, running, top, _running(ranked)[0], band)


def share_of_words(
    words: Known, known: Known, strata: Strata, k: int, *, permutations: int, rng: np.random.Generator
) -> Tested:
    """Test whether more words of a vocabulary are known than permuted labels would have it; one-sided."""
    drawn = permuted(known, strata, k, permutations=permutations, rng=rng)
    return _tested(float((known & words).sum()), np.concatenate([(rows & words).sum(axis=1) for rows in drawn]))


def _statistics(ranked: Bool[np.ndarray, "rows kmers"], tops: Sequence[int]) -> Float64[np.ndarray, "rows statistics"]:
    """AUC, peak of the running sum, and known k-mers in every top, of labels in the order of their rank."""
    kmers, known = ranked.shape[1], ranked.sum(axis=1)
    mean_rank = ranked @ np.arange(1.0, kmers + 1) / known
    auc = 1 - (mean_rank - (known + 1) / 2) / (kmers - known)
    counts = [ranked[:, :top].sum(axis=1) for top in tops]
    return np.stack([auc, _running(ranked).max(axis=1), *counts], axis=1).astype(np.float64)


def _running(ranked: Bool[np.ndarray, "rows kmers"]) -> Float64[np.ndarray, "rows kmers"]:
    known = ranked.sum(axis=1, keepdims=True)
    return np.cumsum(np.where(ranked, 1 / known, -1 / (ranked.shape[1] - known)), axis=1)


def _tested(observed: float, null: np.ndarray) -> Tested:
    """Phipson and Smyth's permutation p: the observed labels are one of the permutations."""
    p = (1 + (null >= observed - 1e-12).sum()) / (1 + len(null))
    return Tested(observed, float(null.mean()), float(p))
