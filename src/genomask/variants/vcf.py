"""Reads a VCF file, plain, gzip or bgzip, line by line; a mistake in it names the file and the line."""

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

FIXED: Final = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
ALT, INFO = FIXED.index("ALT"), FIXED.index("INFO")
_GZIP: Final = b"\x1f\x8b"
_LETTERS: Final = re.compile(r"[ACGTRYSWKMBDHVN]+", re.IGNORECASE)
_ALLELE: Final = re.compile(r"[ACGTRYSWKMBDHVN]+|\*|\.|<[^<>\s,]+>|[^\s,]*[\[\]][^\s,]*", re.IGNORECASE)


class Record(NamedTuple):
    """One line of a VCF file: a site and its alternative alleles; ``position`` counts from 1."""

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
    """Read a VCF file once, without parsing its records.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no VCF, or is truncated or damaged.
    """
    digest, header, count = hashlib.sha256(), [], 0
    for number, line in _lines(path):
        digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
        if line.startswith("#"):
            header.append(line)
        elif count == 0 and (not header or not header[-1].startswith("#CHROM")):
            raise _wrong(path, number, "a record comes before the line #CHROM")
        count += not line.startswith("#")
    if not header or tuple(header[-1].split("\t")[:8]) != FIXED:
        raise _wrong(path, len(header), f"a VCF needs the columns {' '.join(FIXED)}, divided by tabs")
    return VcfSummary(digest.hexdigest(), tuple(header), count)


def read_records(path: Path, *, skip: int = 0) -> Iterator[Record]:
    """Yield the records in file order, after the first ``skip`` of them.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: Naming the line that is no VCF record.
    """
    for number, line in _lines(path):
        if line.startswith("#"):
            continue
        if skip:
            skip -= 1
            continue
        yield _record(path, number, line)


def _record(path: Path, number: int, line: str) -> Record:
    columns = line.split("\t")
    if len(columns) < len(FIXED):
        raise _wrong(path, number, f"a record has at least 8 columns divided by tabs; found {len(columns)}")
    chromosome, position, _, reference, alternatives = columns[:5]
    if not chromosome or not (position.isascii() and position.isdigit()):
        raise _wrong(path, number, f"POS must be a number; found {position!r}")
    if not _LETTERS.fullmatch(reference):
        raise _wrong(path, number, f"REF must be bases; found {reference!r}")
    alleles = alternatives.split(",")
    for allele in alleles:
        if not _ALLELE.fullmatch(allele):
            raise _wrong(path, number, f"ALT must be bases, <ID>, *, a breakend or .; found {allele!r}")
    return Record(columns, chromosome, int(position), reference.upper(), alleles)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, numbered from 1 and without their ends."""
    path = path.expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"variants.vcf needs a VCF file; there is none at {path}.")
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    opened = gzip.open if packed else open
    number = 0
    with opened(path, "rt", encoding="utf-8", errors="surrogateescape", newline="\n") as text:
        try:
            for number, line in enumerate(text, start=1):
                if number == 1 and not line.startswith("##fileformat=VCF"):
                    raise _wrong(path, 1, "a VCF begins with ##fileformat=VCF (convert BCF: bcftools view)")
                if stripped := line.rstrip("\r\n"):
                    yield number, stripped
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise _wrong(
                path, number, f"the file is truncated or damaged after this line ({error})"
            ) from error
    if number == 0:
        raise _wrong(path, 1, "the file is empty")


def _wrong(path: Path, number: int, problem: str) -> ValueError:
    return ValueError(f"{path}, line {number}: {problem}.")
