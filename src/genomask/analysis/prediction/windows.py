"""Sequences to predict (records of FASTA, rows of a table, intervals of a BED file), and the windows cut from them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, pairwise
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import UInt8

from genomask.alphabet import encode
from genomask.checks import require
from genomask.genome.encoded import EncodedGenome
from genomask.genome.names import place_in
from genomask.genome.places import Place, read_bed
from genomask.genome.reader import read_fasta
from genomask.genome.sequences import reverse_complement
from genomask.tasks.readers import read_table, sequence_text
from genomask.text_files import wrong_line

KINDS: Final[Mapping[str, str]] = {  # of a file, by its last ending but that of gzip
    **dict.fromkeys(("fa", "fas", "fasta", "fna"), "fasta"),
    **dict.fromkeys(("csv", "tsv", "txt"), "table"),
    "bed": "bed",
}
NAME_COLUMNS: Final = ("name", "id")  # of a table: the first that it has names the rows


class Piece(NamedTuple):
    """A sequence, and where it is from."""

    name: str  # of the record, the row or the chromosome
    start: int  # 0-based position of its first base there
    bases: UInt8[np.ndarray, " _bases"]  # 0..4, along the strand that is meant
    where: str  # the place in the input, for messages
    row: int  # number of the record, the row or the interval in the input, from 1
    reverse: bool = False  # whether the bases are those of the reverse strand, read along itself


def kind_of(path: Path) -> str:
    """``fasta``, ``table`` or ``bed``, by the ending of a file's name; ValueError if it says nothing."""
    ending = re.sub(r"\.(gz|bgz)$", "", path.name, flags=re.IGNORECASE).rpartition(".")[2].lower()
    if ending not in KINDS:
        raise ValueError(f"{path} needs a name that ends in .{', .'.join(KINDS)}, or one of them and .gz.")
    return KINDS[ending]


def reader(
    path: Path, genome: EncodedGenome | None, *, k: int = 0, track: bool = False
) -> Callable[[], Iterator[Piece]]:
    """What reads the pieces of a file from the start, as often as it is called.

    ``genome`` and ``track`` are those of ``read_intervals``, ``k`` that of ``read_sequences``. FileNotFoundError if
    there is no such file; ValueError if its name says nothing, or a BED file comes without a genome.
    """
    kind = kind_of(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    if kind == "fasta":
        return lambda: read_records(path)
    if kind == "table":
        return lambda: read_sequences(path, k)
    if genome is None:
        raise ValueError(f"{path} holds intervals, which need the genome that they lie in: --genome FASTA.")
    return lambda: read_intervals(path, genome, track=track)


def read_records(path: Path) -> Iterator[Piece]:
    """Yield the records of a FASTA file, one in memory at a time."""
    for row, (name, bases) in enumerate(read_fasta(path), start=1):
        yield Piece(name, 0, bases, f"{path}, record {name}", row)
        del bases  # its memory is free before the next record is read


def read_sequences(path: Path, k: int = 0) -> Iterator[Piece]:
    """Yield the sequences of a table's column ``sequence``: raw, or as k-mers that blanks separate (``k=0``: none).

    A row is called what its column ``name`` or ``id`` says, else by its number. ValueError, naming the line, if it is
    no DNA.
    """
    for number, row in enumerate(read_table(path, ("sequence",)), start=1):
        words = row.cells["sequence"].split()
        if len(words) > 1 and {len(word) for word in words} != {k}:
            kmers = f"{k}-mers, which the classifier reads" if k else "tokens of the classifier"
            raise wrong_line(path, row.line, f"the blanks in the sequence do not separate {kmers}; remove them")
        text = sequence_text(path, row.line, row.cells["sequence"])
        name = next((row.cells[column].strip() for column in NAME_COLUMNS if column in row.cells), str(number))
        yield Piece(name, 0, encode(text), f"{path}, line {row.line}", number)


def read_intervals(path: Path, genome: EncodedGenome, *, track: bool = False) -> Iterator[Piece]:
    """Yield the intervals of a BED file; those on the strand ``-`` are read along that strand.

    A chromosome is called as the genome calls it; ``20``, ``chr20`` and ``NC_000020.11`` are the same. For a track,
    intervals come in the order of the genome. ValueError, naming file and line, for anything but intervals within the
    genome's chromosomes, or for intervals that overlap, if they are to become a track.
    """

    def located(line: int, place: Place) -> tuple[str, slice]:
        try:
            return place_in(genome, place)
        except ValueError as error:
            raise wrong_line(path, line, str(error)) from None

    numbered = enumerate(read_bed(path), start=1)
    if track:
        ordered = sorted(numbered, key=lambda each: located(*each[1][:2])[1].start)
        for (_, one), (_, other) in pairwise(ordered):
            if located(*one[:2])[1].stop > located(*other[:2])[1].start:
                overlap = f"the interval overlaps that of line {one.line}, and a track has one value a base"
                raise wrong_line(path, other.line, f"{overlap}: write a table (--out FILE.csv)")
        numbered = iter(ordered)
    for row, (line, place, _, _) in numbered:
        name, where = located(line, place)
        reverse = place.strand == "-"
        bases = reverse_complement(genome.bases[where]) if reverse else genome.bases[where]
        yield Piece(name, place.start, bases, f"{path}, line {line}", row, reverse)


class Cut(NamedTuple):
    """How windows are cut, in bases."""

    window: int | None  # of a window; None takes every sequence whole
    step: int  # from the start of one window to that of the next
    shortest: int  # of the shortest window that the classifier takes
    longest: int


class Window(NamedTuple):
    """A window: ``[start, stop)``, 0-based, in the record, the row or the chromosome ``name``."""

    name: str
    start: int
    stop: int
    strand: str  # + or -, along which its bases are read
    row: int  # number of its sequence in the input, from 1
    bin: tuple[int, int]  # the part of it that is nearer to its middle than to that of any other window, for tracks
    bases: UInt8[np.ndarray, " _bases"]


class Survey(NamedTuple):
    """What a file holds: pieces and windows, and, for tracks, the bases of every piece by its name."""

    pieces: int
    windows: int
    lengths: dict[str, int]


def cut_of(window: int | None, step: int | None, *, shortest: int, longest: int) -> Cut:
    """The settings of the cut; ValueError if the classifier takes no such window, or there is a step without one."""
    if window is None:
        require(step is None, "--step", "a --window too", step)
        return Cut(None, 1, shortest, longest)
    needed = f"{shortest:,} to {longest:,} bases, which the classifier takes"
    require(shortest <= window <= longest, "--window", needed, window)
    require(step is None or step >= 1, "--step", "at least 1 base", step)
    return Cut(window, step or window, shortest, longest)


def survey(pieces: Iterable[Piece], cut: Cut, genome: EncodedGenome | None, *, named: bool) -> Survey:
    """Read a file once from end to end, so that what is wrong with it shows before hours of work.

    ``named`` keeps the lengths of pieces without a genome. ValueError, naming the place, as in ``window_count``.
    """
    counts, lengths = [], {}
    for piece in pieces:
        counts.append(window_count(piece, cut))
        if named and genome is None:
            lengths[piece.name] = len(piece.bases)
    if genome is not None:
        lengths = dict(zip(genome.names, np.diff(genome.offsets).tolist(), strict=True))
    return Survey(len(counts), sum(counts), lengths)


def window_count(piece: Piece, cut: Cut) -> int:
    """Windows of a sequence; ValueError if it is too short for the classifier, or too long to be taken whole."""
    length = len(piece.bases)
    if length < cut.shortest:
        raise ValueError(f"{piece.where}: {length} bases are too few; the classifier needs {cut.shortest} or more.")
    if cut.window is None and length > cut.longest:
        raise ValueError(
            f"{piece.where}: {length:,} bases are more than the {cut.longest:,} that the classifier takes at "
            "once. Cut windows out of them: --window N --step N."
        )
    return -(-_last_start(length, cut) // cut.step) + 1


def cut_windows(pieces: Iterable[Piece], cut: Cut) -> Iterator[Window]:
    """Cut every sequence into windows, from its start on; the last one ends where the sequence ends.

    A sequence that is no longer than a window is one window. Every window lies in one sequence.
    """
    for piece in pieces:
        found = _windows(piece, cut)
        yield from reversed(list(found)) if piece.reverse else found


def _windows(piece: Piece, cut: Cut) -> Iterator[Window]:
    """Windows in the order of the piece's own strand; places along the reverse one are counted from the other end."""
    length = len(piece.bases)
    size, last = min(cut.window or length, length), _last_start(length, cut)
    margin, covered, strand = max(0, size - cut.step) // 2, 0, "-" if piece.reverse else "+"
    for start in chain(range(0, last, cut.step), [last]):
        stop, first = start + size, max(covered, start + margin if start else 0)
        covered = stop if start == last else min(stop, start + margin + cut.step)
        ends = (start, stop, first, covered)
        if piece.reverse:
            ends = (length - stop, length - start, length - covered, length - first)
        low, high, *bin_ = (piece.start + end for end in ends)
        yield Window(piece.name, low, high, strand, piece.row, (bin_[0], bin_[1]), piece.bases[start:stop])


def _last_start(length: int, cut: Cut) -> int:
    return length - min(cut.window or length, length)
