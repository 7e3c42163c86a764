"""From the records of a VCF to alleles, each with its two windows or with the reason why it has none."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from genomask.alphabet import OTHER, decode, encode
from genomask.analysis.predictor import Bases
from genomask.genome.encoded import EncodedGenome
from genomask.genome.names import find_record, listed
from genomask.genome.vcf import Record


class Windows(NamedTuple):
    """Two windows of one variant; ``shifted`` says that a record's end moved one from its place."""

    reference: Bases
    alternative: Bases
    shifted: bool


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
    """Yield every alternative allele of a record; docs/variants.md lists the reasons why one is not scored."""
    number = find_record(genome.names, record.chromosome)
    chromosome = genome.bases[:0] if number is None else genome.bases[slice(*genome.offsets[number : number + 2])]
    problem, note = _problem(record, chromosome, genome)
    near, start = (chromosome, 0) if problem else _concrete(record, chromosome, settings)
    for place, text in enumerate(record.alternatives, start=1):
        if not text.isalpha():  # a symbol, such as <DEL>, *, or a breakend, which may have one end only
            kind, why = ("none", "no_alternative") if text == "." else ("symbolic", "symbolic")
            yield Allele(record, place, kind, None, why)
            continue
        same, removed, inserted = trim(record.reference, text.upper())
        cut, why, size = None, problem, len(removed)
        if not problem:
            cut = windows(
                near, start + same, size, encode(inserted),
                length=settings.length, position=settings.position, grow=settings.grow,
            )  # fmt: skip
            why = _refused(cut, settings)
        yield Allele(record, place, variant_class(size, len(inserted)), None if why else cut, why, note)


def _problem(record: Record, chromosome: Bases, genome: EncodedGenome) -> tuple[str | None, str]:
    """Why no allele of a record can be scored, if so, and the details."""
    if not len(chromosome):
        return "unknown_record", f"the genome has {listed(genome.names)}"
    start, stop = record.position - 1, record.position - 1 + len(record.reference)
    if start < 0 or stop > len(chromosome):
        return "outside_record", f"it has {len(chromosome):,} bases"
    there = chromosome[start:stop]
    if ((there != encode(record.reference)) & (there != OTHER)).any():
        return "ref_mismatch", f"the genome has {decode(there)[:50]}"
    return None, ""


def _concrete(record: Record, chromosome: Bases, settings: WindowSettings) -> tuple[Bases, int]:
    """The chromosome about a record, and where REF begins; a copy with REF in it where the genome has an IUPAC code.

    REF is one of the bases that the code allows (VCF 4.3, 1.6.1); windows are cut from the copy as from the whole.
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
        return "too_short"
    if max(sizes) > settings.longest:
        return "too_long"
    unknown = max(float((bases == OTHER).mean()) for bases in cut[:2])
    return "unknown_bases" if unknown > settings.max_unknown else None


def trim(reference: str, alternative: str) -> tuple[int, str, str]:
    """Take off the letters that two alleles share, first at their ends, then at their starts.

    Returns how many were taken off at the start, and what is left of both alleles; both are empty if they are equal.
    """
    while reference and alternative and reference[-1] == alternative[-1]:
        reference, alternative = reference[:-1], alternative[:-1]
    pairs, shorter = zip(reference, alternative, strict=False), min(len(reference), len(alternative))
    same = next((place for place, (one, other) in enumerate(pairs) if one != other), shorter)
    return same, reference[same:], alternative[same:]


def variant_class(removed: int, inserted: int) -> str:
    """Class of a variant that replaces so many bases by so many, shared letters taken off."""
    if removed == inserted:
        return ("same", "snv")[removed] if removed < 2 else "mnv"
    if removed and inserted:
        return "indel"
    return "insertion" if inserted else "deletion"


def windows(
    record: Bases, start: int, removed: int, inserted: Bases, *, length: int, position: float, grow: bool
) -> Windows:
    """Cut both windows out of a record and of the record with the variant in it.

    The variant puts ``inserted`` in the place of ``removed`` bases from ``start`` (0-based) on. In its window of
    ``length`` bases it begins at ``position * length``; at an end of the record the window moves inwards. With
    ``grow`` the alternative window is as much longer or shorter as its allele is, with the flanks of the reference
    window (DNABERT's rule); otherwise bases from the right fill it up, or fall out of it.
    """
    wanted = start - min(int(length * position), length - 1)
    first = max(min(wanted, len(record) - length), 0)
    reference = record[first : first + length]
    if grow:
        right = record[start + removed : max(first + length, start + removed)]
        return Windows(reference, np.concatenate((record[first:start], inserted, right)), first != wanted)
    own = max(min(wanted, len(record) + len(inserted) - removed - length), 0)
    right = record[start + removed : start + removed + length]
    alternative = np.concatenate((record[own:start], inserted, right))[:length]
    return Windows(reference, alternative, first != wanted or own != wanted)
