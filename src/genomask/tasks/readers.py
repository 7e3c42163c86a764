"""Read labelled sequences from the files people have: CSV, TSV, FASTA; raw or k-mers; plain or gzip."""

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path

from genomask.alphabet import decode
from genomask.genome.reader import read_fasta

Row = tuple[str, str]  # sequence, label

_SEQUENCE = re.compile(r"[ACGTUNRYSWKMBDHV]+", re.IGNORECASE)


def read_rows(path: Path) -> list[Row]:
    """Read (sequence, label) rows of a CSV or TSV file, gzipped or not.

    The first line names the columns, ``sequence`` and ``label`` among them. A sequence is raw, or its
    overlapping k-mers separated by spaces, as DNABERT writes them.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: Naming file and line, for anything that is not such a table.
    """
    try:
        with open_text(path) as handle:
            return _read_table(path, list(handle))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is cut off or corrupt: {error}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text file: {error}.") from error


def read_fasta_rows(path: Path, label: str) -> list[Row]:
    """Read the sequences of a FASTA file, gzipped or not, all with one label.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: Naming file and record, for anything that is not FASTA.
    """
    return [(decode(bases), label) for _, bases in read_fasta(path)]


def join_kmers(text: str) -> str:
    """Turn ``ATGCCA TGCCAT`` back into the sequence; raw sequences come back as they are.

    Raises:
        ValueError: If consecutive k-mers do not overlap in all but one base.
    """
    kmers = text.split()
    for left, right in pairwise(kmers):
        if len(left) != len(right) or left[1:] != right[:-1]:
            raise ValueError(f"k-mers {left!r} and {right!r} do not overlap in all but one base")
    return "".join(kmers[:1]) + "".join(kmer[-1] for kmer in kmers[1:])


def open_text(path: Path) -> TextIOWrapper:
    """Open a text file, gzipped or not.

    Raises:
        FileNotFoundError: If the file does not exist.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    with path.open("rb") as handle:
        packed = handle.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rt", encoding="utf-8-sig") if packed else path.open(encoding="utf-8-sig")


def _read_table(path: Path, lines: list[str]) -> list[Row]:
    if not lines:
        raise ValueError(f"{path} is empty; it needs a first line that names the columns sequence and label.")
    separator = "\t" if "\t" in lines[0] else ","
    table = csv.reader(lines, delimiter=separator, strict=True)
    try:
        sequence, label = _columns(path, next(table))
        return [_row(path, table.line_num, cells, sequence, label) for cells in _filled(table)]
    except csv.Error as error:
        raise ValueError(f"{path} line {table.line_num}: {error}.") from error


def _filled(table: Iterator[list[str]]) -> Iterator[list[str]]:
    return (cells for cells in table if cells)


def _columns(path: Path, header: list[str]) -> tuple[int, int]:
    names = [name.strip().lower() for name in header]
    if names.count("sequence") != 1 or names.count("label") != 1:
        raise ValueError(
            f"{path} line 1 needs one column sequence and one column label; found {', '.join(header)[:80]}."
        )
    return names.index("sequence"), names.index("label")


def _row(path: Path, line: int, cells: list[str], sequence: int, label: int) -> Row:
    if max(sequence, label) >= len(cells):
        raise ValueError(f"{path} line {line} has {len(cells)} columns; sequence and label need more.")
    name = cells[label].strip()
    if not name:
        raise ValueError(f"{path} line {line} has no label.")
    try:
        text = join_kmers(cells[sequence])
    except ValueError as error:
        raise ValueError(f"{path} line {line}: {error}.") from None
    if not _SEQUENCE.fullmatch(text):
        raise ValueError(f"{path} line {line}: not a DNA sequence: {text[:40]!r}.")
    return text, name
