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
_HEADER: Final = 18  # bytes before the packed ones of a bgzip block, the last two its size less 1; 8 follow
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
    packed = is_packed(source.fileno())
    size, found = unpacked_size(source.fileno()) if packed else None, 0
    text = igzip.IGzipFile(fileobj=source) if packed else source
    piece = b""
    try:
        while following := text.read(CHUNK):
            if not piece and not following.startswith(b">"):
                raise ValueError(f"a FASTA file starts with '>'; it starts with {following[:20]}")
            if b"\0" in following:  # a C string ends there
                raise ValueError("it holds a NUL byte, so it is no text file")
            piece = following
            found += len(piece)
            yield piece
    except EOFError:
        raise ValueError("it is truncated: its gzip stream has no end; get the file again") from None
    except (igzip.BadGzipFile, _DAMAGE) as error:
        raise ValueError(f"it is a damaged gzip file ({error}); get the file again") from None
    check_size(size, found)
    if not piece:
        raise ValueError("it is empty")


def is_packed(file: int) -> bool:
    """Whether an open file is a gzip file."""
    return os.pread(file, len(GZIP), 0) == GZIP


def unpacked_size(file: int) -> int | None:
    """Bytes of text in an open bgzip file, as its blocks say; None for any other gzip file.

    Each block is a whole gzip stream: nothing in the streams tells that one was cut off or jumped over.

    Raises:
        ValueError: If a block is not where the one before it ends, or the one that bgzip ends a file with
            is absent.
    """
    size, end, total = os.fstat(file).st_size, 0, 0
    head = os.pread(file, _HEADER, 0)
    if not _is_block(head):
        return None
    if os.pread(file, len(_BGZF_END), max(size - len(_BGZF_END), 0)) != _BGZF_END:
        raise ValueError("it is truncated: it lacks bgzip's end-of-file block; get the file again")
    while _is_block(head):
        length = int.from_bytes(head[16:18], "little") + 1
        if length < _HEADER + 8:
            break  # no stream is that short
        end += length
        following = os.pread(file, 4 + _HEADER, end - 4)  # how many bytes the block held, and the next one
        total += int.from_bytes(following[:4], "little")
        head = following[4:]
    if end != size:
        raise ValueError(f"it is a damaged gzip file (no whole block at byte {end}); get the file again")
    return total


def check_size(size: int | None, found: int) -> None:
    """Refuse a bgzip file of which another number of bytes could be unpacked than its blocks hold.

    Raises:
        ValueError: If the two differ.
    """
    if size not in (None, found):
        raise ValueError(f"it is a damaged gzip file ({found} of {size} bytes unpack); get the file again")


def _is_block(head: bytes) -> bool:
    """Whether this is the header of a block, as bgzip writes it: a gzip stream's, with an extra field."""
    return len(head) == _HEADER and head[:4] == b"\x1f\x8b\x08\x04" and head[12:14] == b"BC"


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
