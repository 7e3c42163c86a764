"""The synthetic genome as a source: its settings, its chromosomes, and the planted truth beside them."""

import csv
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

import numpy as np
from jaxtyping import UInt8

from genomask.alphabet import OTHER, decode
from genomask.checks import require
from genomask.files import write_csv
from genomask.genome.encoded import EncodedGenome, Pieces, write_genome
from genomask.genome.sequences import reverse_complement
from genomask.genome.synthetic.dna import (
    ENHANCER_BASES,
    PROMOTER_BASES,
    Sites,
    draw_background,
    draw_consensus,
    draw_isochores,
    plant_enhancers,
    plant_promoters,
)
from genomask.seeds import generator

FORMAT: Final = 1  # changes whenever the same settings give another genome or benchmark
PLANTED: Final = "planted.csv"
PLANTED_TRACK: Final = "planted"  # 1 at the bases of planted motifs
BASES_PER_ELEMENT: Final = 3_000  # leaves a slot for every element on every chromosome
SHORTEST_CHROMOSOME: Final = 10_000
SLOT_BASES: Final = 1_000  # at most one element lies in a slot
GAP_SHARE: Final = 0.01  # of the chromosome, for each telomere and for the assembly gap
ASSEMBLY_GAP: Final = 0.4  # where on the chromosome the assembly gap begins
ELEMENTS: Final = (
    ("promoter", PROMOTER_BASES, plant_promoters),
    ("enhancer", ENHANCER_BASES, plant_enhancers),
)


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
        """Write the encoded genome, and what was planted in it as ``planted.csv``; leaves out no record."""
        truth: list[Planted] = []
        write_genome(self._records(truth), directory)
        write_csv(directory / PLANTED, Planted._fields, truth)
        return []

    def _records(self, truth: "list[Planted]") -> Iterator[tuple[str, Pieces]]:
        """Draw the chromosomes one after the other; what is planted is added to ``truth``."""
        consensus, totals = draw_consensus(self.seed), np.array([self.bases, self.promoters, self.enhancers])
        for number in range(self.chromosomes):
            share = totals * (number + 1) // self.chromosomes - totals * number // self.chromosomes
            name = f"synthetic{number + 1}"
            rng = generator(self.seed, "synthetic", name)
            bases = draw_background(draw_isochores(int(share[0]), rng), consensus, rng)
            truth += plant(bases, name, share[1:].tolist(), self.conservation, rng)
            yield name, [bases]


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


def plant(
    bases: UInt8[np.ndarray, " bases"], name: str, counts: list[int], conservation: float, rng: np.random.Generator
) -> list[Planted]:
    """Turn background into a chromosome, in place: ``OTHER`` in both telomeres and one gap, promoters and enhancers."""
    gap, inside = int(GAP_SHARE * len(bases)), int(ASSEMBLY_GAP * len(bases))
    for start in (0, inside, len(bases) - gap):
        bases[start : start + gap] = OTHER
    windows = bases[: len(bases) // SLOT_BASES * SLOT_BASES].reshape(-1, SLOT_BASES)
    slots, planted = rng.permutation(np.flatnonzero((windows != OTHER).all(axis=1))) * SLOT_BASES, list[Planted]()
    for (kind, width, plant_all), count in zip(ELEMENTS, counts, strict=True):
        start = slots[:count] + rng.integers(SLOT_BASES - width + 1, size=count)
        slots, along = slots[count:], np.arange(width)
        reverse = rng.random(count) < 0.5
        position = start[:, None] + np.where(reverse[:, None], width - 1 - along, along)
        blocks = bases[position] ^ reverse[:, None]
        found = plant_all(blocks, conservation=conservation, rng=rng)
        bases[position] = blocks ^ reverse[:, None]
        every = np.arange(count)
        whole = Sites("element", width, every, np.zeros_like(every), np.zeros(count, dtype=bool))
        for sites in (whole, *found):
            backward = reverse[sites.element]
            from_left = np.where(backward, width - sites.bases - sites.start, sites.start)
            places = (sites.element, start[sites.element] + from_left, backward ^ sites.reverse)
            for number, first, minus in zip(*(part.tolist() for part in places), strict=True):
                site, strand = bases[first : first + sites.bases], "-" if minus else "+"
                row = (first, first + sites.bases, strand, decode(reverse_complement(site) if minus else site))
                planted.append(Planted(kind, sites.motif, name, *row, f"{name}-{kind}-{number}"))
    return planted


def with_planted(genome: EncodedGenome, directory: Path) -> EncodedGenome:
    """The genome in this directory, with a track of its planted motifs if it has any."""
    if not (directory / PLANTED).is_file():
        return genome
    values = np.zeros(len(genome.bases), dtype=np.float32)
    first = dict(zip(genome.names, genome.offsets.tolist(), strict=False))
    with (directory / PLANTED).open(newline="") as file:
        for row in csv.DictReader(file):
            if row["motif"] != "element":
                start = first[row["chromosome"]]
                values[start + int(row["start"]) : start + int(row["stop"])] = 1
    return replace(genome, tracks={**genome.tracks, PLANTED_TRACK: values})
