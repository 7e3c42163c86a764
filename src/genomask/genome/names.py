"""The one resolver of chromosome names (UCSC, Ensembl, NCBI, GenBank), and the lengths that tell assemblies apart."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from genomask.checks import require_choice, shown
from genomask.genome.encoded import EncodedGenome
from genomask.genome.places import Place

HUMAN: Final = (*map(str, range(1, 23)), "X", "Y")  # the 24 chromosomes of Sec. 3
MITOCHONDRIAL: Final = "MT"

# Accessions count up (or down) from chromosome 1 to Y; the number after the point is that of the assembly.
_SERIES: Final = (
    ("NC_", 1, 1),  # RefSeq: GRCh37 (NC_000001.10) and GRCh38 (.11)
    ("CM", 663, 1),  # GenBank: GRCh37 (CM000663.1) and GRCh38 (.2)
    ("NC_", 60925, 1),  # RefSeq: T2T-CHM13v2.0
    ("CP", 68277, -1),  # GenBank: T2T-CHM13v2.0
)
_ACCESSION: Final[dict[str, str]] = {
    f"{prefix}{first + step * number:06}": chromosome
    for prefix, first, step in _SERIES
    for number, chromosome in enumerate(HUMAN)
} | {"CP086569": "Y", "NC_012920": MITOCHONDRIAL, "J01415": MITOCHONDRIAL}

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


def chromosome(name: str) -> str:
    """A chromosome's bare name: 20 for chr20, 20, NC_000020.11 and CM000682.2; MT for chrM; any other as it is."""
    accession, _, version = name.partition(".")
    if version.isdecimal() and accession in _ACCESSION:
        return _ACCESSION[accession]
    bare = name[3:] if name[:3].lower() == "chr" else name
    if bare.upper() in ("M", MITOCHONDRIAL):
        return MITOCHONDRIAL
    return bare.upper() if bare.upper() in HUMAN else bare


@lru_cache(maxsize=4096)
def find_record(names: tuple[str, ...], name: str) -> int | None:
    """Which of the records a name means: the one that is called so, or the only one of that chromosome."""
    if name in names:
        return names.index(name)
    alike = [number for number, bare in enumerate(_bare(names)) if bare == chromosome(name)]
    return alike[0] if len(alike) == 1 else None


def require_record(names: tuple[str, ...], name: str) -> int:
    """The record that a name means; ValueError with the names that there are, if there is none."""
    record = find_record(names, name)
    if record is None:
        raise ValueError(f"the genome has no record {shown(name)}; it has {listed(names)}")
    return record


def listed(names: Sequence[str]) -> str:
    """The first names, for a message."""
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")


@lru_cache(maxsize=4)
def _bare(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(chromosome, names))


def require_assembly(assembly: str | None) -> None:
    """Refuse an assembly whose lengths are not known here; None leaves the genome unchecked."""
    if assembly is not None:
        require_choice(assembly, "task.assembly", tuple(LENGTHS))


def check_assembly(genome: EncodedGenome, assembly: str | None) -> None:
    """Refuse a genome with two records of one chromosome, or with other lengths than the assembly's."""
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
    """The name of a place's record, and where the place lies in the genome's bases; ValueError if it does not."""
    number = require_record(genome.names, place.record)
    name, (first, last) = genome.names[number], genome.offsets[number : number + 2].tolist()
    if place.stop > last - first:
        raise ValueError(f"stop {place.stop:,} lies beyond the end of {name}, which has {last - first:,} bases")
    return name, slice(first + place.start, first + place.stop)
