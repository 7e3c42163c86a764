"""Reads a VCF file (plain, gzip or bgzip), line by line; a mistake in it names the file and the line."""

import hashlib
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from genomask.text_files import read_lines, wrong_line

FIXED: Final = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
ALT, INFO = FIXED.index("ALT"), FIXED.index("INFO")
_POSITION: Final = re.compile(r"\d{1,10}", re.ASCII)  # the standard has 32-bit positions
_BASES: Final = "[ACGTRYSWKMBDHVN]+"
_LETTERS: Final = re.compile(_BASES, re.IGNORECASE)
_ALLELE: Final = re.compile(  # VCF 4.3: bases, overlapping deletion, missing, <ID>, breakends, single breakends
    rf"{_BASES}|\*|\.|<[^<>\s,]+>|[^\s,]*[\[\]][^\s,]*|{_BASES}\.|\.{_BASES}", re.IGNORECASE
)


class Record(NamedTuple):
    """One line of a VCF file: a site and its alternative alleles; ``position`` is 1-based."""

    columns: list[str]
    chromosome: str
    position: int
    reference: str
    alternatives: list[str]

    @property
    def info(self) -> dict[str, str]:
        """INFO as written; a flag has the value ''."""
        pairs = (entry.partition("=") for entry in self.columns[INFO].split(";"))
        return {key: value for key, _, value in pairs}


class VcfSummary(NamedTuple):
    """The text of a VCF file, whatever it is packed in: SHA-256, header lines, number of records."""

    sha256: str
    header: tuple[str, ...]
    record_count: int


def survey(path: Path) -> VcfSummary:
    """Read and check a VCF file to its last line; ValueError naming the line that is wrong."""
    digest, header, count = hashlib.sha256(), list[str](), 0
    for line, record in _parsed(path):
        digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
        if record is None:
            header.append(line)
        else:
            count += 1
    return VcfSummary(digest.hexdigest(), tuple(header), count)


def read_records(path: Path, *, skip: int = 0) -> Iterator[Record]:
    """Yield the records in file order, after the first ``skip`` of them. Raises as ``survey`` does."""
    return islice((record for _, record in _parsed(path) if record is not None), skip, None)


def _parsed(path: Path) -> Iterator[tuple[str, Record | None]]:
    """Every line that is not blank, and its record if it is none of the header."""
    path, number, header, last, count = path.expanduser(), 0, "", 0, 0
    if not path.is_file():
        raise FileNotFoundError(f"variants.vcf needs a VCF file; there is none at {path}.")
    if path.suffix == ".bcf":
        raise ValueError(f"{path} is BCF; make a VCF of it: bcftools view {path} -Oz -o {path.with_suffix('.vcf.gz')}")
    for number, line in read_lines(path, any_bytes=True):
        if number == 1 and not line.startswith("##fileformat=VCF"):
            raise wrong_line(path, 1, "a VCF begins with ##fileformat=VCF")
        if line.startswith("#"):
            if count:
                raise wrong_line(path, number, f"a line of the header comes after a record: {line[:40]!r}")
            header, last = line, number
            yield line, None
        elif line:
            if not header.startswith("#CHROM"):
                raise wrong_line(path, number, "a record comes before the line #CHROM")
            if not count:
                _check_columns(path, last, header)
            count += 1
            yield line, _record(path, number, line, header.count("\t") + 1)
    if number == 0:
        raise wrong_line(path, 1, "the file is empty")
    _check_columns(path, last, header)


def _check_columns(path: Path, number: int, line: str) -> None:
    if tuple(line.split("\t")[:8]) != FIXED:
        raise wrong_line(path, number, f"a VCF needs the columns {' '.join(FIXED)}, divided by tabs")


def _record(path: Path, number: int, line: str, width: int) -> Record:
    columns = line.split("\t")
    if len(columns) != width:
        wanted = "a record has at least 8 columns divided by tabs, as many as #CHROM"
        raise wrong_line(path, number, f"{wanted}; found {len(columns)}")
    chromosome, position, _, reference, alternatives = columns[:5]
    if not chromosome or not _POSITION.fullmatch(position):
        raise wrong_line(path, number, f"POS must be a number; found {position!r}")
    if not _LETTERS.fullmatch(reference):
        raise wrong_line(path, number, f"REF must be bases; found {reference!r}")
    alleles = alternatives.split(",")
    for allele in alleles:
        if not _ALLELE.fullmatch(allele):
            raise wrong_line(path, number, f"ALT must be bases, <ID>, *, a breakend or .; found {allele!r}")
    return Record(columns, chromosome, int(position), reference.upper(), alleles)
