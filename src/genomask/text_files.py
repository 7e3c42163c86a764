"""Lines of text files as people have them: plain, gzip or bgzip; whole, or refused with the line's number."""

import csv
import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from io import BufferedIOBase, BufferedReader, RawIOBase
from pathlib import Path
from typing import Final, NamedTuple, cast

from genomask.checks import one_line
from genomask.genome.fasta_text import GZIP, check_size, unpacked_size

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
PIECE: Final = 1 << 20  # bytes that are unpacked at once
_DAMAGE: Final = (EOFError, gzip.BadGzipFile, zlib.error)


class Line(NamedTuple):
    """A line without its end, and its number in the file, from 1."""

    number: int
    text: str


def read_lines(path: Path, *, any_bytes: bool = False) -> Iterator[Line]:
    """Yield every line of a text file; lines end in LF, CR LF or CR. A byte order mark is left out.

    Args:
        path: The file; whether it is packed is read from its first bytes, not from its name.
        any_bytes: Keep bytes that are no UTF-8 as surrogates (PEP 383), instead of refusing them.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: Naming file and line, if it is truncated or damaged, or no text in UTF-8.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    number, errors = 0, "surrogateescape" if any_bytes else "strict"
    with path.open("rb") as file:
        try:
            for raw in _raw_lines(file):
                start = len(BYTE_ORDER_MARK) * (number == 0 and raw.startswith(BYTE_ORDER_MARK))
                for line in raw[start:].splitlines():
                    number += 1
                    if b"\0" in line:
                        raise wrong_line(path, number, "the line holds a NUL byte, so this is no text file")
                    yield Line(number, line.decode("utf-8", errors))
        except _DAMAGE as error:
            raise wrong_line(
                path, max(number, 1), f"the file is truncated or damaged after this line ({error})"
            ) from error
        except UnicodeDecodeError as error:
            raise wrong_line(path, number, f"the text must be UTF-8; found {error.object[:40]!r}") from error


def read_cells(path: Path, lines: Iterable[Line], *, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of every row that is not blank, with the number of its last line.

    Raises:
        ValueError: Naming file and line, if a quote is not closed or stands within a cell.
    """
    numbers = _Numbers(lines)
    table = csv.reader(numbers, delimiter=separator, strict=True)
    try:
        for cells in table:
            if cells:
                yield numbers.last, cells
    except csv.Error as error:
        raise wrong_line(path, numbers.last, str(error)) from error


def wrong_line(path: Path, number: int, problem: str) -> ValueError:
    """The error for a line of a file."""
    return ValueError(f"{path}, line {number}: {one_line(problem)}.")


class _Numbers:
    """Texts of lines, and the number of the one that was read last."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines, self.last = lines, 1

    def __iter__(self) -> Iterator[str]:
        for self.last, text in self.lines:  # noqa: B020  (the attribute is the point)
            yield text + "\n"


def _raw_lines(file: BufferedIOBase) -> Iterator[bytes]:
    """The lines of a file or, if it is a gzip file, of its text."""
    if os.pread(file.fileno(), len(GZIP), 0) != GZIP:
        yield from file
        return
    try:
        size, found = unpacked_size(file.fileno()), 0
        # Damage that a piece of this size shows is found before its garbage is taken for text.
        for line in BufferedReader(cast(RawIOBase, gzip.GzipFile(fileobj=file)), PIECE):
            found += len(line)
            yield line
        check_size(size, found)
    except ValueError as error:
        raise EOFError(str(error)) from None
