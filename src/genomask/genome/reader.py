"""Reads a FASTA file, plain, gzip or bgzip, into arrays of bases: all of it, or an error.

pyfastx parses the text. It takes a truncated .gz for a short genome, so the file is first read to its last byte.
"""

import gzip
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

import numpy as np
import pyfastx
from jaxtyping import UInt8

from genomask.alphabet import BASES
from genomask.checks import one_line
from genomask.console import progress
from genomask.genome.encoded import LOWER
from genomask.text_files import BYTE_ORDER_MARK, UTF16_MARKS, check_size, is_packed, unpacked_size

_SEVERAL_BASES: Final = "RYSWKMBDHVN"  # the other IUPAC codes of DNA
_BLANKS: Final = b"\n\r \t"
_FOREIGN: Final = 4 * LOWER  # larger than any base
_CHUNK: Final = 1 << 18  # bytes
_PIECE: Final = 1 << 19  # letters converted together


@dataclass
class TextCount:
    """Counts records, and letters outside headers, in a FASTA text that arrives in pieces. Every ``>`` outside a header
    counts as the next one: within a line it is an error, which the parser finds."""

    records: int = 0
    letters: int = 0
    in_header: bool = False

    def add(self, piece: bytes) -> None:
        """Count the next piece of the text."""
        position = 0
        while position < len(piece):
            change = piece.find(b"\n" if self.in_header else b">", position)
            stop = change if change >= 0 else len(piece)
            if not self.in_header:
                self.letters += stop - position - sum(piece.count(blank, position, stop) for blank in _BLANKS)
                self.records += change >= 0
            self.in_header ^= change >= 0
            position = stop + 1

    def __str__(self) -> str:
        return f"{self.records} records with {self.letters} letters"


def fasta_file(path: str | Path) -> Path:
    """The path of an existing file, with ``~`` expanded. Raises FileNotFoundError if it is no file."""
    file = Path(path).expanduser()
    if not file.is_file():
        raise FileNotFoundError(f"A genome needs a FASTA file; there is none at {file}.")
    return file


def read_fasta(path: Path) -> Iterator[tuple[str, UInt8[np.ndarray, " _bases"]]]:
    """Yield the name and all bases (0..4) of every record, whatever the case of their letters."""
    with closing(read_pieces(path)) as records:
        for name, pieces in records:
            bases = np.concatenate([np.empty(0, dtype=np.uint8), *pieces])
            bases &= LOWER - 1
            yield name, bases
            del bases  # its memory is free before the next record is read


def read_pieces(path: Path) -> Generator[tuple[str, Iterator[UInt8[np.ndarray, " _bases"]]]]:
    """Yield the name (the first word of the header) of every record and its bases, 0..4 plus ``LOWER`` where the letter
    is lower case, in pieces to be taken before the next record. A foreign letter ends them early, and is reported when
    the next record is asked for. Raises ValueError if the file is truncated, damaged or no FASTA; or a record has no
    name, no bases, the name of another, or a letter that is no IUPAC code of DNA."""
    path, whole, read, names = fasta_file(path), TextCount(), TextCount(), set[str]()
    try:
        with path.open("rb") as file, TemporaryFile() as copy:
            for piece in read_text(file, copy):
                whole.add(piece)
            copy.flush()
            text, problems = copy if copy.tell() else file, list[str]()
            with progress(f"Reading {path.name}", float(whole.letters)) as advance:
                for name, letters in pyfastx.Fastx(f"/dev/fd/{text.fileno()}", format="fasta"):
                    if not name or name in names:
                        raise ValueError(f"two records are called {name!r}" if name else "a record has no name")
                    before, pieces = read.letters, _pieces(letters, name, read, problems)
                    del letters
                    yield name, pieces
                    for _ in pieces:
                        pass  # what was not asked for is checked and counted all the same
                    if problems or read.letters == before:
                        raise ValueError(problems[0] if problems else f"record {name!r} has no bases")
                    names.add(name)
                    read.records += 1
                    advance(read.letters - before)
            if str(read) != str(whole):
                raise ValueError(f"it holds {whole}, of which pyfastx read {read}; does a line begin with '@' or '+'?")
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {one_line(str(error))}.") from None


def read_text(source: BufferedReader, copy: IO[bytes] | None = None) -> Iterator[bytes]:
    """Yield the plain text of a FASTA file in pieces; ``copy`` gets it if it begins with a byte order mark or its lines
    end in CR alone: pyfastx takes neither. Raises ValueError if it is no FASTA, ends early, or is damaged."""
    packed, found, returns, mark = is_packed(source.fileno()), 0, False, False
    size = unpacked_size(source.fileno()) if packed else None
    text: Any = gzip.GzipFile(fileobj=source) if packed else source
    try:
        while piece := text.read(_CHUNK):
            plain = piece
            if not found:
                mark, returns = piece.startswith(BYTE_ORDER_MARK), b"\r" in piece and b"\n" not in piece
                plain = piece.removeprefix(BYTE_ORDER_MARK)
                if plain.startswith(UTF16_MARKS):
                    raise ValueError("it is UTF-16 text; save it as UTF-8")
                if not plain.startswith(b">"):
                    raise ValueError(f"a FASTA file starts with '>'; it starts with {plain[:20]}")
            if b"\0" in piece:  # a C string ends there
                raise ValueError("it holds a NUL byte, so it is no text file")
            plain = plain.replace(b"\r", b"\n") if returns else plain
            if copy and (mark or returns):
                copy.write(plain)
            found += len(piece)
            yield plain
    except EOFError:
        raise ValueError("it is truncated: its gzip stream has no end; get the file again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"it is a damaged gzip file ({error}); get the file again") from None
    check_size(size, found)
    if not found:
        raise ValueError("it is empty")


def encode_piece(letters: bytes) -> UInt8[np.ndarray, " _bases"]:
    """Bases of letters in ASCII, blanks left out; a letter that is none has a number larger than any base."""
    return np.frombuffer(letters.translate(_LETTER_TO_BASE, _BLANKS), dtype=np.uint8)


def _pieces(letters: str, name: str, read: TextCount, problems: list[str]) -> Iterator[UInt8[np.ndarray, " _bases"]]:
    """Bases of a record's letters, and counted; ends early at a letter that has no place."""
    for start in range(0, len(letters), _PIECE):
        text = letters[start : start + _PIECE]
        bases = encode_piece(text.encode("ascii", "replace"))
        if bases.max(initial=0) == _FOREIGN:
            known = [encode_piece(letter.encode("ascii", "replace")).max(initial=0) < _FOREIGN for letter in text]
            where = f"record {name!r} has {text[known.index(False)]!r} at position {start + known.index(False) + 1}"
            problems.append(f"{where}, which is none of A, C, G, T and the IUPAC codes {_SEVERAL_BASES}")
            return
        read.letters += len(bases)
        if len(bases):
            yield bases


_LETTER_TO_BASE: Final = bytearray([_FOREIGN]) * 256
for _base, _letters in enumerate((*BASES, _SEVERAL_BASES)):
    for _letter in _letters:
        _LETTER_TO_BASE[ord(_letter)], _LETTER_TO_BASE[ord(_letter.lower())] = _base, _base + LOWER
