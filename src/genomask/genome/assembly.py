"""Checks that a genome is of an assembly, and where places lie in an encoded genome."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from genomask.checks import require_choice
from genomask.genome.encoded import EncodedGenome
from genomask.genome.names import HUMAN, chromosome, require_record
from genomask.genome.places import Place

# Lengths of 1..22, X and Y as the Genome Reference Consortium published them; no two agree between the two.
_GRCH38: Final = (
    *(248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636),
    *(138394717, 133797422, 135086622, 133275309, 114364328, 107043718, 101991189, 90338345),
    *(83257441, 80373285, 58617616, 64444167, 46709983, 50818468, 156040895, 57227415),
)
_GRCH37: Final = (
    *(249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022),
    *(141213431, 135534747, 135006516, 133851895, 115169878, 107349540, 102531392, 90354753),
    *(81195210, 78077248, 59128983, 63025520, 48129895, 51304566, 155270560, 59373566),
)
LENGTHS: Final[Mapping[str, Mapping[str, int]]] = {
    "GRCh38": dict(zip(HUMAN, _GRCH38, strict=True)),
    "GRCh37": dict(zip(HUMAN, _GRCH37, strict=True)),
}


def require_assembly(assembly: str | None) -> None:
    """Refuse an assembly whose lengths are not known here; None leaves the genome unchecked."""
    if assembly is not None:
        require_choice(assembly, "task.assembly", tuple(LENGTHS))


def check_assembly(genome: EncodedGenome, assembly: str | None) -> None:
    """Refuse a genome that is not of the assembly that places are on. Raises ValueError if two records are one
    chromosome, or a chromosome has not the length that it has in the assembly."""
    records: dict[str, str] = {}
    for name, length in zip(genome.names, np.diff(genome.offsets).tolist(), strict=True):
        bare = chromosome(name)
        if bare in records:
            raise ValueError(f"The genome has chromosome {bare} twice: as {records[bare]} and as {name}.")
        records[bare] = name
        needed = LENGTHS[assembly].get(bare, length) if assembly else length
        if length != needed:
            other = [known for known, lengths in LENGTHS.items() if lengths.get(bare) == length]
            is_of = f"which is {other[0]}'s" if other else "which no assembly known here has"
            raise ValueError(
                f"The coordinates are on {assembly}, whose chromosome {bare} has {needed:,} bases; the genome's "
                f"record {name} has {length:,}, {is_of}. Give the FASTA file of {assembly} as task.genome=FILE, or "
                "set task.assembly to the coordinates' own (null: do not check)."
            )


def place_in(genome: EncodedGenome, place: Place) -> tuple[str, slice]:
    """The name of a place's record in a genome, and where the place lies in the genome's bases. Raises ValueError if
    the genome lacks the record, or the record is shorter; without the file and line."""
    number = require_record(genome.names, place.record)
    name, (first, last) = genome.names[number], genome.offsets[number : number + 2].tolist()
    if place.stop > last - first:
        raise ValueError(f"stop {place.stop:,} lies beyond the end of {name}, which has {last - first:,} bases")
    return name, slice(first + place.start, first + place.stop)
