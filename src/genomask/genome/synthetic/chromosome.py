"""One chromosome: background, gaps, elements that do not touch each other, and the list of what is planted."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from genomask.alphabet import OTHER, decode
from genomask.genome.sequences import reverse_complement
from genomask.genome.synthetic.background import Consensus, draw_background, draw_isochores
from genomask.genome.synthetic.elements import (
    ENHANCER_BASES,
    PROMOTER_BASES,
    Sites,
    plant_enhancers,
    plant_promoters,
)

SLOT_BASES: Final = 1_000  # at most one element lies in a slot
GAP_SHARE: Final = 0.01  # of the chromosome, for each telomere and for the assembly gap
ASSEMBLY_GAP: Final = 0.4  # where on the chromosome the assembly gap begins


class Placed(NamedTuple):
    """Elements of one kind on a chromosome."""

    kind: str
    bases: int  # width of an element
    start: Int64[np.ndarray, " elements"]
    reverse: Bool[np.ndarray, " elements"]
    sites: list[Sites]


def draw_chromosome(
    length: int,
    consensus: Consensus,
    *,
    promoters: int,
    enhancers: int,
    conservation: float,
    rng: np.random.Generator,
) -> tuple[UInt8[np.ndarray, " bases"], list[Placed]]:
    """Draw a chromosome and what is planted in it.

    Returns:
        Bases 0..3, and ``OTHER`` in gaps; the placed promoters and enhancers.
    """
    bases = draw_background(draw_isochores(length, rng), consensus, rng)
    _cut_gaps(bases)
    slots = _free_slots(bases, rng)
    placed = []
    for kind, width, count, plant in (
        ("promoter", PROMOTER_BASES, promoters, plant_promoters),
        ("enhancer", ENHANCER_BASES, enhancers, plant_enhancers),
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


def _cut_gaps(bases: UInt8[np.ndarray, " bases"]) -> None:
    """Hide both telomeres and one stretch inside, as an assembly does."""
    gap, inside = int(GAP_SHARE * bases.size), int(ASSEMBLY_GAP * bases.size)
    for start in (0, inside, bases.size - gap):
        bases[start : start + gap] = OTHER


def _free_slots(bases: UInt8[np.ndarray, " bases"], rng: np.random.Generator) -> Int64[np.ndarray, " slots"]:
    """Starts of the slots that touch no gap, in random order."""
    slots = bases[: bases.size // SLOT_BASES * SLOT_BASES].reshape(-1, SLOT_BASES)
    return rng.permutation(np.flatnonzero((slots != OTHER).all(axis=1))) * SLOT_BASES


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


def planted_rows(chromosome: str, bases: UInt8[np.ndarray, " bases"], placed: list[Placed]) -> Iterator[Planted]:
    """List the elements of a chromosome and their motifs, in coordinates of the chromosome."""
    for elements in placed:
        for sites in (_whole(elements), *elements.sites):
            reverse = elements.reverse[sites.element]
            from_left = np.where(reverse, elements.bases - sites.bases - sites.start, sites.start)
            starts = (elements.start[sites.element] + from_left).tolist()
            strands = (reverse ^ sites.reverse).tolist()
            for start, minus, number in zip(starts, strands, sites.element.tolist(), strict=True):
                stop = start + sites.bases
                sequence = decode(reverse_complement(bases[start:stop]) if minus else bases[start:stop])
                name = f"{chromosome}-{elements.kind}-{number}"
                strand = "-" if minus else "+"
                yield Planted(elements.kind, sites.motif, chromosome, start, stop, strand, sequence, name)


def _whole(elements: Placed) -> Sites:
    """The elements themselves, as sites that fill them."""
    every = np.arange(elements.start.size)
    return Sites("element", elements.bases, every, np.zeros_like(every), np.zeros(every.size, dtype=bool))
