"""Read labelled sequences from the files people have: CSV, TSV, FASTA; raw or k-mers; plain or gzip."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import NamedTuple

from genomask.alphabet import decode
from genomask.checks import one_line
from genomask.genome.reader import read_fasta
from genomask.text_files import read_cells, read_lines, wrong_line

LONGEST_LABEL = 100  # characters

Row = tuple[str, str]  # sequence, label

_SEQUENCE = re.compile(r"[ACGTNRYSWKMBDHV]+", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"\d{1,18}", re.ASCII)


class TableRow(NamedTuple):
    """Cells of a row by the names of their columns, and the number of its last line."""

    line: int
    cells: dict[str, str]


def read_rows(path: Path) -> list[Row]:
    """Read (sequence, label) rows of a CSV or TSV file, gzipped or not.

    The first line names the columns, ``sequence`` and ``label`` among them. A sequence is raw, or its
    overlapping k-mers separated by spaces, as DNABERT writes them.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: Naming file and line, for anything that is not such a table.
    """
    return [labelled(path, row) for row in read_table(path, ("sequence", "label"))]


def read_table(path: Path, columns: Sequence[str], *, separator: str | None = None) -> Iterator[TableRow]:
    """Yield the rows of a table whose first line names these columns, once each, and perhaps others.

    Args:
        path: The file, gzipped or not.
        columns: Names that the header must have; case and blanks around them do not matter.
        separator: What divides cells; None for a tab where the header has one, and else a comma.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: Naming file and line, if the header lacks a column or has it twice, or a row has more or
            fewer cells than the header.
    """
    lines = read_lines(path)
    first = next(lines, None)
    if first is None:
        raise ValueError(f"{path} is empty; it needs a first line that names the columns {' and '.join(columns)}.")
    separator = separator or ("\t" if "\t" in first.text else ",")
    rows = read_cells(path, chain([first], lines), separator=separator)
    _, header = next(rows, (1, []))
    names = [name.strip().lower() for name in header]
    if any(names.count(name.lower()) != 1 for name in columns):
        needed = " and ".join(f"one column {name}" for name in columns)
        raise ValueError(f"{path} line 1 needs {needed}; found {one_line(', '.join(header)[:80])}.")
    for line, cells in rows:
        if len(cells) != len(header):
            raise wrong_line(path, line, f"the row has {len(cells)} columns, the header {len(header)}")
        yield TableRow(line, dict(zip(names, cells, strict=True)))


def labelled(path: Path, row: TableRow) -> Row:
    """The sequence and the label of a row.

    Raises:
        ValueError: Naming file and line, if there is no label, or no sequence of DNA.
    """
    label = row.cells["label"].strip()
    if not label or not label.isprintable() or len(label) > LONGEST_LABEL:
        needed = f"the row needs a label of up to {LONGEST_LABEL} characters"
        raise wrong_line(path, row.line, f"{needed}; found {label[:40]!r}")
    try:
        text = join_kmers(row.cells["sequence"])
    except ValueError as error:
        raise wrong_line(path, row.line, str(error)) from None
    return sequence_text(path, row.line, text), label


def sequence_text(path: Path, line: int, text: str) -> str:
    """The text itself, if it is a sequence of DNA in IUPAC's letters.

    Raises:
        ValueError: Naming file and line, if it is not.
    """
    if not _SEQUENCE.fullmatch(text):
        rna = "; write T for the U of RNA" if "U" in text.upper() else ""
        raise wrong_line(path, line, f"not a DNA sequence: {text[:40]!r}{rna}")
    return text


def whole_number(text: str) -> int:
    """An integer from 0, in plain digits.

    Raises:
        ValueError: If the text is anything else, such as ``1e5``, ``1_000`` or ``-1``.
    """
    if not _WHOLE_NUMBER.fullmatch(text):
        raise ValueError(text)
    return int(text)


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
