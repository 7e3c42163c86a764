"""Promoters of 300 bases, from what EPDnew publishes: start sites as BED, motifs, and sequences as FASTA."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from genomask.alphabet import OTHER, encode
from genomask.genome.encoded import EncodedGenome
from genomask.genome.places import Place, bed_cells
from genomask.tasks.readers import Names, Needs, Row, Tally, read_rows
from genomask.tasks.records import convert_rows
from genomask.tasks.sources import NOT_ACGT, cut_rows
from genomask.text_files import read_lines, whole_number

FIRST: Final = -249  # position of a promoter's first base; the start site is position 0 (Sec. 5.1)
PROMOTER_BASES: Final = 300
SHORT: Final = "that do not reach from -249 to +50"
UPSTREAM_IN_BED: Final = 49  # bases of an item of EPDnew's BED files that lie before the start site
ITEM_IN_BED: Final = 60
TATA, NO_TATA, UNKNOWN = "TATA", "non-TATA", "unknown"
EXPORT: Final = Names(columns=["sequence"])  # EPD's FASTA export, or one sequence a line


class StartSite(NamedTuple):
    """A transcription start site: ``position`` counts from 0."""

    name: str
    record: str
    position: int
    strand: str


def read_start_sites(path: Path) -> list[StartSite]:
    """Read EPDnew's BED file. The start site of an item is the first base of its thick part as its strand is read;
    items without one are single bases, or have EPDnew's 60 bases with 49 before the start site."""
    sites = convert_rows(((path, number, cells) for number, cells in bed_cells(read_lines(path))), _start_site)
    if not sites:
        raise ValueError(f"{path} has no start sites.")
    return sites


def _start_site(cells: list[str]) -> StartSite:
    try:
        record, name, strand = cells[0], cells[3], cells[5]
        start, stop = map(whole_number, cells[1:3])
        fits, margin = stop - start in (1, ITEM_IN_BED), UPSTREAM_IN_BED * (stop - start == ITEM_IN_BED)
        if len(cells) >= 8:
            start, stop = map(whole_number, cells[6:8])
            fits, margin = start < stop, 0
        if not fits:
            raise ValueError
        return StartSite(name, record, {"+": start + margin, "-": stop - margin - 1}[strand], strand)
    except (ValueError, LookupError):
        needed = "chromosome, start, end, name, score and strand"
        raise ValueError(f"not {needed} of a start site: {' '.join(cells)[:80]!r}") from None


def read_tata(path: Path) -> dict[str, str]:
    """Read which promoters have a TATA box, from EPDnew's table of motifs or any with one column that begins with TATA.
    Raises ValueError naming the first ten lines that have no 0 or 1 there or repeat a promoter, and their number."""
    lines = ((path, number, text.lstrip("#").split()) for number, text in read_lines(path) if text.strip())
    header = next(lines, (path, 1, []))[2]
    columns = [place for place, word in enumerate(header) if word.upper().startswith("TATA")]
    if len(columns) != 1:
        raise ValueError(f"{path} line 1 needs one column TATA-box; found {' '.join(header)[:80]!r}.")
    kinds: dict[str, str] = {}

    def add(words: list[str]) -> None:
        if words[columns[0] : columns[0] + 1] not in (["0"], ["1"]):
            raise ValueError(f"TATA-box must be 0 or 1 in {' '.join(words)[:80]!r}")
        if words[0] in kinds:
            raise ValueError(f"a line before this one is about {words[0]!r} already")
        kinds[words[0]] = TATA if words[columns[0]] == "1" else NO_TATA

    convert_rows(lines, add)
    return kinds


def cut_promoters(
    sites: Sequence[StartSite], kinds: Mapping[str, str], genome: EncodedGenome, assembly: str | None, tally: Tally
) -> list[Row]:
    """Cut -249..+50 around every start site that the genome holds; a row's label is its kind of promoter. Raises
    ValueError if the genome is not of that assembly, or holds no promoter whole."""
    before, behind = -FIRST, FIRST + PROMOTER_BASES  # bases before the start site, and from it on
    rows = list[Row]()
    for name, record, at, strand in sites:
        start, stop = (at - before, at + behind) if strand == "+" else (at - behind + 1, at + before + 1)
        rows.append(Row(Path(), 0, "", kinds.get(name, UNKNOWN), place=Place(record, start, stop, strand)))
    return _ordered(cut_rows(rows, genome, assembly, tally))


def cut_exports(paths: Sequence[Path], export_start: int, tally: Tally) -> list[Row]:
    """Take -249..+50 out of exported sequences; the label of a row is the number of its file. Raises ValueError if a
    file is not a list of sequences, or none of them reaches that far."""
    begin, kept = FIRST - export_start, list[Row]()
    for number, path in enumerate(paths, start=1):
        for row in read_rows(path, EXPORT, Needs(label=f"file {number}")):
            promoter = row.sequence[begin : begin + PROMOTER_BASES] if begin >= 0 else ""
            if len(promoter) < PROMOTER_BASES or (encode(promoter) == OTHER).any():
                tally.leave_out(SHORT if len(promoter) < PROMOTER_BASES else NOT_ACGT)
            else:
                kept.append(row._replace(sequence=promoter))
    if not kept:
        raise ValueError(
            f"task.positives needs sequences from {FIRST} to +{FIRST + PROMOTER_BASES - 1} around the start "
            f"site; if they begin at task.export_start={export_start}, none is one: {tally.lost or 'none'}."
        )
    return _ordered(kept)


def _ordered(rows: list[Row]) -> list[Row]:
    """Put promoters in an order that does not depend on that of their files."""
    return sorted(rows, key=lambda row: (encode(row.sequence).tobytes(), row.place or 0))
