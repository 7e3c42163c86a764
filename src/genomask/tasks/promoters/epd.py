"""What EPDnew publishes: start sites as BED, motifs, and sequences as FASTA."""

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import UInt8

from genomask.alphabet import encode
from genomask.genome.reader import read_fasta
from genomask.tasks.readers import Faults, dna
from genomask.text_files import read_lines, whole_number

UPSTREAM_IN_BED: Final = 49  # bases of an item of EPDnew's BED files that lie before the start site
ITEM_IN_BED: Final = 60
TATA, NO_TATA, UNKNOWN = "TATA", "non-TATA", "unknown"


class StartSite(NamedTuple):
    """A transcription start site: ``position`` counts from 0."""

    name: str
    record: str
    position: int
    strand: str


def read_start_sites(path: Path) -> list[StartSite]:
    """Read EPDnew's BED file, gzipped or not.

    The start site of an item is the first base of its thick part as its strand is read; items without
    one are single bases, or have EPDnew's 60 bases with 49 before the start site.

    Raises:
        ValueError: Naming file and line of the first ten that are anything else, and their number.
    """
    sites, faults, rows = [], Faults(), 0
    for number, line in read_lines(path):
        words = line.split()
        if not words or words[0].startswith(("#", "track", "browser")):
            continue
        rows += 1
        try:
            sites.append(_start_site(words))
        except (ValueError, LookupError):
            needed = "chromosome, start, end, name, score and strand"
            faults.add(path, number, f"not {needed} of a start site: {line.strip()[:80]!r}")
    faults.check(rows)
    if not sites:
        raise ValueError(f"{path} has no start sites.")
    return sites


def read_tata(path: Path) -> dict[str, str]:
    """Read which promoters have a TATA box: EPDnew's table of motifs, or any with such a column.

    Raises:
        ValueError: If the first line names no column that begins with TATA; or naming the first ten lines that have
            no 0 or 1 there or repeat a promoter, and their number.
    """
    lines = read_lines(path)
    first = next(lines, None)
    header = first.text.lstrip("#").split() if first else []
    columns = [place for place, word in enumerate(header) if word.upper().startswith("TATA")]
    if len(columns) != 1:
        raise ValueError(f"{path} line 1 needs one column TATA-box; found {' '.join(header)[:80]!r}.")
    kinds, faults, rows = {}, Faults(), 0
    for number, line in lines:
        words = line.split()
        rows += bool(words)
        if words and (len(words) <= columns[0] or words[columns[0]] not in ("0", "1")):
            faults.add(path, number, f"TATA-box must be 0 or 1 in {line.strip()[:80]!r}")
        elif words and words[0] in kinds:
            faults.add(path, number, f"a line before this one is about {words[0]!r} already")
        elif words:
            kinds[words[0]] = TATA if words[columns[0]] == "1" else NO_TATA
    faults.check(rows)
    return kinds


def read_export(path: Path) -> list[UInt8[np.ndarray, " _bases"]]:
    """Read promoter sequences: EPD's FASTA export, or one sequence a line, gzipped or not.

    Raises:
        ValueError: If the file is neither.
    """
    first = next(read_lines(path), None)
    if first and first.text.startswith(">"):
        return [bases for _, bases in read_fasta(path)]
    found, faults, rows = [], Faults(), 0
    for number, text in ((number, line.strip()) for number, line in read_lines(path) if line.strip()):
        rows += 1
        try:
            found.append(encode(dna(text)))
        except ValueError as error:
            faults.add(path, number, str(error))
    faults.check(rows)
    return found


def _start_site(words: list[str]) -> StartSite:
    record, name, strand = words[0], words[3], words[5]
    start, stop = whole_number(words[1]), whole_number(words[2])
    if len(words) >= 8:
        start, stop = whole_number(words[6]), whole_number(words[7])
        if start >= stop:
            raise ValueError
    elif stop - start == ITEM_IN_BED:
        start, stop = start + UPSTREAM_IN_BED, stop - UPSTREAM_IN_BED
    elif stop - start != 1:
        raise ValueError
    return StartSite(name, record, {"+": start, "-": stop - 1}[strand], strand)
