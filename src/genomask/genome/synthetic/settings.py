"""The synthetic genome as a source: its settings, its chromosomes, and the planted truth beside them."""

import csv
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from genomask.alphabet import OTHER, decode
from genomask.checks import require
from genomask.files import write_csv
from genomask.genome.encoded import EncodedGenome, Pieces, write_genome
from genomask.genome.sequences import reverse_complement
from genomask.genome.synthetic.background import Consensus, draw_background, draw_consensus, draw_isochores
from genomask.genome.synthetic.motifs import ENHANCER_BASES, PROMOTER_BASES, Sites, plant_enhancers, plant_promoters
from genomask.seeds import generator

FORMAT: Final = 1  # changes whenever the same settings give another genome or benchmark
PLANTED: Final = "planted.csv"
PLANTED_TRACK: Final = "planted"  # 1 at the bases of planted motifs
BASES_PER_ELEMENT: Final = 3_000  # leaves a slot for every element on every chromosome
SHORTEST_CHROMOSOME: Final = 10_000
SLOT_BASES: Final = 1_000  # at most one element lies in a slot
GAP_SHARE: Final = 0.01  # of the chromosome, for each telomere and for the assembly gap
ASSEMBLY_GAP: Final = 0.4  # where on the chromosome the assembly gap begins


@dataclass
class SyntheticGenome:
    """A human-like genome drawn from a seed, with a known grammar planted in it."""

    bases: int = 3_000_000  # of all chromosomes together
    chromosomes: int = 3
    promoters: int = 450
    enhancers: int = 450
    conservation: float = 0.95  # probability that a planted base obeys its consensus; lower is harder
    seed: int = 0

    label: ClassVar[str] = "synthetic"  # in directories and tables; says that nothing here was sequenced
    tracks: ClassVar[None] = None

    def __post_init__(self) -> None:
        elements = self.promoters + self.enhancers
        require(self.chromosomes >= 1, "genome.chromosomes", "at least 1", self.chromosomes)
        for name in ("promoters", "enhancers", "seed"):
            require(getattr(self, name) >= 0, f"genome.{name}", "0 or more", getattr(self, name))
        require(0 <= self.conservation <= 1, "genome.conservation", "a probability", self.conservation)
        fewest = max(SHORTEST_CHROMOSOME * self.chromosomes, BASES_PER_ELEMENT * elements)
        needed = f"{fewest:,} or more for {self.chromosomes} chromosomes and {elements} elements"
        require(self.bases >= fewest, "genome.bases", needed, self.bases)

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
        write_csv(directory / PLANTED, Planted._fields, truth)
        return []

    def _records(self, truth: "list[Planted]") -> Iterator[tuple[str, Pieces]]:
        """Draw the chromosomes one after the other; what is planted is added to ``truth``."""
        consensus = draw_consensus(self.seed)
        for number in range(self.chromosomes):
            length, promoters, enhancers = (
                total * (number + 1) // self.chromosomes - total * number // self.chromosomes
                for total in (self.bases, self.promoters, self.enhancers)
            )
            name = f"synthetic{number + 1}"
            rng = generator(self.seed, "synthetic", name)
            bases, placed = draw_chromosome(length, consensus, (promoters, enhancers), self.conservation, rng)
            truth.extend(planted_rows(name, bases, placed))
            yield name, [bases]


class Placed(NamedTuple):
    """Elements of one kind on a chromosome."""

    kind: str
    bases: int  # width of an element
    start: Int64[np.ndarray, " elements"]
    reverse: Bool[np.ndarray, " elements"]
    sites: list[Sites]


class Planted(NamedTuple):
    """A row of the planted truth; its fields are the header of ``planted.csv``."""

    kind: str  # promoter or enhancer
    motif: str  # "element" for the element as a whole
    chromosome: str
    start: int  # 0-based
    stop: int  # the base after the last one
    strand: str  # + or -
    sequence: str  # read along the strand
    element: str  # the same for an element and its motifs


def draw_chromosome(
    length: int, consensus: Consensus, counts: tuple[int, int], conservation: float, rng: np.random.Generator
) -> tuple[UInt8[np.ndarray, " bases"], list[Placed]]:
    """Draw a chromosome (bases 0..3, ``OTHER`` in both telomeres and one gap), and promoters and enhancers in it."""
    bases = draw_background(draw_isochores(length, rng), consensus, rng)
    gap, inside = int(GAP_SHARE * length), int(ASSEMBLY_GAP * length)
    for start in (0, inside, length - gap):
        bases[start : start + gap] = OTHER
    windows = bases[: length // SLOT_BASES * SLOT_BASES].reshape(-1, SLOT_BASES)
    slots = rng.permutation(np.flatnonzero((windows != OTHER).all(axis=1))) * SLOT_BASES
    placed = []
    for (kind, width, plant), count in zip(
        (("promoter", PROMOTER_BASES, plant_promoters), ("enhancer", ENHANCER_BASES, plant_enhancers)),
        counts,
        strict=True,
    ):
        start = slots[:count] + rng.integers(SLOT_BASES - width + 1, size=count)
        slots = slots[count:]
        reverse = rng.random(count) < 0.5
        along = np.arange(width)
        position = start[:, None] + np.where(reverse[:, None], width - 1 - along, along)
        blocks = bases[position] ^ reverse[:, None]
        sites = plant(blocks, conservation=conservation, rng=rng)
        bases[position] = blocks ^ reverse[:, None]
        placed.append(Placed(kind, width, start, reverse, sites))
    return bases, placed


def planted_rows(chromosome: str, bases: UInt8[np.ndarray, " bases"], placed: list[Placed]) -> Iterator[Planted]:
    """List the elements of a chromosome and their motifs, in coordinates of the chromosome."""
    for elements in placed:
        every = np.arange(elements.start.size)
        whole = Sites("element", elements.bases, every, np.zeros_like(every), np.zeros(every.size, dtype=bool))
        for sites in (whole, *elements.sites):
            reverse = elements.reverse[sites.element]
            from_left = np.where(reverse, elements.bases - sites.bases - sites.start, sites.start)
            starts = (elements.start[sites.element] + from_left).tolist()
            strands = (reverse ^ sites.reverse).tolist()
            for start, minus, number in zip(starts, strands, sites.element.tolist(), strict=True):
                stop, strand = start + sites.bases, "-" if minus else "+"
                sequence = decode(reverse_complement(bases[start:stop]) if minus else bases[start:stop])
                name = f"{chromosome}-{elements.kind}-{number}"
                yield Planted(elements.kind, sites.motif, chromosome, start, stop, strand, sequence, name)


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
