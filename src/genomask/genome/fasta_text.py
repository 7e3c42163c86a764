"""The text of a FASTA file, plain or gzip, checked to its last byte; runs as a process of its own.

pyfastx reads a truncated .gz as a short genome, and holds the interpreter's lock while it reads a record,
so that no thread can check the stream meanwhile. A child process can: it reads the file once from standard
input and checks it. What it unpacks, or rewrites, goes to pyfastx through a pipe; any other plain file pyfastx
reads meanwhile.
"""

import os
import sys
from collections.abc import Iterator
from io import BufferedIOBase, BufferedReader, FileIO
from typing import Final, cast

from isal import igzip, igzip_lib

from genomask.text_files import BYTE_ORDER_MARK, UTF16_MARKS, check_size, is_packed, unpacked_size

CHUNK: Final = 1 << 18
_DAMAGE: Final = cast(type[Exception], igzip_lib.IsalError)  # its stub calls the class an object


class Tally:
    """Counts records, and letters outside headers, in a FASTA text that arrives in pieces.

    Every ``>`` outside a header counts as the next one: within a line it is an error, which the reader finds.
    """

    def __init__(self) -> None:
        self.records = 0
        self.letters = 0
        self._in_header = False

    def add(self, piece: bytes) -> None:
        """Count the next piece of the text."""
        position = 0
        while position < len(piece):
            change = piece.find(b"\n" if self._in_header else b">", position)
            stop = change if change >= 0 else len(piece)
            if not self._in_header:
                self.letters += stop - position - _count_blanks(piece[position:stop])
                self.records += change >= 0
            self._in_header ^= change >= 0
            position = stop + 1


def _count_blanks(text: bytes) -> int:
    """Number of line ends, spaces and tabs; the rare ones are looked for before they are counted."""
    return text.count(b"\n") + sum(text.count(blank) for blank in (b"\r", b" ", b"\t") if blank in text)


def read_text(source: BufferedIOBase) -> Iterator[bytes]:
    """Yield the plain text of a FASTA file in pieces.

    Raises:
        ValueError: If the file is no FASTA, or ends early, or is damaged.
    """
    packed = is_packed(source.fileno())
    size, found, returns = unpacked_size(source.fileno()) if packed else None, 0, False
    text = igzip.IGzipFile(fileobj=source) if packed else source
    piece = b""
    try:
        while following := text.read(CHUNK):
            found += len(following)
            if not piece:
                returns = _ends_lines_in_cr(following)
                following = following.removeprefix(BYTE_ORDER_MARK)
                _check_start(following)
            if b"\0" in following:  # a C string ends there
                raise ValueError("it holds a NUL byte, so it is no text file")
            piece = following.replace(b"\r", b"\n") if returns else following
            yield piece
    except EOFError:
        raise ValueError("it is truncated: its gzip stream has no end; get the file again") from None
    except (igzip.BadGzipFile, _DAMAGE) as error:
        raise ValueError(f"it is a damaged gzip file ({error}); get the file again") from None
    check_size(size, found)
    if not piece:
        raise ValueError("it is empty")


def must_be_rewritten(head: bytes) -> bool:
    """Whether a text that begins so has lines that end in CR alone, or a byte order mark: pyfastx takes neither."""
    return head.startswith(BYTE_ORDER_MARK) or _ends_lines_in_cr(head)


def is_piped(file: int) -> bool:
    """Whether the text of an open file reaches pyfastx through the pipe: it has to be unpacked or rewritten."""
    return is_packed(file) or must_be_rewritten(os.pread(file, CHUNK, 0))


def _ends_lines_in_cr(head: bytes) -> bool:
    return b"\r" in head and b"\n" not in head


def _check_start(text: bytes) -> None:
    if text.startswith(UTF16_MARKS):
        raise ValueError("it is UTF-16 text; save it as UTF-8")
    if not text.startswith(b">"):
        raise ValueError(f"a FASTA file starts with '>'; it starts with {text[:20]}")


def main() -> None:
    """Check standard input, and unpack it to standard output; say what it holds, or what is wrong."""
    tally = Tally()
    with BufferedReader(FileIO(0), CHUNK) as source, open(1, "wb") as sink:
        piped = is_piped(0)
        try:
            for piece in read_text(source):
                tally.add(piece)
                if piped:
                    sink.write(piece)
        except ValueError as error:
            sys.exit(str(error))
    sys.stderr.write(f"{tally.records} records with {tally.letters} letters")


if __name__ == "__main__":
    main()
