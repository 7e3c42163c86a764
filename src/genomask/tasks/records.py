"""Records of labelled files, whatever their format: tables, JSON, Parquet, FASTA, BED; plain or packed."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from genomask.checks import one_line
from genomask.genome.places import bed_cells
from genomask.text_files import Line, read_cells, read_lines, wrong_line

BED_COLUMNS: Final = ("chrom", "start", "end", "name", "score", "strand")
PEAK_COLUMNS: Final = (*BED_COLUMNS, "signal", "p_value", "q_value", "peak")  # narrowPeak; broadPeak lacks the last
FASTA_COLUMNS: Final = ("header", "sequence")
KINDS: Final = {  # of a file, by its ending without that of its packing; what it holds decides between the others
    "table": ("csv", "tsv", "txt"),
    "json": ("json", "jsonl", "ndjson"),
    "parquet": ("parquet", "pq"),
    "fasta": ("fa", "fasta", "fna", "fas", "ffn"),
    "bed": ("bed", "narrowpeak", "broadpeak"),
}
MOST_FAULTS: Final = 10  # that a message shows
PACKED: Final = ("gz", "bgz", "zst")
_PARQUET: Final = b"PAR1"
_DNA_CELL: Final = re.compile(r"[ACGTUN ]{6,}", re.IGNORECASE)

Raw = TypeVar("Raw")
Item = TypeVar("Item")


class Record(NamedTuple):
    """A row: its line (its number in Parquet and in JSON arrays), its cells by column, or why it has none."""

    line: int
    cells: dict[str, Any]
    problem: str = ""


class Records(NamedTuple):
    """The columns of a file, and its records one by one."""

    columns: tuple[str, ...]
    rows: Iterator[Record]


def convert_rows(rows: Iterable[tuple[Path, int, Raw]], make: Callable[[Raw], Item]) -> list[Item]:
    """Make something of every row; ValueError with the first ten rows that ``make`` refuses, and their number."""
    found, faults, total = list[Item](), list[tuple[Path, int, str]](), 0
    for total, (path, line, given) in enumerate(rows, start=1):  # noqa: B007  (the message has it)
        try:
            found.append(make(given))
        except ValueError as error:
            faults.append((path, line, str(error)))
    if len(faults) == 1:
        raise wrong_line(*faults[0])
    if faults:
        one_file = len({path for path, _, _ in faults}) == 1
        shown = ((path, f"line {line}: {why[:60]}") for path, line, why in faults[:MOST_FAULTS])
        first = [what if one_file else f"{path}, {what}" for path, what in shown]
        more = f"; and {len(faults) - MOST_FAULTS:,} more" if len(faults) > MOST_FAULTS else ""
        where = f"{faults[0][0]}: " if one_file else ""
        raise ValueError(f"{where}{len(faults):,} of {total:,} rows cannot be read. {'; '.join(first)}{more}.")
    return found


def kind_of(path: Path) -> str | None:
    """Which of ``KINDS`` a file is, by its name; None if that does not say."""
    words = path.name.lower().split(".")
    ending = words[-2] if len(words) > 2 and words[-1] in PACKED else words[-1]
    return next((kind for kind, endings in KINDS.items() if ending in endings), None)


def parts_of(folder: Path) -> list[Path]:
    """The files of a folder that may hold records, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.is_file() and kind_of(path) and path.name[0] not in "._")


def read_records(path: Path, columns: Sequence[str] = ()) -> Records:
    """Open a file of records, or a folder with the parts of one; ``columns`` are those of a table without a header.
    Raises FileNotFoundError; ValueError naming file and line, if it is damaged, empty, or has no header."""
    if path.is_dir():
        parts = [read_records(part, columns) for part in parts_of(path)]
        if len({part.columns for part in parts}) != 1:
            raise ValueError(f"{path} must hold files of the same columns, one or more; it has {len(parts)} files.")
        return Records(parts[0].columns, chain.from_iterable(part.rows for part in parts))
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    with path.open("rb") as file:
        if file.read(len(_PARQUET)) == _PARQUET:
            return _parquet(path)
    lines = read_lines(path)
    first = next((line for line in lines if line.text.strip()), None)
    if first is None:
        raise ValueError(f"{path} is empty.")
    lines = chain([first], lines)
    if first.text.startswith(">"):
        return Records(FASTA_COLUMNS, _fasta(lines))
    if first.text.lstrip().startswith(("{", "[")):
        return _json(path, lines)
    return _bed(path, lines, columns) if kind_of(path) == "bed" else _table(path, lines, columns)


def _table(path: Path, lines: Iterator[Line], columns: Sequence[str]) -> Records:
    first = next(lines)
    separator = "\t" if "\t" in first.text else max(",;", key=first.text.count)
    rows = read_cells(path, chain([first], lines), separator=separator)
    line, header = next(rows)
    if columns:
        return _named(columns, chain([(line, header)], rows))
    if any(_DNA_CELL.fullmatch(cell.strip()) for cell in header):
        raise ValueError(
            f"{path} has no header: line {line} begins {one_line(first.text[:60])}. Name its {len(header)} columns, "
            "for instance task.columns=[sequence,label]."
        )
    return _named([name.strip().lstrip("#") for name in header], rows)


def _bed(path: Path, lines: Iterator[Line], columns: Sequence[str]) -> Records:
    """A BED file: as its specification says, or with a first line that names the columns (as BEND's files)."""
    rows = bed_cells(lines)
    first = next(rows, None)
    if first is None:
        raise ValueError(f"{path} has no intervals.")
    cells = first[1]
    if not columns and len(cells) > 1 and not cells[1].isdecimal():
        return _named([name.lstrip("#") for name in cells], rows)
    names = columns or [*PEAK_COLUMNS, *map(str, range(len(PEAK_COLUMNS), len(cells)))]
    return _named(names[: len(cells)], chain([first], rows))


def _named(columns: Sequence[str], rows: Iterator[tuple[int, list[str]]]) -> Records:
    names = tuple(name.lower() for name in columns)

    def records() -> Iterator[Record]:
        for line, cells in rows:
            if len(cells) == len(names):
                yield Record(line, dict(zip(names, cells, strict=True)))
            else:
                yield Record(line, {}, f"the row has {len(cells)} columns, the header {len(names)}")

    return Records(names, records())


def _fasta(lines: Iterator[Line]) -> Iterator[Record]:
    """The records of a FASTA file; a record's line is that of its header."""
    header, text = next(lines), list[str]()
    for line in chain(lines, [Line(0, ">")]):
        if line.text.startswith(">"):
            yield Record(header.number, {"header": header.text[1:].strip(), "sequence": "".join(text)})
            header, text = line, []
        else:
            text.append(line.text.strip())


def _json(path: Path, lines: Iterator[Line]) -> Records:
    """An object on each line, or one array of objects in the whole file."""
    first = next(lines)
    if first.text.lstrip().startswith("["):
        values, problem, line = _parsed("\n".join([first.text, *(line.text for line in lines)]))
        found = ((number, value, "") for number, value in enumerate(values or [], start=1))
    else:
        head, problem, line = _parsed(first.text)
        rest = ((line.number, *_parsed(line.text)[:2]) for line in lines if line.text.strip())
        found = chain([(first.number, head, "")], rest)
    if problem:
        raise wrong_line(path, first.number + line, problem)
    number, head, _ = next(found, (1, None, ""))
    if not isinstance(head, dict):
        raise ValueError(f"{path} must hold JSON objects with a sequence and a label: an array, or one per line.")
    names = tuple(map(str, head))

    def record(number: int, one: Any, problem: str) -> Record:
        if isinstance(one, dict) and set(names) <= set(one):
            return Record(number, {name.lower(): _cell(one[name]) for name in names})
        return Record(number, {}, problem or f"the record lacks one of {', '.join(names)}")

    rows = (record(*each) for each in chain([(number, head, "")], found))
    return Records(tuple(name.lower() for name in names), rows)


def _parsed(text: str) -> tuple[Any, str, int]:
    """What a text in JSON says; or None, what is wrong with it, and in which of its lines, from 0."""
    try:
        return json.loads(text), "", 0
    except json.JSONDecodeError as error:
        return None, f"not JSON: {error.msg}", error.lineno - 1
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets in brackets
        return None, f"not readable as JSON: {error}", 0


def _parquet(path: Path) -> Records:
    try:
        import pyarrow.parquet as pq
        from pyarrow import ArrowException
    except ImportError:
        raise ValueError(f"{path} is a Parquet file, which pyarrow reads: pip install pyarrow.") from None

    def rows() -> Iterator[Record]:
        number = 0
        try:
            found = (one for batch in file.iter_batches() for one in batch.to_pylist())
            for number, one in enumerate(found, start=1):
                yield Record(number, {name.lower(): _cell(value) for name, value in one.items()})
        except (ArrowException, OSError) as error:
            raise ValueError(f"{path} is a damaged Parquet file after row {number}: {one_line(str(error))}") from None

    try:
        file = pq.ParquetFile(path)
    except (ArrowException, OSError) as error:
        raise ValueError(f"{path} is a damaged Parquet file: {one_line(str(error))}") from None
    return Records(tuple(name.lower() for name in file.schema_arrow.names), rows())


def _cell(value: Any) -> str:
    """A value as a table would write it; the items of a list divided by semicolons."""
    if isinstance(value, list | tuple):
        return ";".join(map(_cell, value))
    if value is None:
        return ""
    whole = isinstance(value, bool) or (isinstance(value, float) and value.is_integer())
    return str(int(value)) if whole else str(value)
