"""Tracks: one value for every base of a genome, from BED, bigWig or VCF files, kept beside its bases."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from genomask.checks import require
from genomask.console import say
from genomask.files import sha256
from genomask.genome.encoded import TRACK_FILE, open_genome
from genomask.genome.names import find_record, place_in
from genomask.genome.places import Place, read_bed
from genomask.genome.vcf import read_records

_NAME: Final = re.compile(r"[A-Za-z]\w*", re.ASCII)
_BIGWIG: Final = re.compile(r"\.(bw|bigwig)$", re.IGNORECASE)
_VCF: Final = re.compile(r"\.(vcf(\.b?gz)?|bcf)$", re.IGNORECASE)  # BCF is refused by the reader of VCF
_AT_ONCE: Final = 1 << 20  # bases of a bigWig file

Filled = tuple[str, Place, Any]  # where in the file, place, value or values


def check_tracks(tracks: Any) -> None:
    """Refuse what is no mapping of names, as files can have them, to files."""
    fits = tracks is None or (isinstance(tracks, dict) and all(isinstance(path, str) for path in tracks.values()))
    require(fits, "genome.tracks", "{NAME: FILE, ...}, or null", tracks)
    for name in tracks or {}:
        require(_NAME.fullmatch(name), "genome.tracks", "names of letters, digits and _", name)


def fingerprint_tracks(tracks: Mapping[str, str] | None) -> dict[str, Any]:
    """What identifies the tracks: nothing if there are none, else their names and contents."""
    return {"tracks": {name: sha256(_existing(name, path)) for name, path in tracks.items()}} if tracks else {}


def write_tracks(tracks: Mapping[str, str] | None, directory: Path, *, left_out: Sequence[str] = ()) -> None:
    """Write tracks beside the genome that this directory holds. A BED interval has its score (column 5), or 1; the
    later of overlapping ones counts; a variant's REF has 1, all else 0. Intervals on records that the genome leaves out
    of its file are counted. Raises ValueError if a record is unknown, an interval ends beyond it, or all values are 0.
    """
    for name, path in (tracks or {}).items():
        genome, file, passed = open_genome(directory), _existing(name, path), 0
        values = np.memmap(directory / TRACK_FILE.format(name), np.float32, "w+", shape=(len(genome.bases),))
        read = _bigwig if _BIGWIG.search(file.name) else _vcf if _VCF.search(file.name) else _bed
        for where, place, value in read(file):
            known = find_record(genome.names, place.record) is not None
            if not known and find_record(tuple(left_out), place.record) is not None:
                passed += 1
                continue
            try:
                values[place_in(genome, place)[1]] = value
            except ValueError as error:
                raise ValueError(f"{where}: {error}.") from None
        require(values.any(), f"genome.tracks.{name}={path}", "a value other than 0", "none")
        values.flush()
        if passed:
            say(f"track {name}: {passed:,} intervals lie on records that the genome leaves out")


def _existing(name: str, path: str) -> Path:
    file = Path(path).expanduser()
    if not file.is_file():
        raise FileNotFoundError(f"genome.tracks.{name} needs a BED, bigWig or VCF file; there is none at {file}.")
    return file


def _bed(file: Path) -> Iterator[Filled]:
    for line, place, _, score in read_bed(file):
        yield f"{file}, line {line}", place, 1.0 if score is None else score


def _vcf(file: Path) -> Iterator[Filled]:
    for record in read_records(file):
        place = Place(record.chromosome, record.position - 1, record.position - 1 + len(record.reference), "+")
        yield f"{file}, {record.chromosome}:{record.position}", place, 1.0


def _bigwig(file: Path) -> Iterator[Filled]:
    import pyBigWig

    try:
        opened = pyBigWig.open(str(file))
    except RuntimeError:
        raise ValueError(f"{file} is no bigWig file, or a damaged one.") from None
    with opened:
        for record, length in opened.chroms().items():
            for start in range(0, length, _AT_ONCE):
                found = opened.values(record, start, min(start + _AT_ONCE, length), numpy=True)
                covered = np.flatnonzero(~np.isnan(found))
                if len(covered):
                    stop = int(covered[-1]) + 1
                    yield f"{file}, {record}", Place(record, start, start + stop, "+"), np.nan_to_num(found[:stop])
