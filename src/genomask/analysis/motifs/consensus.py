"""From a consensus to the ranks of its k-mers, as Tables 3 and 6 of the paper do it (Sec. 6.3)."""

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from genomask.alphabet import BASES, kmer_code, kmer_table
from genomask.analysis.motifs.matrix import consensus_matrix
from genomask.ranking.table import Ranking

SHOWN: Final = 5  # k-mers that are listed for a core shorter than k (Table 3)
SHORT: Final = 5  # a run of capitals below this is not a core by itself

Printed = dict[tuple[str, str], list[int]]  # (motif, k-mer or "") -> ranks as printed


class MotifRank(NamedTuple):
    """One k-mer of one motif in one ranking; the fields are the header of ``consensus.csv``."""

    ranking: str
    motif: str
    core: str
    kmer: str
    rank: int
    of: int  # k-mers of the ranking
    paper: int | None  # rank that the paper prints in this place


def core_of(motif: str) -> str:
    """The core of a motif: the first of the longest runs of capitals that are bases.

    A run below ``SHORT`` bases takes in the capitals beyond one letter other than n, which becomes ``.``, any base:
    Table 6 looks yyCCAGrGn up as CCAG.G. ValueError if a letter is not IUPAC, or there is no capital base.
    """
    bare = motif.rstrip("*")
    consensus_matrix(bare)
    best = max(re.finditer(f"[{BASES}]+", bare), key=lambda run: len(run[0]), default=None)
    if best is None:
        raise ValueError(f"A motif needs a core in capitals, as in nTATAAAr; found {motif!r}.")
    if len(best[0]) < SHORT:
        wider = re.finditer(f"[{BASES}]+(?:[a-mo-z][{BASES}]+)*", bare)
        best = next(run for run in wider if run.start() <= best.start() < run.end())
    return re.sub("[a-z]", ".", best[0])


def kmers_of(core: str, k: int) -> list[str]:
    """Every k-mer inside a core of bases, in its order; for a shorter core or one with gaps, all that fit it."""
    size = min(k, len(core))
    windows = list(dict.fromkeys(core[start : start + size] for start in range(len(core) - size + 1)))
    if size == k and "." not in core:
        return windows
    return [kmer for kmer in kmer_table(k) if re.search("|".join(windows), kmer)]


def motif_ranks(name: str, ranking: Ranking, motif: str, printed: Printed) -> list[MotifRank]:
    """A row for each k-mer of a motif's core; of a shorter core, or one with gaps, for the ``SHOWN`` best-ranked k-mers
    that hold it, whose ranks the paper prints in the same order without naming the k-mers.
    """
    core = core_of(motif)
    rank = {kmer: int(ranking.rank[kmer_code(kmer)]) for kmer in kmers_of(core, ranking.k)}
    if len(core) < ranking.k or "." in core:
        best = sorted(rank, key=rank.__getitem__)[:SHOWN]
        paper = dict(zip(best, printed.get((motif, ""), []), strict=False))
    else:
        best, paper = list(rank), {kmer: printed[motif, kmer][0] for kmer in rank if (motif, kmer) in printed}
    of = len(ranking.rank)
    return [MotifRank(name, motif, core, kmer, rank[kmer], of, paper.get(kmer)) for kmer in best]


def consensus_table(rankings: Mapping[str, Ranking], motifs: Sequence[str], printed: Printed) -> list[MotifRank]:
    """The rows of every motif, ranking by ranking."""
    pairs = [(name, ranking, motif) for name, ranking in rankings.items() for motif in motifs]
    return [row for name, ranking, motif in pairs for row in motif_ranks(name, ranking, motif, printed)]


def read_printed(folder: Path) -> Printed:
    """Ranks that the paper prints, from its tables in this folder; nothing if they are not there."""
    printed: Printed = {}
    for path in (folder / name for name in ("table3.csv", "table6.csv") if (folder / name).is_file()):
        with path.open(newline="", encoding="utf-8") as file:
            found: Printed = {}
            for row in csv.DictReader(file):
                found.setdefault((row["motif"], row["kmer"]), []).append(int(row["rank"]))
        printed |= found
    return printed
