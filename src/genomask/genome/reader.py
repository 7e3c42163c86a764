"""Reads a FASTA file, plain, gzip or bgzip, into arrays of bases: all of it, or an error."""

import ctypes
import fcntl
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import IO, Final

import numpy as np
import pyfastx
from jaxtyping import UInt8

from genomask.alphabet import BASES
from genomask.checks import one_line
from genomask.console import progress
from genomask.genome.encoded import LOWER
from genomask.genome.fasta_text import is_piped

_SEVERAL_BASES: Final = "RYSWKMBDHVN"  # the other IUPAC codes of DNA
_BLANK: Final = 2 * LOWER  # larger than any base
_FOREIGN: Final = 4 * LOWER
_PIECE: Final = 1 << 19  # letters converted together: few enough for a cache, enough to hand on cheaply
_PIPE_SIZE: Final = 1 << 20  # with Linux's 64 KiB a gzip file takes 1.15 times as long

_UTF8_OF: Final = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)(
    ("PyUnicode_AsUTF8AndSize", ctypes.pythonapi)
)  # the C interface of Python's strings: where an ASCII string's letters lie


@dataclass
class _Found:
    """What pyfastx has read so far."""

    records: int = 0
    letters: int = 0
    problem: str = ""


def fasta_file(path: str | Path) -> Path:
    """The path of an existing file, with ``~`` expanded.

    Raises:
        FileNotFoundError: If it is no file.
    """
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
    """Yield the name (the first word of the header) of every record, in file order, and its bases.

    A base is 0..4, plus ``LOWER`` where the letter is lower case.

    The bases come in pieces, to be taken before the next record is asked for. Only after the last record is
    it known that the file is whole: until then, keep nothing for good.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is truncated, damaged or no FASTA; or a record has no name, no bases, the
            name of another, or a letter that is no IUPAC code of DNA.
    """
    path = fasta_file(path)
    problem, found, position = "", _Found(), 0
    bar = progress(f"Reading {path.name}", float(path.stat().st_size))
    with (
        path.open("rb", buffering=0) as file,
        _checking(file) as child,
        _text(path, child) as text,
        bar as advance,
    ):
        try:
            for record in _records(text, found):
                yield record
                advance(file.tell() - position)
                position = file.tell()
        except ValueError as error:
            problem = str(error)
        problem = _verdict(child, problem, f"{found.records} records with {found.letters} letters")
    if problem:
        raise ValueError(f"{path} cannot be read: {one_line(problem)}.")


@contextmanager
def _checking(file: FileIO) -> Iterator["subprocess.Popen[bytes]"]:
    """Check the file in a child process, which moves on in it as it reads, and unpacks it to its output."""
    command = [sys.executable, "-P", "-m", "genomask.genome.fasta_text"]
    with subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout
        try:
            with suppress(AttributeError, OSError):  # a larger pipe is only faster
                fcntl.fcntl(child.stdout.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
            yield child
        finally:
            child.kill()


@contextmanager
def _text(path: Path, child: "subprocess.Popen[bytes]") -> Iterator[IO[bytes]]:
    """Where pyfastx is to read: a plain file itself, or what the child unpacks or rewrites."""
    assert child.stdout
    with path.open("rb") as file:  # opened anew: with a place of its own in the file
        yield child.stdout if is_piped(file.fileno()) else file


def _records(text: IO[bytes], found: _Found) -> Iterator[tuple[str, Iterator[UInt8[np.ndarray, " _bases"]]]]:
    """Parse the text, and count what is in it. Messages of errors lack the file."""
    names: set[str] = set()
    for name, letters in pyfastx.Fastx(f"/dev/fd/{text.fileno()}", format="fasta"):
        if not name or name in names:
            raise ValueError(f"two records are called {name!r}" if name else "a record has no name")
        before, pieces = found.letters, _pieces(letters, name, found)
        del letters
        yield name, pieces
        for _ in pieces:
            pass  # what was not asked for is checked and counted all the same
        if found.problem or found.letters == before:
            raise ValueError(found.problem or f"record {name!r} has no bases")
        names.add(name)
        found.records += 1


def _pieces(letters: str, name: str, found: _Found) -> Iterator[UInt8[np.ndarray, " _bases"]]:
    """Bases of a record's letters, blanks left out, and counted; ends early at a letter that has no place."""
    text = _as_bytes(letters)
    for start in range(0, len(letters), _PIECE):
        bases = encode_piece(text[start : start + _PIECE])
        if bases.max(initial=0) == _FOREIGN:
            position = start + int(np.argmax(bases == _FOREIGN))
            where = f"record {name!r} has {letters[position]!r} at position {position + 1}"
            found.problem = f"{where}, which is none of A, C, G, T and the IUPAC codes {_SEVERAL_BASES}"
            return
        found.letters += len(bases)
        if len(bases):
            yield bases


def encode_piece(letters: UInt8[np.ndarray, " letters"]) -> UInt8[np.ndarray, " _bases"]:
    """Bases of letters in ASCII, blanks left out; where a letter is none, all places stay, and it has the largest."""
    from genomask.genome.loops import encode_letters  # which imports numba

    bases = np.empty_like(letters)
    largest = encode_letters(letters, _LETTER_TO_BASE, bases)
    return bases[bases != _BLANK] if largest == _BLANK else bases


def _as_bytes(letters: str) -> UInt8[np.ndarray, " letters"]:
    """One byte for each letter, as they lie in memory: to be read only as long as the string is there."""
    if not letters.isascii():
        return np.frombuffer(letters.encode("ascii", "replace"), dtype=np.uint8)
    address = _UTF8_OF(letters, None)
    there = (ctypes.c_ubyte * len(letters)).from_address(address)
    return np.frombuffer(memoryview(there), dtype=np.uint8)


def _verdict(child: "subprocess.Popen[bytes]", problem: str, read: str) -> str:
    """What is wrong with the file, if anything. Damage explains every other problem, so it comes first."""
    assert child.stdout
    assert child.stderr
    while child.stdout.read(_PIPE_SIZE):
        pass  # what pyfastx left there, if it stopped early
    report = child.stderr.read().decode().strip().rpartition("\n")[2]
    if child.wait() != 0:
        return report or f"the process that checks it ended with {child.returncode}"
    if problem or report == read:
        return problem
    return f"it holds {report}, of which pyfastx read {read}; does a line begin with '@' or '+'?"


def _letter_table() -> UInt8[np.ndarray, " letters"]:
    table = np.full(256, _FOREIGN, dtype=np.uint8)
    for base, letters in enumerate((*BASES, _SEVERAL_BASES)):
        for letter in letters:
            table[[ord(letter), ord(letter.lower())]] = base, base + LOWER
    for blank in " \t\r\n":
        table[ord(blank)] = _BLANK
    return table


_LETTER_TO_BASE: Final = _letter_table()
