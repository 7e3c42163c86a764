"""The one resolver of chromosome names: UCSC's, Ensembl's, NCBI's and GenBank's mean the same record."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from genomask.checks import shown

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
    """The record that a name means. Raises ValueError if there is none, with the names that there are; without the file
    and line."""
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
