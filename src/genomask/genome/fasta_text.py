"""The text of a FASTA file, plain or gzip, checked to its last byte; runs as a process of its own.

pyfastx reads a truncated .gz as a short genome, and holds the interpreter's lock while it reads a record,
so that no thread can check the stream meanwhile. A child process can: it reads the file once from standard
input and checks it. What it unpacks goes to pyfastx through a pipe; a plain file pyfastx reads meanwhile.
"""

import os
import sys
from collections.abc import Iterator
from io import BufferedIOBase, BufferedReader, FileIO
from typing import Final, cast

from isal import igzip, igzip_lib

CHUNK: Final = 1 << 18
GZIP: Final = b"\x1f\x8b"
_DAMAGE: Final = cast(type[Exception], igzip_lib.IsalError)  # its stub calls the class an object
_BGZF_END: Final = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


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
    text = _plain(source)
    piece = b""
    try:
        while following := text.read(CHUNK):
            if not piece and not following.startswith(b">"):
                raise ValueError(f"a FASTA file starts with '>'; it starts with {following[:20]}")
            if b"\0" in following:  # a C string ends there
                raise ValueError("it holds a NUL byte, so it is no text file")
            piece = following
            yield piece
    except EOFError:
        raise ValueError("it is truncated: its gzip stream has no end; get the file again") from None
    except (igzip.BadGzipFile, _DAMAGE) as error:
        raise ValueError(f"it is a damaged gzip file ({error}); get the file again") from None
    if not piece:
        raise ValueError("it is empty")


def is_packed(file: int) -> bool:
    """Whether an open file is a gzip file."""
    return os.pread(file, len(GZIP), 0) == GZIP


def _plain(source: BufferedIOBase) -> BufferedIOBase:
    """The file itself, or the unpacked text of a gzip file."""
    if not is_packed(source.fileno()):
        return source
    check_blocks(source.fileno())
    return igzip.IGzipFile(fileobj=source)


def check_blocks(file: int) -> None:
    """Refuse an open bgzip file that was cut between two of its blocks: each is a whole gzip stream.

    Raises:
        ValueError: If the block is absent that bgzip ends a file with.
    """
    head = os.pread(file, 14, 0)
    is_bgzf = head[3:4] == b"\x04" and head[12:] == b"BC"  # an extra field, of the kind that bgzip writes
    end = os.fstat(file).st_size - len(_BGZF_END)
    if is_bgzf and os.pread(file, len(_BGZF_END), max(end, 0)) != _BGZF_END:
        raise ValueError("it is truncated: it lacks bgzip's end-of-file block; get the file again")


def main() -> None:
    """Check standard input, and unpack it to standard output; say what it holds, or what is wrong."""
    tally = Tally()
    with BufferedReader(FileIO(0), CHUNK) as source, open(1, "wb") as sink:
        packed = is_packed(0)
        try:
            for piece in read_text(source):
                tally.add(piece)
                if packed:
                    sink.write(piece)
        except ValueError as error:
            sys.exit(str(error))
    sys.stderr.write(f"{tally.records} records with {tally.letters} letters")


if __name__ == "__main__":
    main()
