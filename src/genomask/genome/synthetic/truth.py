"""What is planted where: one row for every element and every motif in it."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from genomask.alphabet import decode
from genomask.genome.sequences import reverse_complement
from genomask.genome.synthetic.chromosome import Placed
from genomask.genome.synthetic.elements import Sites


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
