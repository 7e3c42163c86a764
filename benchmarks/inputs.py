"""The inputs of the rows: a FASTA file that was given, or a simulated genome."""

import gzip
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from genomask.genome.encoded import EncodedGenome, open_genome, write_genome
from genomask.seeds import generator

LETTERS = b"ATCGatcgN"


@dataclass(frozen=True)
class Inputs:
    """Inputs that rows share; each is made when a row first uses it.

    Attributes:
        genome: FASTA file, plain or gzip; None for a simulated genome.
        folder: Scratch folder, deleted at the end.
        quick: Do little work, to see that a row runs; its figures mean nothing.
    """

    genome: Path | None
    folder: Path
    quick: bool = False

    @property
    def name(self) -> str:
        """Name of the genome in a report."""
        return self.genome.name if self.genome else f"{self.bases_drawn / 1e6:g} Mb drawn at random"

    @property
    def bases_drawn(self) -> int:
        """Length of a simulated genome."""
        return 500_000 if self.quick else 50_000_000

    @cached_property
    def plain(self) -> Path:
        """The genome as a plain FASTA file."""
        path = self.folder / "genome.fa"
        if self.genome is None:
            path.write_bytes(draw_fasta(self.bases_drawn))
        else:
            with self.genome.open("rb") as file:
                unpack = gzip.open if file.read(2) == b"\x1f\x8b" else open
            with unpack(self.genome, "rb") as source, path.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
        return path

    @cached_property
    def packed(self) -> Path:
        """The genome as a gzip file, packed as by ``gzip -6``."""
        path = self.folder / "genome.fa.gz"
        with self.plain.open("rb") as source, gzip.open(path, "wb", compresslevel=6) as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        return path

    @cached_property
    def encoded(self) -> EncodedGenome:
        """The encoded genome."""
        from genomask.genome.reader import read_pieces

        directory = self.folder / "encoded"
        directory.mkdir()
        write_genome(read_pieces(self.plain), directory)
        return open_genome(directory)


def draw_fasta(bases: int) -> bytes:
    """Draw a FASTA text of two records: a third of it soft-masked, with gaps of N, in lines of 60 letters."""
    random = generator(0, "benchmark genome")
    letters = random.integers(4, size=bases, dtype=np.uint8)
    for start in range(0, bases, 3_000):
        letters[start : start + int(random.integers(2_000))] += 4  # lower case
    for start in random.integers(bases, size=max(1, bases // 2_000_000)).tolist():
        letters[start : start + bases // 500] = 8
    text = np.frombuffer(LETTERS, dtype=np.uint8)[letters]
    half = bases // 2
    records = enumerate((text[:half], text[half:]), start=1)
    return b"".join(b">%d\n%s" % (number, _lines(part)) for number, part in records)


def _lines(letters: np.ndarray) -> bytes:
    whole = len(letters) // 60 * 60
    lines = np.full((whole // 60, 61), ord("\n"), dtype=np.uint8)
    lines[:, :60] = letters[:whole].reshape(-1, 60)
    return lines.tobytes() + letters[whole:].tobytes() + b"\n"
