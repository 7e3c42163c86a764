"""Score a whole VCF, chunk by chunk: memory does not grow with it, and an interrupted scoring goes on.

A chunk of records is one Parquet file while scores are made; in the end there is one file for all.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from genomask.analysis.variants.alleles import Allele, WindowSettings, read_alleles
from genomask.analysis.variants.clinvar import verdicts
from genomask.analysis.variants.predictor import Predictor, Scores, predict, scores
from genomask.console import progress, say
from genomask.files import whole
from genomask.genome.encoded import EncodedGenome
from genomask.genome.vcf import Record, read_records

CHUNK: Final = 2048  # records a part; 300 bp and LOGO: about 40 s of one core, and a few MB
COLUMNS: Final = (
    ("record", pa.int64()),  # of the VCF file, counted from 0
    ("chromosome", pa.string()),
    ("position", pa.int64()),  # as in the VCF: counted from 1
    ("id", pa.string()),
    ("reference", pa.string()),
    ("alternative", pa.string()),
    ("allele", pa.int32()),  # of its record, counted from 1
    ("class", pa.string()),
    ("significance", pa.string()),  # "pathogenic", "benign" or nothing
    ("shifted", pa.bool_()),
    ("why_not_scored", pa.string()),
    ("note", pa.string()),
)
SUMMARISED: Final = ("chromosome", "position", "reference", "alternative", *(name for name, _ in COLUMNS[7:]))


class Scoring(NamedTuple):
    """What records are scored with.

    Attributes:
        genome: What REF must match.
        predictors: Classifiers, on one device.
        windows: What a window is.
        batch: Windows at once.
        both_strands: Average over both strands.
    """

    genome: EncodedGenome
    predictors: Sequence[Predictor]
    windows: WindowSettings
    batch: int
    both_strands: bool


def score_vcf(vcf: Path, record_count: int, directory: Path, scoring: Scoring) -> list[Path]:
    """Fill a directory with one Parquet file a chunk of records, after those that are there already.

    Returns:
        All parts, in order.
    """
    done = len(_finished(directory))
    if done:
        say(f"resume at variant {min(done * CHUNK, record_count):,} of {record_count:,}")
    records = enumerate(read_records(vcf, skip=done * CHUNK), start=done * CHUNK)
    with progress("Scoring variants", record_count, unit="variants") as advance:
        advance(done * CHUNK)
        for number, chunk in enumerate(iter(lambda: list(islice(records, CHUNK)), []), start=done):
            write_part(_score(chunk, scoring), directory / part_name(number))
            advance(len(chunk))
    return _finished(directory)


def _score(chunk: Sequence[tuple[int, Record]], scoring: Scoring) -> pa.Table:
    """A table of the alleles of some records; a score is null where an allele has no window."""
    alleles = [
        (number, allele, significance)
        for number, record in chunk
        for allele, significance in zip(
            read_alleles(record, scoring.genome, scoring.windows),
            verdicts(record.info, len(record.alternatives)),
            strict=True,
        )
    ]
    rows = [_row(*each) for each in alleles]
    pairs = [(row, allele.windows) for row, (_, allele, _) in zip(rows, alleles, strict=True) if allele.windows]
    windows = [pair.reference for _, pair in pairs] + [pair.alternative for _, pair in pairs]
    logs = predict(scoring.predictors, windows, batch=scoring.batch, both_strands=scoring.both_strands)
    names = [each.name for each in scoring.predictors]
    for name, log in zip(names, logs, strict=True):
        found = scores(log[: len(pairs)], log[len(pairs) :])
        for (row, _), *values in zip(pairs, *(each.tolist() for each in found), strict=True):
            row.update(zip(columns_of(name), values, strict=True))
    return pa.Table.from_pylist(rows, schema=_schema(names))


def _row(number: int, allele: Allele, significance: str | None) -> dict[str, Any]:
    record, windows = allele.record, allele.windows
    alternative = record.alternatives[allele.number - 1]
    site = (number, record.chromosome, record.position, record.columns[2], record.reference, alternative, allele.number)
    said = (allele.kind, significance, windows.shifted if windows else None, allele.why, allele.note or None)
    return dict(zip((name for name, _ in COLUMNS), (*site, *said), strict=True))


def columns_of(name: str) -> list[str]:
    """Columns of one classifier."""
    return [f"{name}_{score}" for score in Scores._fields]


def _schema(names: Sequence[str]) -> pa.Schema:
    return pa.schema([*COLUMNS, *((column, pa.float64()) for name in names for column in columns_of(name))])


def write_part(part: pa.Table, path: Path) -> None:
    """Write one chunk; the file appears whole or not at all."""
    with whole(path) as unfinished:
        pq.write_table(part, unfinished)


def part_name(number: int) -> str:
    """Name of a chunk's file, counted from 0."""
    return f"{number:08d}.parquet"


def _finished(directory: Path) -> list[Path]:
    """The chunks that are whole, without a gap from the first one on."""
    found = {path.name: path for path in directory.glob("*.parquet")}
    return [found[name] for name in map(part_name, range(len(found))) if name in found]


def join(parts: Sequence[Path], path: Path, names: Sequence[str]) -> None:
    """Write all chunks into one file, one in memory at a time."""
    with pq.ParquetWriter(path, _schema(names)) as writer:
        for part in parts:
            writer.write_table(pq.read_table(part))


def read_rows(path: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table (some of its columns, or all), one row group in memory at a time."""
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            yield from file.read_row_group(number, columns=columns).to_pylist()


def summarise(scored: Path) -> dict[str, Any]:
    """Count alleles by class and by the reason why they are not scored, with the first of each reason."""
    alleles = shifted = verdict_count = 0
    classes, reasons, first = Counter(), Counter(), {}
    for row in read_rows(scored, SUMMARISED):
        alleles += 1
        shifted += bool(row["shifted"])
        why = row["why_not_scored"]
        if why is None:
            verdict_count += row["significance"] is not None
            classes[row["class"]] += 1
            continue
        reasons[why] += 1
        site = f"{row['chromosome']}:{row['position']} {row['reference'][:50]}>{row['alternative'][:50]}"
        first.setdefault(why, site + (f" ({row['note']})" if row["note"] else ""))
    return {
        "alleles": alleles,
        "scored": classes.total(),
        "scored_by_class": dict(sorted(classes.items())),
        "shifted": shifted,
        "with_significance": verdict_count,
        "not_scored": dict(sorted(reasons.items())),
        "first_not_scored": dict(sorted(first.items())),
    }
