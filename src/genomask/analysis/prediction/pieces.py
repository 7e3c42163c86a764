"""Sequences to predict, one after the other: records of FASTA, rows of a table, intervals of a BED file."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import UInt8

from genomask.alphabet import encode
from genomask.genome.assembly import place_in
from genomask.genome.encoded import EncodedGenome
from genomask.genome.places import read_bed
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
        start: Where the first of its bases lies in what the name names, counted from 0.
        bases: Bases 0..4, along the strand that is meant.
        where: The place in the input, for messages.
        reverse: Whether the bases are those of the reverse strand, read along itself.
    """

    name: str
    start: int
    bases: UInt8[np.ndarray, " _bases"]
    where: str
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


def reader(path: Path, genome: EncodedGenome | None) -> Callable[[], Iterator[Piece]]:
    """What reads the pieces of a file from the start, as often as it is called.

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
        return lambda: read_sequences(path)
    if genome is None:
        raise ValueError(f"{path} holds intervals, which need the genome that they lie in: --genome FASTA.")
    return lambda: read_intervals(path, genome)


def read_records(path: Path) -> Iterator[Piece]:
    """Yield the records of a FASTA file, one in memory at a time."""
    for name, bases in read_fasta(path):
        yield Piece(name, 0, bases, f"{path}, record {name}")
        del bases  # its memory is free before the next record is read


def read_sequences(path: Path) -> Iterator[Piece]:
    """Yield the sequences of a table's column ``sequence``, raw or as k-mers.

    A row is called what its column ``name`` or ``id`` says, else by its number from 1.

    Raises:
        ValueError: Naming file and line, for anything but such a table of DNA.
    """
    for number, row in enumerate(read_table(path, ("sequence",)), start=1):
        try:
            text = join_kmers(row.cells["sequence"])
        except ValueError as error:
            raise wrong_line(path, row.line, str(error)) from None
        named = [row.cells[column].strip() for column in NAME_COLUMNS if column in row.cells]
        bases = encode(sequence_text(path, row.line, text))
        yield Piece(named[0] if named else str(number), 0, bases, f"{path}, line {row.line}")


def read_intervals(path: Path, genome: EncodedGenome) -> Iterator[Piece]:
    """Yield the intervals of a BED file; those on the strand ``-`` are read along that strand.

    A chromosome is called as the genome calls it; ``20``, ``chr20`` and ``NC_000020.11`` are the same.

    Raises:
        ValueError: Naming file and line, for anything but intervals within the genome's chromosomes.
    """
    for line, place, _, _ in read_bed(path):
        try:
            name, bases = place_in(genome, place)
        except ValueError as error:
            raise wrong_line(path, line, str(error)) from None
        reverse = place.strand == "-"
        turned = reverse_complement(bases) if reverse else bases
        yield Piece(name, place.start, turned, f"{path}, line {line}", reverse)
