"""The synthetic genome as a source: its settings, its chromosomes, and the planted truth beside them."""

import csv
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np

from genomask.checks import require
from genomask.genome.encoded import EncodedGenome, Pieces, write_genome
from genomask.genome.synthetic.background import draw_consensus
from genomask.genome.synthetic.chromosome import Planted, draw_chromosome, planted_rows
from genomask.seeds import generator

FORMAT: Final = 1  # changes whenever the same settings give another genome or benchmark
PLANTED: Final = "planted.csv"
PLANTED_TRACK: Final = "planted"  # 1 at the bases of planted motifs
BASES_PER_ELEMENT: Final = 3_000  # leaves a slot for every element on every chromosome
SHORTEST_CHROMOSOME: Final = 10_000


def with_planted(genome: EncodedGenome, directory: Path) -> EncodedGenome:
    """The genome in this directory, with a track of its planted motifs if it has any."""
    if not (directory / PLANTED).is_file():
        return genome
    values = np.zeros(len(genome.bases), dtype=np.float32)
    first = dict(zip(genome.names, genome.offsets.tolist(), strict=False))
    with (directory / PLANTED).open(newline="") as file:
        for row in map(Planted._make, csv.reader(file)):
            if row.motif not in ("motif", "element"):  # the head, and what motifs are planted in
                values[first[row.chromosome] + int(row.start) : first[row.chromosome] + int(row.stop)] = 1
    return replace(genome, tracks={**genome.tracks, PLANTED_TRACK: values})


@dataclass
class SyntheticGenome:
    """A human-like genome drawn from a seed, with a known grammar planted in it."""

    bases: int = 3_000_000  # of all chromosomes together
    chromosomes: int = 3
    promoters: int = 450
    enhancers: int = 450
    conservation: float = 0.95  # probability that a planted base obeys its consensus; lower is harder
    seed: int = 0

    def __post_init__(self) -> None:
        elements = self.promoters + self.enhancers
        require(self.chromosomes >= 1, "genome.chromosomes", "at least 1", self.chromosomes)
        require(self.promoters >= 0, "genome.promoters", "0 or more", self.promoters)
        require(self.enhancers >= 0, "genome.enhancers", "0 or more", self.enhancers)
        require(0 <= self.conservation <= 1, "genome.conservation", "a probability", self.conservation)
        require(self.seed >= 0, "genome.seed", "0 or more", self.seed)
        fewest = max(SHORTEST_CHROMOSOME * self.chromosomes, BASES_PER_ELEMENT * elements)
        needed = f"{fewest:,} or more for {self.chromosomes} chromosomes and {elements} elements"
        require(self.bases >= fewest, "genome.bases", needed, self.bases)

    @property
    def label(self) -> str:
        """Name in directories and tables; says that nothing here was sequenced."""
        return "synthetic"

    tracks: ClassVar[None] = None

    @property
    def rough_bases(self) -> int:
        """All its bases."""
        return self.bases

    def fingerprint(self) -> dict[str, Any]:
        """All that shapes the genome, for hashing."""
        return {"source": "synthetic", "format": FORMAT, **asdict(self)}

    def encode(self, directory: Path) -> list[str]:
        """Write the encoded genome, and what was planted in it as ``planted.csv``, into a directory; leaves out none.

        A planted sequence is read along its strand; ``start`` and ``stop`` are 0-based and half-open.
        """
        truth: list[Planted] = []
        write_genome(self._records(truth), directory)
        with (directory / PLANTED).open("w", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(Planted._fields)
            table.writerows(truth)
        return []

    def _records(self, truth: list[Planted]) -> Iterator[tuple[str, Pieces]]:
        """Draw the chromosomes one after the other; what is planted is added to ``truth``."""
        consensus = draw_consensus(self.seed)
        for number in range(self.chromosomes):
            length, promoters, enhancers = (
                total * (number + 1) // self.chromosomes - total * number // self.chromosomes
                for total in (self.bases, self.promoters, self.enhancers)
            )
            name = f"synthetic{number + 1}"
            bases, placed = draw_chromosome(
                length,
                consensus,
                promoters=promoters,
                enhancers=enhancers,
                conservation=self.conservation,
                rng=generator(self.seed, "synthetic", name),
            )
            truth.extend(planted_rows(name, bases, placed))
            yield name, [bases]
