"""Text files as people have them: plain, gzip or bgzip; whole, or refused with the line's number."""

import csv
import gzip
import os
import re
import sys
import zlib
from collections.abc import Iterable, Iterator
from io import BufferedReader, BytesIO, RawIOBase, TextIOWrapper
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from genomask.checks import one_line

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
PIECE: Final = 1 << 20  # bytes that are unpacked at once
ZSTD: Final = b"\x28\xb5\x2f\xfd"
GZIP: Final = b"\x1f\x8b"
_HEADER: Final = 18  # bytes before the packed ones of a bgzip block, the last two its size less 1; 8 follow
_BGZF_END: Final = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_DAMAGE: Final = (EOFError, gzip.BadGzipFile, zlib.error)
_WHOLE_NUMBER: Final = re.compile(r"\d{1,18}", re.ASCII)


class Line(NamedTuple):
    """A line without its end, and its number in the file, from 1."""

    number: int
    text: str


def read_lines(path: Path, *, any_bytes: bool = False) -> Iterator[Line]:
    """Yield every line of a text file; lines end in LF, CR LF or CR. A byte order mark is left out, and UTF-16 that
    begins with one (a spreadsheet's "Unicode text") is read too. Whether the file is packed is read from its first
    bytes, not from its name. ``any_bytes`` keeps bytes that are no UTF-8 as surrogates (PEP 383). Raises
    FileNotFoundError if there is no such file; ValueError naming file and line, if it is truncated or damaged, or no
    text in UTF-8."""
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    number, errors = 0, "surrogateescape" if any_bytes else "strict"
    with path.open("rb") as file:
        try:
            for raw in _raw_lines(file):
                for line in raw.splitlines():
                    number += 1
                    if b"\0" in line:
                        raise wrong_line(path, number, "the line holds a NUL byte, so this is no text file")
                    yield Line(number, line.decode("utf-8", errors))
        except _DAMAGE as error:
            problem = f"the file is truncated or damaged after this line ({error})"
            raise wrong_line(path, max(number, 1), problem) from error
        except UnicodeDecodeError as error:
            raise wrong_line(path, number, f"the text must be UTF-8; found {error.object[:40]!r}") from error


def read_cells(path: Path, lines: Iterable[Line], *, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of every row that is not blank, with the number of its last line. Raises ValueError naming
    file and line, if a quote is not closed or stands within a cell."""
    last = 1

    def texts() -> Iterator[str]:
        nonlocal last
        for last, text in lines:  # noqa: B007 - the number is the point
            yield text + "\n"

    csv.field_size_limit(sys.maxsize)  # a cell may hold a chromosome
    try:
        for cells in csv.reader(texts(), delimiter=separator, strict=True):
            if cells:
                yield last, cells
    except csv.Error as error:
        raise wrong_line(path, last, str(error)) from error


def wrong_line(path: Path, number: int, problem: str) -> ValueError:
    """The error for a line of a file."""
    return ValueError(f"{path}, line {number}: {one_line(problem)}.")


def _raw_lines(file: BufferedReader) -> Iterator[bytes]:
    """The lines of a file or, if it is packed, of its text."""
    if os.pread(file.fileno(), len(ZSTD), 0) == ZSTD:
        try:
            from pyarrow import BufferReader, CompressedInputStream

            text = CompressedInputStream(BufferReader(file.read()), "zstd").read()
        except (ImportError, OSError) as error:
            needed = "zstd needs pyarrow: pip install pyarrow"
            raise EOFError(needed if isinstance(error, ImportError) else str(error)) from None
        yield from _in_utf8(BufferedReader(cast(RawIOBase, BytesIO(text))))
        return
    if not is_packed(file.fileno()):
        yield from _in_utf8(file)
        return
    try:
        size, text = unpacked_size(file.fileno()), gzip.GzipFile(fileobj=file)
        # Damage that a piece of this size shows is found before its garbage is taken for text.
        buffered = BufferedReader(cast(RawIOBase, text), PIECE)  # which closes the text when it is forgotten
        yield from _in_utf8(buffered)
        check_size(size, text.tell())
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        raise EOFError(str(error)) from None


def _in_utf8(file: "BufferedReader[Any]") -> Iterator[bytes]:
    if file.peek(2)[:2] in UTF16_MARKS:
        text = TextIOWrapper(file, encoding="utf-16")
        try:
            yield from (line.encode() for line in text)
        finally:
            text.detach()
    else:
        if file.peek(len(BYTE_ORDER_MARK)).startswith(BYTE_ORDER_MARK):
            file.read(len(BYTE_ORDER_MARK))
        yield from file


def whole_number(text: str) -> int:
    """An integer from 0, in plain digits. Raises ValueError if the text is anything else, such as ``1e5``, ``1_000``
    or ``-1``."""
    if not _WHOLE_NUMBER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def is_packed(file: int) -> bool:
    """Whether an open file is a gzip file."""
    return os.pread(file, len(GZIP), 0) == GZIP


def unpacked_size(file: int) -> int | None:
    """Bytes of text in an open bgzip file, as its blocks say; None for any other gzip file. Each block is a whole
    gzip stream: nothing in the streams tells that one was cut off or jumped over. Where a gzip stream of another
    kind follows the blocks, the size is not known. Raises ValueError if a block is not where the one before it ends,
    or the one that bgzip ends a file with is absent."""
    size, end, total = os.fstat(file).st_size, 0, 0
    head = os.pread(file, _HEADER, 0)
    if not _is_block(head):
        return None
    while _is_block(head):
        length = int.from_bytes(head[16:18], "little") + 1
        if length < _HEADER + 8:
            break  # no stream is that short
        end += length
        following = os.pread(file, 4 + _HEADER, end - 4)  # how many bytes the block held, and the next one
        total += int.from_bytes(following[:4], "little")
        head = following[4:]
    if head.startswith(GZIP) and not _is_block(head):
        return None
    if os.pread(file, len(_BGZF_END), max(size - len(_BGZF_END), 0)) != _BGZF_END:
        raise ValueError("it is truncated: it lacks bgzip's end-of-file block; get the file again")
    if end != size:
        raise ValueError(f"it is a damaged gzip file (no whole block at byte {end}); get the file again")
    return total


def check_size(size: int | None, found: int) -> None:
    """Refuse a bgzip file of which another number of bytes could be unpacked than its blocks hold. Raises ValueError
    if the two differ."""
    if size not in (None, found):
        raise ValueError(f"it is a damaged gzip file ({found} of {size} bytes unpack); get the file again")


def _is_block(head: bytes) -> bool:
    """Whether this is the header of a block, as bgzip writes it: a gzip stream's, with an extra field."""
    return len(head) == _HEADER and head[:4] == b"\x1f\x8b\x08\x04" and head[12:14] == b"BC"
