"""Sequences to predict, one after the other: records of FASTA, rows of a table, intervals of a BED file."""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import UInt8

from genomask.alphabet import encode
from genomask.genome.assembly import place_in
from genomask.genome.encoded import EncodedGenome
from genomask.genome.names import require_record
from genomask.genome.places import Interval, read_bed
from genomask.genome.reader import read_fasta
from genomask.genome.sequences import reverse_complement
from genomask.tasks.readers import join_kmers, read_table, sequence_text
from genomask.text_files import wrong_line

KINDS: Final[Mapping[str, str]] = {  # of a file, by its last ending but that of gzip
    **dict.fromkeys(("fa", "fas", "fasta", "fna"), "fasta"),
    **dict.fromkeys(("csv", "tsv", "txt"), "table"),
    "bed": "bed",
}
NAME_COLUMNS: Final = ("name", "id")  # of a table: the first that it has names the rows


class Piece(NamedTuple):
    """A sequence, and where it is from.

    Attributes:
        name: The record, the row or the chromosome.
        start: 0-based position of its first base in what the name names.
        bases: Bases 0..4, along the strand that is meant.
        where: The place in the input, for messages.
        row: Its number in the input, from 1: of the record, the row or the interval.
        reverse: Whether the bases are those of the reverse strand, read along itself.
    """

    name: str
    start: int
    bases: UInt8[np.ndarray, " _bases"]
    where: str
    row: int
    reverse: bool = False


def kind_of(path: Path) -> str:
    """``fasta``, ``table`` or ``bed``, by the ending of a file's name.

    Raises:
        ValueError: If the ending says nothing.
    """
    ending = re.sub(r"\.(gz|bgz)$", "", path.name, flags=re.IGNORECASE).rpartition(".")[2].lower()
    if ending not in KINDS:
        raise ValueError(f"{path} needs a name that ends in .{', .'.join(KINDS)}, or one of them and .gz.")
    return KINDS[ending]


def reader(
    path: Path, genome: EncodedGenome | None, *, k: int = 0, track: bool = False
) -> Callable[[], Iterator[Piece]]:
    """What reads the pieces of a file from the start, as often as it is called.

    Args:
        path: The file.
        genome: Where the intervals of a BED file lie.
        k: Length of k-mers that blanks may separate in a table; 0 for none.
        track: Read intervals in the order of the genome, and refuse those that overlap.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the name of the file says nothing, or a BED file comes without a genome.
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
    """Yield the sequences of a table's column ``sequence``, raw or as k-mers.

    A row is called what its column ``name`` or ``id`` says, else by its number from 1.

    Raises:
        ValueError: Naming file and line, for anything but such a table of DNA.
    """
    for number, row in enumerate(read_table(path, ("sequence",)), start=1):
        words = row.cells["sequence"].split()
        if len(words) > 1 and {len(word) for word in words} != {k}:
            kmers = f"{k}-mers, which the classifier reads" if k else "tokens of the classifier"
            raise wrong_line(path, row.line, f"the blanks in the sequence do not separate {kmers}; remove them")
        try:
            text = join_kmers(row.cells["sequence"])
        except ValueError as error:
            raise wrong_line(path, row.line, str(error)) from None
        named = [row.cells[column].strip() for column in NAME_COLUMNS if column in row.cells]
        bases = encode(sequence_text(path, row.line, text))
        yield Piece(named[0] if named else str(number), 0, bases, f"{path}, line {row.line}", number)


def read_intervals(path: Path, genome: EncodedGenome, *, track: bool = False) -> Iterator[Piece]:
    """Yield the intervals of a BED file; those on the strand ``-`` are read along that strand.

    A chromosome is called as the genome calls it; ``20``, ``chr20`` and ``NC_000020.11`` are the same.

    Raises:
        ValueError: Naming file and line, for anything but intervals within the genome's chromosomes; or for
            intervals that overlap, if they are to become a track.
    """
    numbered = enumerate(read_bed(path), start=1)
    for row, (line, place, _, _) in _in_genome_order(path, list(numbered), genome) if track else numbered:
        try:
            name, where = place_in(genome, place)
        except ValueError as error:
            raise wrong_line(path, line, str(error)) from None
        reverse = place.strand == "-"
        bases = genome.bases[where]
        turned = reverse_complement(bases) if reverse else bases
        yield Piece(name, place.start, turned, f"{path}, line {line}", row, reverse)


def _in_genome_order(
    path: Path, intervals: list[tuple[int, Interval]], genome: EncodedGenome
) -> list[tuple[int, Interval]]:
    def order(numbered: tuple[int, Interval]) -> tuple[int, int]:
        line, place, _, _ = numbered[1]
        try:
            return require_record(genome.names, place.record), place.start
        except ValueError as error:
            raise wrong_line(path, line, str(error)) from None

    found = sorted(intervals, key=order)
    for (_, one), (_, other) in pairwise(found):
        if one.place.stop > other.place.start and order((0, one))[0] == order((0, other))[0]:
            overlap = f"the interval overlaps that of line {one.line}, and a track has one value a base"
            raise wrong_line(path, other.line, f"{overlap}: write a table (--out FILE.csv)")
    return found
