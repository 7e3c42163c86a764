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
PRINTED: Final = ("table3.csv", "table6.csv")

Printed = dict[tuple[str, str], list[int]]  # (motif, k-mer or "") -> ranks as printed


class MotifRank(NamedTuple):
    """One k-mer of one motif in one ranking; the fields are the header of ``consensus.csv``."""

    ranking: str
    motif: str
    core: str
    kmer: str
    fits: bool  # the k-mer agrees with the whole consensus, its lower-case letters included
    rank: int
    of: int  # k-mers of the ranking
    paper: int | None  # rank that the paper prints in this place


def core_of(motif: str) -> str:
    """The core of a motif."""
    return _core(motif)[1]


def _core(motif: str) -> tuple[int, str]:
    """Where the core begins, and the core: the longest run of capitals that are bases, the first of equally long ones.

    A run below ``SHORT`` bases takes in the capitals beyond one letter other than n, which becomes ``.``, any base:
    Table 6 looks yyCCAGrGn up as CCAG.G (the ranks that it prints are those of CCAGGG, CCAGAG, CCAGTG, CCAGCG).

    Raises:
        ValueError: If a letter is not IUPAC, or there is no capital A, C, G or T.
    """
    bare = motif.rstrip("*")
    consensus_matrix(bare)
    runs = list(re.finditer(f"[{BASES}]+", bare))
    if not runs:
        raise ValueError(f"A motif needs a core in capitals, as in nTATAAAr; found {motif!r}.")
    best = max(runs, key=lambda run: len(run[0]))
    if len(best[0]) < SHORT:
        wider = re.finditer(f"[{BASES}]+(?:[a-mo-z][{BASES}]+)*", bare)
        best = next(run for run in wider if run.start() <= best.start() < run.end())
    return best.start(), re.sub("[a-z]", ".", best[0])


def kmers_of(core: str, k: int) -> list[str]:
    """Every k-mer inside a core of bases, in its order; for a shorter core or one with gaps, all that fit it."""
    if len(core) >= k and "." not in core:
        return list(dict.fromkeys(core[start : start + k] for start in range(len(core) - k + 1)))
    size = min(k, len(core))
    windows = "|".join(core[start : start + size] for start in range(len(core) - size + 1))
    return [kmer for kmer in kmer_table(k) if re.search(windows, kmer)]


def fits(kmer: str, motif: str) -> bool:
    """Whether a k-mer agrees with the letters around the core too, where its own core lies on the motif's."""
    bare, (ahead, core) = motif.rstrip("*"), _core(motif)
    if len(core) >= len(kmer) and "." not in core:
        return kmer in core
    allowed = consensus_matrix(bare) > 0
    overlaps = range(min(0, len(kmer) - len(core)), max(1, len(kmer) - len(core) + 1))
    return any(
        all(
            allowed[ahead - start + place, BASES.index(base)]
            for place, base in enumerate(kmer)
            if 0 <= ahead - start + place < len(bare)
        )
        for start in overlaps
        if start < 0 or re.match(core[: len(kmer)], kmer[start:])
    )


def motif_ranks(name: str, ranking: Ranking, motif: str, printed: Printed) -> list[MotifRank]:
    """The rows of one motif in one ranking.

    A core of k bases or more has a row for each of its k-mers; a shorter one, or one with gaps, for the ``SHOWN``
    best-ranked k-mers that hold it, whose printed ranks the paper lists in the same order without naming the k-mers.
    """
    core = core_of(motif)
    kmers = kmers_of(core, ranking.k)
    rank = {kmer: int(ranking.rank[kmer_code(kmer)]) for kmer in kmers}
    if len(core) < ranking.k or "." in core:
        kmers = sorted(kmers, key=rank.__getitem__)[:SHOWN]
        places = dict(enumerate(printed.get((motif, ""), [])))
        paper = [places.get(place) for place in range(len(kmers))]
    else:
        paper = [printed.get((motif, kmer), [None])[0] for kmer in kmers]
    return [
        MotifRank(name, motif, core, kmer, fits(kmer, motif), rank[kmer], len(ranking.rank), shown)
        for kmer, shown in zip(kmers, paper, strict=True)
    ]


def consensus_table(rankings: Mapping[str, Ranking], motifs: Sequence[str], printed: Printed) -> list[MotifRank]:
    """The rows of every motif, ranking by ranking."""
    pairs = [(name, ranking, motif) for name, ranking in rankings.items() for motif in motifs]
    return [row for name, ranking, motif in pairs for row in motif_ranks(name, ranking, motif, printed)]


def read_printed(folder: Path) -> Printed:
    """Ranks that the paper prints, from its tables in this folder; nothing if they are not there."""
    printed: Printed = {}
    for path in (folder / name for name in PRINTED if (folder / name).is_file()):
        with path.open(newline="", encoding="utf-8") as file:
            found: Printed = {}
            for row in csv.DictReader(file):
                found.setdefault((row["motif"], row["kmer"]), []).append(int(row["rank"]))
        printed |= found
    return printed
