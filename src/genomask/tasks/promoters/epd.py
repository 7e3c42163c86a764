"""Promoters of 300 bases, from what EPDnew publishes: start sites as BED, motifs, and sequences as FASTA."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import UInt8

from genomask.alphabet import OTHER, encode
from genomask.genome.assembly import NOT_ACGT, cut
from genomask.genome.encoded import EncodedGenome
from genomask.genome.names import listed
from genomask.genome.places import Place, bed_cells
from genomask.tasks.readers import Names, Needs, read_rows
from genomask.tasks.records import Faults
from genomask.text_files import read_lines, whole_number

FIRST: Final = -249  # position of a promoter's first base; the start site is position 0 (Sec. 5.1)
PROMOTER_BASES: Final = 300
SHORT: Final = "that do not reach from -249 to +50"
UPSTREAM_IN_BED: Final = 49  # bases of an item of EPDnew's BED files that lie before the start site
ITEM_IN_BED: Final = 60
TATA, NO_TATA, UNKNOWN = "TATA", "non-TATA", "unknown"


class StartSite(NamedTuple):
    """A transcription start site: ``position`` counts from 0."""

    name: str
    record: str
    position: int
    strand: str


class Promoters(NamedTuple):
    """Promoters of 300 bases, their kinds, their places if known, and how many were left out and why."""

    bases: UInt8[np.ndarray, "rows bases"]
    kinds: list[str]
    places: list[Place] | None
    left_out: Counter[str]


def read_start_sites(path: Path) -> list[StartSite]:
    """Read EPDnew's BED file, gzipped or not.

    The start site of an item is the first base of its thick part as its strand is read; items without
    one are single bases, or have EPDnew's 60 bases with 49 before the start site.

    Raises:
        ValueError: Naming file and line of the first ten that are anything else, and their number.
    """
    sites, faults, rows = [], Faults(), 0
    for number, cells in bed_cells(read_lines(path)):
        rows += 1
        try:
            sites.append(_start_site(cells))
        except (ValueError, LookupError):
            needed = "chromosome, start, end, name, score and strand"
            faults.add(path, number, f"not {needed} of a start site: {' '.join(cells)[:80]!r}")
    faults.check(rows)
    if not sites:
        raise ValueError(f"{path} has no start sites.")
    return sites


def _start_site(cells: list[str]) -> StartSite:
    record, name, strand = cells[0], cells[3], cells[5]
    start, stop = map(whole_number, cells[1:3])
    if len(cells) >= 8:
        start, stop = map(whole_number, cells[6:8])
        if start >= stop:
            raise ValueError
    elif stop - start == ITEM_IN_BED:
        start, stop = start + UPSTREAM_IN_BED, stop - UPSTREAM_IN_BED
    elif stop - start != 1:
        raise ValueError
    return StartSite(name, record, {"+": start, "-": stop - 1}[strand], strand)


def read_tata(path: Path) -> dict[str, str]:
    """Read which promoters have a TATA box: EPDnew's table of motifs, or any with such a column. Raises ValueError if
    the first line names no column that begins with TATA; or naming the first ten lines that have no 0 or 1 there or
    repeat a promoter, and their number."""
    lines = ((number, text.lstrip("#").split()) for number, text in read_lines(path) if text.strip())
    header = next(lines, (1, []))[1]
    columns = [place for place, word in enumerate(header) if word.upper().startswith("TATA")]
    if len(columns) != 1:
        raise ValueError(f"{path} line 1 needs one column TATA-box; found {' '.join(header)[:80]!r}.")
    kinds, faults, rows = {}, Faults(), 0
    for number, words in lines:
        rows += 1
        if words[columns[0] : columns[0] + 1] not in (["0"], ["1"]):
            faults.add(path, number, f"TATA-box must be 0 or 1 in {' '.join(words)[:80]!r}")
        elif words[0] in kinds:
            faults.add(path, number, f"a line before this one is about {words[0]!r} already")
        else:
            kinds[words[0]] = TATA if words[columns[0]] == "1" else NO_TATA
    faults.check(rows)
    return kinds


def read_export(path: Path) -> list[UInt8[np.ndarray, " _bases"]]:
    """Read promoter sequences: EPD's FASTA export, or one sequence a line, gzipped or not."""
    rows = read_rows(path, Names(columns=["sequence"]), Needs(label="1")).rows
    return [encode(row.sequence) for row in rows]


def cut_promoters(
    sites: Sequence[StartSite], kinds: Mapping[str, str], genome: EncodedGenome, assembly: str | None
) -> Promoters:
    """Cut -249..+50 around every start site that the genome holds. Raises ValueError if the genome is not of that
    assembly, or holds no promoter whole."""
    before, behind = -FIRST, FIRST + PROMOTER_BASES  # bases before the start site, and from it on
    places = []
    for _, record, at, strand in sites:
        start, stop = (at - before, at + behind) if strand == "+" else (at - behind + 1, at + before + 1)
        places.append(Place(record, start, stop, strand))
    pieces, left_out = cut(genome, places, assembly)
    whole = [row for row, piece in enumerate(pieces) if piece is not None]
    if not whole:
        lost = said(left_out)
        raise ValueError(f"The genome ({listed(genome.names)}) holds none of {len(sites)} promoters: {lost}.")
    bases = np.stack([piece for piece in pieces if piece is not None])
    chosen = [kinds.get(sites[row].name, UNKNOWN) for row in whole]
    return _ordered(bases, chosen, [places[row] for row in whole], left_out)


def cut_exports(paths: Sequence[Path], export_start: int) -> Promoters:
    """Take -249..+50 out of exported sequences; a file's place in the list is its kind. Raises ValueError if a file is
    not a list of sequences, or none of them reaches that far."""
    begin, left_out = FIRST - export_start, Counter[str]()
    found, kinds = list[UInt8[np.ndarray, " _bases"]](), list[str]()
    for number, path in enumerate(paths, start=1):
        for sequence in read_export(path):
            promoter = sequence[begin : begin + PROMOTER_BASES] if begin >= 0 else sequence[:0]
            if len(promoter) < PROMOTER_BASES or (promoter == OTHER).any():
                left_out[SHORT if len(promoter) < PROMOTER_BASES else NOT_ACGT] += 1
            else:
                found.append(promoter)
                kinds.append(f"file {number}")
    if not found:
        raise ValueError(
            f"task.positives needs sequences from {FIRST} to +{FIRST + PROMOTER_BASES - 1} around the start "
            f"site; if they begin at task.export_start={export_start}, none is one: {said(left_out)}."
        )
    return _ordered(np.stack(found), kinds, None, left_out)


def said(left_out: Counter[str]) -> str:
    """What was left out, for a message."""
    return ", ".join(f"{count:,} {reason}" for reason, count in left_out.items()) or "none"


def _ordered(
    bases: UInt8[np.ndarray, "rows bases"], kinds: list[str], places: list[Place] | None, left_out: Counter[str]
) -> Promoters:
    """Put promoters in an order that does not depend on that of their files."""
    order = sorted(range(len(bases)), key=lambda row: (bases[row].tobytes(), places[row] if places else row))
    in_order = [places[row] for row in order] if places else None
    return Promoters(bases[order], [kinds[row] for row in order], in_order, left_out)
