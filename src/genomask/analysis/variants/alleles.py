"""From the records of a VCF to alleles, each with its two windows or with the reason why it has none."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from genomask.alphabet import OTHER, decode, encode
from genomask.analysis.variants.vcf import Record
from genomask.analysis.variants.windows import Bases, Windows, trim, variant_class, windows
from genomask.genome.encoded import EncodedGenome
from genomask.genome.names import find_record, listed

# Why an allele is not scored.
NO_ALTERNATIVE: Final = "no_alternative"  # ALT is .
SYMBOLIC: Final = "symbolic"  # <DEL>, *, or a breakend, which may have one end only
UNKNOWN_RECORD: Final = "unknown_record"  # the genome has no such chromosome
OUTSIDE_RECORD: Final = "outside_record"  # REF reaches beyond the chromosome
REF_MISMATCH: Final = "ref_mismatch"  # the genome has other bases there
UNKNOWN_BASES: Final = "unknown_bases"  # more N in a window than variants.max_unknown
TOO_SHORT: Final = "too_short"  # a window holds no k-mer
TOO_LONG: Final = "too_long"  # a window that grew is longer than a classifier takes


class WindowSettings(NamedTuple):
    """What a window is, in bases, and which ones a classifier takes."""

    length: int
    position: float
    grow: bool
    max_unknown: float
    shortest: int
    longest: int


class Allele(NamedTuple):
    """One alternative allele: ``number`` counts within its record from 1; ``note`` says more of ``why``."""

    record: Record
    number: int
    kind: str
    windows: Windows | None
    why: str | None
    note: str = ""


def read_alleles(record: Record, genome: EncodedGenome, settings: WindowSettings) -> Iterator[Allele]:
    """Yield every alternative allele of a record."""
    chromosome = _chromosome(record, genome)
    problem, note = _problem(record, chromosome, genome)
    near, start = (chromosome, 0) if problem else _concrete(record, chromosome, settings)
    for number, text in enumerate(record.alternatives, start=1):
        if not text.isalpha():
            why = NO_ALTERNATIVE if text == "." else SYMBOLIC
            yield Allele(record, number, "none" if text == "." else "symbolic", None, why)
            continue
        same, removed, inserted = trim(record.reference, text.upper())
        kind = variant_class(len(removed), len(inserted))
        if problem:
            yield Allele(record, number, kind, None, problem, note)
            continue
        cut = windows(
            near,
            start + same,
            len(removed),
            encode(inserted),
            length=settings.length,
            position=settings.position,
            grow=settings.grow,
        )
        why = _refused(cut, settings)
        yield Allele(record, number, kind, None if why else cut, why)


def _chromosome(record: Record, genome: EncodedGenome) -> Bases:
    """Bases of the record's chromosome; none if the genome lacks it."""
    number = find_record(genome.names, record.chromosome)
    if number is None:
        return genome.bases[:0]
    return genome.bases[genome.offsets[number] : genome.offsets[number + 1]]


def _problem(record: Record, chromosome: Bases, genome: EncodedGenome) -> tuple[str | None, str]:
    """Why no allele of a record can be scored, if so, and the details."""
    if not len(chromosome):
        return UNKNOWN_RECORD, f"the genome has {listed(genome.names)}"
    start, stop = record.position - 1, record.position - 1 + len(record.reference)
    if start < 0 or stop > len(chromosome):
        return OUTSIDE_RECORD, f"it has {len(chromosome):,} bases"
    there = chromosome[start:stop]
    if ((there != encode(record.reference)) & (there != OTHER)).any():
        return REF_MISMATCH, f"the genome has {decode(there)[:50]}"
    return None, ""


def _concrete(record: Record, chromosome: Bases, settings: WindowSettings) -> tuple[Bases, int]:
    """The chromosome about a record, with its REF in it, and where REF begins.

    REF is one of the bases that the genome's IUPAC code allows there (VCF 4.3, 1.6.1). Only then is anything
    copied, and enough of the chromosome that windows are cut from the copy as from the whole.
    """
    start, size = record.position - 1, len(record.reference)
    bases = encode(record.reference)
    if np.array_equal(chromosome[start : start + size], bases):
        return chromosome, start
    reach = settings.length + size + max(map(len, record.alternatives))
    first = max(0, start - reach)
    near = np.array(chromosome[first : start + size + reach])
    near[start - first : start - first + size] = bases
    return near, start - first


def _refused(cut: Windows, settings: WindowSettings) -> str | None:
    """Why two windows cannot be scored, if so."""
    sizes = [len(cut.reference), len(cut.alternative)]
    if min(sizes) < settings.shortest:
        return TOO_SHORT
    if max(sizes) > settings.longest:
        return TOO_LONG
    unknown = max(float((bases == OTHER).mean()) for bases in cut[:2])
    return UNKNOWN_BASES if unknown > settings.max_unknown else None
