"""Promoters of 300 bases: cut from a genome around start sites, or taken out of exported sequences."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import UInt8

from genomask.alphabet import OTHER
from genomask.genome.assembly import NOT_ACGT, cut
from genomask.genome.encoded import EncodedGenome
from genomask.genome.places import Place
from genomask.tasks.promoters.epd import UNKNOWN, StartSite, read_export

FIRST: Final = -249  # position of a promoter's first base; the start site is position 0 (Sec. 5.1)
PROMOTER_BASES: Final = 300
SHORT: Final = "that do not reach from -249 to +50"


class Promoters(NamedTuple):
    """Promoters of 300 bases, their kinds, their places if known, and how many were left out and why."""

    bases: UInt8[np.ndarray, "rows bases"]
    kinds: list[str]
    places: list[Place] | None
    left_out: Counter[str]


def cut_promoters(
    sites: Sequence[StartSite], kinds: Mapping[str, str], genome: EncodedGenome, assembly: str | None
) -> Promoters:
    """Cut -249..+50 around every start site that the genome holds.

    Raises:
        ValueError: If the genome is not of that assembly, or holds no promoter whole.
    """
    places = [_around(site) for site in sites]
    pieces, left_out = cut(genome, places, assembly)
    whole = [row for row, piece in enumerate(pieces) if piece is not None]
    if not whole:
        names = ", ".join(genome.names[:8])
        raise ValueError(f"The genome ({names}, ...) holds none of {len(sites)} promoters: {said(left_out)}.")
    bases = np.stack([piece for piece in pieces if piece is not None])
    chosen = [kinds.get(sites[row].name, UNKNOWN) for row in whole]
    return _ordered(bases, chosen, [places[row] for row in whole], left_out)


def cut_exports(paths: Sequence[Path], export_start: int) -> Promoters:
    """Take -249..+50 out of exported sequences; a file's place in the list is its kind.

    Raises:
        ValueError: If a file is not a list of sequences, or none of them reaches that far.
    """
    begin, left_out = FIRST - export_start, Counter[str]()
    found: list[UInt8[np.ndarray, " _bases"]] = []
    kinds: list[str] = []
    for number, path in enumerate(paths, start=1):
        for sequence in read_export(path):
            promoter = sequence[begin : begin + PROMOTER_BASES] if begin >= 0 else sequence[:0]
            if len(promoter) < PROMOTER_BASES:
                left_out[SHORT] += 1
            elif (promoter == OTHER).any():
                left_out[NOT_ACGT] += 1
            else:
                found.append(promoter)
                kinds.append(f"file {number}")
    if not found:
        raise ValueError(
            f"task.positives needs sequences from {FIRST} to +{FIRST + PROMOTER_BASES - 1} around the start "
            f"site; if they begin at task.export_start={export_start}, none is one: {said(left_out)}."
        )
    return _ordered(np.stack(found), kinds, None, left_out)


def inside(place: Place, window: slice) -> Place:
    """Where a window of a promoter lies."""
    if place.strand == "+":
        return place._replace(start=place.start + window.start, stop=place.start + window.stop)
    return place._replace(start=place.stop - window.stop, stop=place.stop - window.start)


def said(left_out: Counter[str]) -> str:
    """What was left out, for a message."""
    return ", ".join(f"{count:,} {reason}" for reason, count in left_out.items()) or "none"


def _around(site: StartSite) -> Place:
    before, behind = -FIRST, FIRST + PROMOTER_BASES  # bases before the start site, and from it on
    if site.strand == "+":
        return Place(site.record, site.position - before, site.position + behind, "+")
    return Place(site.record, site.position - behind + 1, site.position + before + 1, "-")


def _ordered(
    bases: UInt8[np.ndarray, "rows bases"],
    kinds: list[str],
    places: list[Place] | None,
    left_out: Counter[str],
) -> Promoters:
    """Put promoters in an order that does not depend on that of their files."""
    order = sorted(range(len(bases)), key=lambda row: (bases[row].tobytes(), places[row] if places else row))
    in_order = [places[row] for row in order] if places else None
    return Promoters(bases[order], [kinds[row] for row in order], in_order, left_out)
