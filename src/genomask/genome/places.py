"""Stretches of records: those that a BED file lists, and those that the rows of a benchmark come from."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from genomask.checks import shown
from genomask.text_files import Line, read_lines, whole_number, wrong_line

STRANDS: Final = ("+", "-")
_BED_COLUMNS: Final = "chromosome, start, stop, name, score, strand"
_NOT_AN_INTERVAL: Final = re.compile(r"\s*(#|(track|browser)( |$)|$)")  # as UCSC's specification has it
_REGION: Final = re.compile(r"(\S+):(\d[\d,]{0,17})-(\d[\d,]{0,17})", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


class Place(NamedTuple):
    """A stretch of a record: ``start`` is 0-based, ``stop`` exclusive, ``strand`` is ``+`` or ``-``. The negative of a
    promoter has its promoter's place, as the parts that it keeps lie there."""

    record: str
    start: int
    stop: int
    strand: str


class Interval(NamedTuple):
    """A line of a BED file: its number, the place, and the name and score, if it has them."""

    line: int
    place: Place
    name: str | None
    score: float | None


def parse_place(record: str, start: str, stop: str, strand: str = "+") -> Place:
    """A place from the cells of a table. Raises ValueError if it is none; the message does not name file and line."""
    try:
        place = Place(record.strip(), whole_number(start.strip()), whole_number(stop.strip()), strand.strip())
    except ValueError:
        raise ValueError(f"start and stop must be whole numbers from 0, not {start!r} and {stop!r}") from None
    if not place.record or place.start >= place.stop:
        raise ValueError(f"a place has a record, and a start before its stop, unlike {record!r}, {start}, {stop}")
    if place.strand not in STRANDS:
        raise ValueError(f"the strand must be + or -, not {strand!r}")
    return place


def parse_region(text: str) -> Place:
    """The place of a region as UCSC and samtools write it: ``chr1:1,001-2,000``, 1-based, both ends included."""
    parts = _REGION.fullmatch(text)
    if not parts:
        raise ValueError(f"a region is written NAME:START-STOP, such as chr1:1,001-2,000, not {shown(text)}")
    start, stop = (int(number.replace(",", "")) for number in parts.groups()[1:])
    if not 1 <= start <= stop:
        raise ValueError(f"the positions of a region count from 1, and it starts before it stops, unlike {text}")
    return Place(parts[1], start - 1, stop, "+")


def bed_cells(lines: Iterable[Line]) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells, divided by tabs or else by blanks, of every line of a BED file that is an interval."""
    for number, text in lines:
        if not _NOT_AN_INTERVAL.match(text):
            yield number, [cell.strip() for cell in (text.split("\t") if "\t" in text else text.split())]


def read_bed(path: Path) -> Iterator[Interval]:
    """Yield the intervals of a BED file; one without a strand is on ``+``. Raises ValueError naming file and line."""
    for number, cells in bed_cells(read_lines(path)):
        try:
            yield _interval(number, cells)
        except ValueError as error:
            raise wrong_line(path, number, str(error)) from None


def _interval(line: int, cells: list[str]) -> Interval:
    if len(cells) < 3:
        raise ValueError(f"an interval needs a chromosome, a start and a stop in whole numbers, not {cells}")
    name, score, strand = (*cells[3:6], "", "", "")[:3]
    if strand not in (*STRANDS, ".", ""):
        raise ValueError(f"a strand is +, - or .; column 6 has {strand!r}")
    astray = next((number for number, cell in enumerate(cells, start=1) if cell in STRANDS), None)
    if astray and strand not in STRANDS:
        raise ValueError(f"the strand is in column {astray}; it belongs in column 6 ({_BED_COLUMNS})")
    place = parse_place(cells[0], cells[1], cells[2], strand if strand in STRANDS else "+")
    return Interval(line, place, name or None, float(score) if _NUMBER.fullmatch(score) else None)
