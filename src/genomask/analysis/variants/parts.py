"""Scores on disk: one Parquet file a chunk of records while they are made, one for all in the end."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from genomask.analysis.variants.alleles import Allele
from genomask.analysis.variants.scores import Scores
from genomask.files import whole

ROW: Final = (
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


def columns_of(name: str) -> list[str]:
    """Columns of one classifier."""
    return [f"{name}_{score}" for score in Scores._fields]


def schema(names: Sequence[str]) -> pa.Schema:
    """Columns of a table of scores: one row an allele; a score is null where there is none."""
    return pa.schema([*ROW, *((column, pa.float64()) for name in names for column in columns_of(name))])


def table(alleles: Sequence[tuple[int, Allele, str | None]], names: Sequence[str], found: Sequence[Scores]) -> pa.Table:
    """A table of alleles (record number, allele, significance), with the scores of those with windows."""
    rows = [_row(*each) for each in alleles]
    columns: dict[str, Any] = {field: [row[place] for row in rows] for place, (field, _) in enumerate(ROW)}
    place = np.flatnonzero([allele.windows is not None for _, allele, _ in alleles])
    absent = np.ones(len(rows), dtype=bool)
    absent[place] = False
    for name, each in zip(names, found, strict=True):
        for column, values in zip(columns_of(name), each, strict=True):
            whole = np.zeros(len(rows))
            whole[place] = values
            columns[column] = pa.array(whole, mask=absent)
    return pa.table(columns, schema=schema(names))


def write_part(part: pa.Table, path: Path) -> None:
    """Write one chunk; the file appears whole or not at all."""
    with whole(path) as unfinished:
        pq.write_table(part, unfinished)


def finished_parts(directory: Path) -> list[Path]:
    """The chunks of an interrupted scoring that are whole, without a gap from the first one on."""
    found = {path.name: path for path in directory.glob("*.parquet")}
    names = (part_name(number) for number in range(len(found)))
    return [found[name] for name in names if name in found]


def part_name(number: int) -> str:
    """Name of a chunk's file, counted from 0."""
    return f"{number:08d}.parquet"


def join(parts: Sequence[Path], path: Path, names: Sequence[str]) -> None:
    """Write all chunks into one file, one in memory at a time."""
    with pq.ParquetWriter(path, schema(names)) as writer:
        for part in parts:
            writer.write_table(pq.read_table(part))


def read_rows(path: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table (some of its columns, or all), one row group in memory at a time."""
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            yield from file.read_row_group(number, columns=columns).to_pylist()


def _row(number: int, allele: Allele, significance: str | None) -> tuple[Any, ...]:
    record = allele.record
    return (
        number,
        record.chromosome,
        record.position,
        record.columns[2],
        record.reference,
        record.alternatives[allele.number - 1],
        allele.number,
        allele.kind,
        significance,
        allele.windows.shifted if allele.windows else None,
        allele.why,
        allele.note or None,
    )
