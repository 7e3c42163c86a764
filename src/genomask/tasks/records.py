"""Records of labelled files, whatever their format: tables, JSON, Parquet, FASTA, BED; plain or packed."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

from genomask.checks import one_line
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
PACKED: Final = ("gz", "bgz", "zst")
_PARQUET: Final = b"PAR1"
_DNA_CELL: Final = re.compile(r"[ACGTUN ]{6,}", re.IGNORECASE)
_NOT_AN_INTERVAL: Final = re.compile(r"\s*(#|(track|browser)( |$)|$)")


class Record(NamedTuple):
    """A row: its line (its number in Parquet and in JSON arrays), its cells by column, or why it has none."""

    line: int
    cells: dict[str, Any]
    problem: str = ""


class Records(NamedTuple):
    """The columns of a file, and its records one by one."""

    columns: tuple[str, ...]
    rows: Iterator[Record]


def kind_of(path: Path) -> str | None:
    """Which of ``KINDS`` a file is, by its name; None if that does not say."""
    words = path.name.lower().split(".")
    ending = words[-2] if len(words) > 2 and words[-1] in PACKED else words[-1]
    return next((kind for kind, endings in KINDS.items() if ending in endings), None)


def read_records(path: Path, columns: Sequence[str] = (), *, separator: str | None = None) -> Records:
    """Open a file of records.

    Args:
        path: The file, or a folder with the parts of one.
        columns: Names of the columns of a table without a header.
        separator: What divides the cells of a table; None reads it from the header.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: Naming file and line, if it is damaged, empty, or has no header.
    """
    if path.is_dir():
        parts = [read_records(part, columns, separator=separator) for part in parts_of(path)]
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
    if kind_of(path) == "bed":
        return _bed(path, lines, columns)
    return _table(path, lines, columns, separator)


def parts_of(folder: Path) -> list[Path]:
    """The files of a folder that may hold records, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.is_file() and kind_of(path) and path.name[0] not in "._")


def separator_of(header: str) -> str:
    """A tab where the header has one, else the more frequent of comma and semicolon."""
    return "\t" if "\t" in header else max(",;", key=header.count)


def _table(path: Path, lines: Iterator[Line], columns: Sequence[str], separator: str | None) -> Records:
    first = next(lines)
    separator = separator or separator_of(first.text)
    rows = read_cells(path, chain([first], lines), separator=separator)
    line, header = next(rows)
    names = [name.strip().lstrip("#").lower() for name in header]
    if columns:
        names, rows = [name.lower() for name in columns], chain([(line, header)], rows)
    elif any(_DNA_CELL.fullmatch(cell.strip()) for cell in header):
        raise ValueError(
            f"{path} has no header: line {line} begins {one_line(first.text[:60])}. Name its {len(header)} columns, "
            "for instance task.columns=[sequence,label]."
        )
    return Records(tuple(names), _with_names(names, rows))


def _with_names(names: Sequence[str], rows: Iterator[tuple[int, list[str]]]) -> Iterator[Record]:
    for line, cells in rows:
        if len(cells) == len(names):
            yield Record(line, dict(zip(names, cells, strict=True)))
        else:
            yield Record(line, {}, f"the row has {len(cells)} columns, the header {len(names)}")


def _bed(path: Path, lines: Iterator[Line], columns: Sequence[str]) -> Records:
    """A BED file: as its specification says, or with a first line that names the columns (as BEND's files)."""
    kept = (line for line in lines if not _NOT_AN_INTERVAL.match(line.text))
    first = next(kept, None)
    if first is None:
        raise ValueError(f"{path} has no intervals.")
    cells = first.text.split("\t") if "\t" in first.text else first.text.split()
    if not columns and len(cells) > 1 and not cells[1].strip().isdecimal():
        return _table(path, chain([first], kept), (), None)
    names = [name.lower() for name in columns] or [*PEAK_COLUMNS, *map(str, range(len(PEAK_COLUMNS), len(cells)))]
    rows = (
        (line.number, line.text.split("\t") if "\t" in line.text else line.text.split())
        for line in chain([first], kept)
    )
    return Records(tuple(names[: len(cells)]), _with_names(names[: len(cells)], rows))


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
        (head, problem, line), rest = _parsed(first.text), (line for line in lines if line.text.strip())
        found = chain([(first.number, head, "")], ((line.number, *_parsed(line.text)[:2]) for line in rest))
    if problem:
        raise wrong_line(path, first.number + line, problem)
    number, head, _ = next(found, (1, None, ""))
    if not isinstance(head, dict):
        raise ValueError(f"{path} must hold JSON objects with a sequence and a label: an array, or one per line.")
    names = tuple(map(str, head))
    return Records(tuple(name.lower() for name in names), _objects(names, chain([(number, head, "")], found)))


def _objects(names: Sequence[str], found: Iterator[tuple[int, Any, str]]) -> Iterator[Record]:
    for number, one, problem in found:
        if isinstance(one, dict) and set(names) <= set(one):
            yield Record(number, {name.lower(): _cell(one[name]) for name in names})
        else:
            yield Record(number, {}, problem or f"the record lacks one of {', '.join(names)}")


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
    try:
        file = pq.ParquetFile(path)
    except (ArrowException, OSError) as error:
        raise ValueError(f"{path} is a damaged Parquet file: {one_line(str(error))}") from None

    def rows() -> Iterator[Record]:
        number = 0
        try:
            for batch in file.iter_batches():
                for one in batch.to_pylist():
                    number += 1
                    yield Record(number, {name.lower(): _cell(value) for name, value in one.items()})
        except (ArrowException, OSError) as error:
            raise ValueError(f"{path} is a damaged Parquet file after row {number}: {one_line(str(error))}") from None

    return Records(tuple(name.lower() for name in file.schema_arrow.names), rows())


def _cell(value: Any) -> str:
    """A value as a table would write it; the items of a list divided by semicolons."""
    if isinstance(value, list | tuple):
        return ";".join(map(_cell, value))
    if value is None:
        return ""
    whole = isinstance(value, bool) or (isinstance(value, float) and value.is_integer())
    return str(int(value)) if whole else str(value)
