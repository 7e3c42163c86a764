"""The ranked list of all k-mers (RANK in Sec. 4.1), and the CSV that carries it, wherever that comes from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from genomask.alphabet import encode, kmer_table
from genomask.checks import require, require_choice
from genomask.files import write_csv
from genomask.genome.sequences import kmer_codes
from genomask.ranking.csv_table import COUNT, KMER, SCORE, read_csv, refuse_repeats, row_error
from genomask.ranking.pmi import RARE_COUNT, SCORERS, normalized_pmi, settle_ties
from genomask.seeds import generator

COLUMNS: Final = {"rank": COUNT, "kmer": KMER, "count": COUNT, "pmi": SCORE, "normalized_pmi": SCORE}


@dataclass
class RankingSettings:
    """How the k-mers of a genome are ranked: k, the score (``eq1`` or ``released``) and c of Eq. 2.

    ``permute`` is the control of the score: ``all`` hands the ranks to other k-mers, once, as ``permute_seed`` draws;
    ``gc`` does so among k-mers with as many G and C.
    """

    k: int = 6  # Sec. 3
    mode: str = "eq1"
    rare_count: int = RARE_COUNT
    permute: str = "no"
    permute_seed: int = 0

    def __post_init__(self) -> None:
        require(2 <= self.k <= 10, "ranking.k", "a length from 2 to 10", self.k)
        require_choice(self.mode, "ranking.mode", tuple(SCORERS))
        require_choice(self.permute, "ranking.permute", ("no", "all", "gc"))
        require(self.permute_seed >= 0, "ranking.permute_seed", "at least 0", self.permute_seed)
        require(self.rare_count >= 2, "ranking.rare_count", "at least 2 occurrences", self.rare_count)


@dataclass(frozen=True, eq=False)
class Ranking:
    """All k-mers by base-4 code; rank 1 has the highest normalized PMI, ranks are 1..4**k."""

    k: int
    rank: Int64[np.ndarray, " kmers"]
    count: Int64[np.ndarray, " kmers"]
    pmi: Float64[np.ndarray, " kmers"]
    normalized_pmi: Float64[np.ndarray, " kmers"]


def rank_kmers(
    counts: Sequence[Int64[np.ndarray, " _kmers"]], *, k: int = 6, rare_count: int = RARE_COUNT, mode: str = "eq1"
) -> Ranking:
    """Rank all k-mers by normalized PMI; equal ones follow the order of their letters. Counts are as for ``pmi``."""
    RankingSettings(k=k, mode=mode, rare_count=rare_count)
    require(len(counts) >= k, "A ranking", f"counts for n = 1..{k}", f"{len(counts)} table(s)")
    score = SCORERS[mode](counts[:k])
    normalized = settle_ties(normalized_pmi(score, counts[k - 1], rare_count=rare_count))
    rank = np.empty(4**k, dtype=np.int64)
    rank[np.lexsort((np.array(kmer_table(k)), -normalized))] = np.arange(1, 4**k + 1)
    return Ranking(k, rank, counts[k - 1], score, normalized)


def permuted(ranking: Ranking, *, within: str, seed: int) -> Ranking:
    """The ranking with its ranks handed to other k-mers, among ``all`` or (``gc``) among those with as many G and C."""
    codes = np.arange(4**ranking.k)
    strong = sum(codes >> 2 * place + 1 & 1 for place in range(ranking.k))  # C and G are 2 and 3
    classes = strong if within == "gc" else np.zeros_like(codes)
    rank, draw = ranking.rank.copy(), generator(seed, "permuted ranking", within)
    for number in np.unique(classes):
        members = np.flatnonzero(classes == number)
        rank[members] = ranking.rank[draw.permutation(members)]
    return replace(ranking, rank=rank)


def scores_by_rank(ranking: Ranking) -> Float64[np.ndarray, " kmers"]:
    """Normalized PMI of every k-mer's rank, by code: its own, unless the ranks were handed to other k-mers."""
    return np.sort(ranking.normalized_pmi)[::-1][ranking.rank - 1]


def identity_ranking(k: int) -> Ranking:
    """Rank every k-mer by its code: a stand-in where no genome has been counted yet."""
    zeros = np.zeros(4**k)
    return Ranking(k, np.arange(1, 4**k + 1), np.zeros(4**k, dtype=np.int64), zeros, zeros)


def write_ranking(ranking: Ranking, path: Path) -> None:
    """Write ``rank,kmer,count,pmi,normalized_pmi``, best rank first."""
    kmers = np.array(kmer_table(ranking.k))
    columns = (ranking.rank, kmers, ranking.count, ranking.pmi, ranking.normalized_pmi)
    order = np.argsort(ranking.rank)
    write_csv(path, COLUMNS, zip(*(column[order].tolist() for column in columns), strict=True))


def read_ranking(path: Path) -> Ranking:
    """Read a ranking, its rows in any order; ValueError, with the line, if a k-mer or rank is wrong or absent."""
    columns = read_csv(path, COLUMNS)
    kmers = columns["kmer"]
    k = len(kmers[0])
    for index, (kmer, rank) in enumerate(zip(kmers, columns["rank"], strict=True)):
        if len(kmer) != k:
            raise row_error(path, index, f"a {k}-mer, as in line 2", kmer)
        if not 1 <= rank <= 4**k:
            raise row_error(path, index, f"a rank from 1 to {4**k}", rank)
    for name in ("kmer", "rank"):
        refuse_repeats(path, name, columns[name])
    require(len(kmers) == 4**k, str(path), f"one row for each of the {4**k} {k}-mers", len(kmers))

    by_code = np.argsort(kmer_codes(encode("".join(kmers)), k)[::k])
    rank, count = (np.array(columns[name], dtype=np.int64)[by_code] for name in ("rank", "count"))
    score, normalized = (np.array(columns[name])[by_code] for name in ("pmi", "normalized_pmi"))
    return Ranking(k, rank, count, score, normalized)
