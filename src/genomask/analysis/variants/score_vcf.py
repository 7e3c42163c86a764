"""Score a whole VCF, a Parquet file per chunk: memory does not grow with it, and an interrupted scoring goes on."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pysam

from genomask.analysis.variants.alleles import Allele, WindowSettings, read_alleles
from genomask.analysis.variants.comparison import verdicts
from genomask.analysis.variants.scores import Predictor, Scores, predict, scores
from genomask.console import progress, say
from genomask.files import whole
from genomask.genome.encoded import EncodedGenome
from genomask.genome.vcf import INFO, Record, VcfSummary, read_records

CHUNK: Final = 2048  # records a part; 300 bp and LOGO: about 40 s of one core, and a few MB
# Records are counted from 0 in the file, positions and the alleles of a record from 1; significance is "pathogenic",
# "benign" or nothing.
COLUMNS: Final = dict.fromkeys(
    ("record", "chromosome", "position", "id", "reference", "alternative", "allele", "class", "significance",
     "shifted", "why_not_scored", "note"), pa.string(),
) | {"record": pa.int64(), "position": pa.int64(), "allele": pa.int32(), "shifted": pa.bool_()}  # fmt: skip
PREFIX: Final = "GM"
_MEANING: Final = {
    "p_ref": "probability of class {positive} with the reference allele",
    "p_alt": "probability of class {positive} with the alternative allele",
    "delta": "p_alt - p_ref",
    "abs_delta": "size of p_alt - p_ref",
    "diff": "(p_alt - p_ref) * max(p_ref, p_alt)",
    "log_odds": "log2 odds of p_ref - log2 odds of p_alt; above 0 is a loss",
}
SUMMARISED: Final = ("chromosome", "position", "reference", "alternative", *list(COLUMNS)[7:])


class Scoring(NamedTuple):
    """What records are scored with: ``predictors`` are on one device, ``batch`` counts windows at once."""

    genome: EncodedGenome
    predictors: Sequence[Predictor]
    windows: WindowSettings
    batch: int
    both_strands: bool


def score_vcf(vcf: Path, record_count: int, directory: Path, scoring: Scoring) -> list[Path]:
    """Fill a directory with one Parquet file a chunk of records, after those that are there already; all, in order."""
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
    rows, pairs = [], []
    for number, record in chunk:
        said = verdicts(record.info, len(record.alternatives))
        for allele, significance in zip(read_alleles(record, scoring.genome, scoring.windows), said, strict=True):
            rows.append(_row(number, allele, significance))
            pairs += [(rows[-1], allele.windows)] if allele.windows else []
    windows = [pair.reference for _, pair in pairs] + [pair.alternative for _, pair in pairs]
    for each in scoring.predictors:
        log = predict(each, windows, batch=scoring.batch, both_strands=scoring.both_strands)
        found = scores(log[: len(pairs)], log[len(pairs) :])
        for (row, _), *values in zip(pairs, *(score.tolist() for score in found), strict=True):
            row.update(zip(columns_of(each.name), values, strict=True))
    return pa.Table.from_pylist(rows, schema=_schema([each.name for each in scoring.predictors]))


def _row(number: int, allele: Allele, significance: str | None) -> dict[str, Any]:
    record, windows = allele.record, allele.windows
    alternative = record.alternatives[allele.number - 1]
    site = (number, record.chromosome, record.position, record.columns[2], record.reference, alternative, allele.number)
    said = (allele.kind, significance, windows.shifted if windows else None, allele.why, allele.note or None)
    return dict(zip(COLUMNS, (*site, *said), strict=True))


def columns_of(name: str) -> list[str]:
    """Columns of one classifier."""
    return [f"{name}_{score}" for score in Scores._fields]


def _schema(names: Sequence[str]) -> pa.Schema:
    return pa.schema([*COLUMNS.items(), *((column, pa.float64()) for name in names for column in columns_of(name))])


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
    """Yield the rows of a table (some of its columns, or all), one batch in memory at a time."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=columns):
            yield from batch.to_pylist()


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


def field(name: str, score: str) -> str:
    """ID of an INFO field: ``GM_DELTA_name``."""
    return f"{PREFIX}_{score.upper()}_{name}"


def header_lines(positives: Mapping[str, str]) -> list[str]:
    """What the header says of our fields, given the positive class of every classifier."""
    texts = [
        f'##INFO=<ID={PREFIX}_CLASS,Number=A,Type=String,Description="Class of the variant">',
        f'##INFO=<ID={PREFIX}_WHY,Number=A,Type=String,Description="Why the allele is not scored">',
    ]
    for name, positive in positives.items():
        quoted = positive.replace("\\", "\\\\").replace('"', '\\"')
        for score in Scores._fields:
            meaning = _MEANING[score].format(positive=quoted)
            texts.append(f'##INFO=<ID={field(name, score)},Number=A,Type=Float,Description="{name}: {meaning}">')
    return texts


def check_header(source: VcfSummary, positives: Mapping[str, str], path: Path) -> None:
    """Raise ValueError, naming the line, for a VCF that has fields of these names already."""
    ours = {line.split(",")[0] for line in header_lines(positives)}
    for number, line in enumerate(source.header, start=1):
        if line.split(",")[0] in ours:
            raise ValueError(
                f"{path}, line {number}: the header has {line.split(',')[0]} already. "
                "Give the VCF that it was made from, or other variants.names."
            )


def write_vcf(
    path: Path, source: Path, summary: VcfSummary, rows: Iterable[dict[str, Any]], positives: Mapping[str, str]
) -> None:
    """Write ``path`` (.vcf.gz) as bgzip, and beside it an index (.tbi) if the records come in order.

    ``rows`` are the alleles of ``source`` in its order, ``positives`` the positive class by classifier.
    """
    head = [*summary.header[:-1], *header_lines(positives), summary.header[-1]]
    with pysam.BGZFile(str(path), "wb", None) as file:
        for line in chain(head, _annotated(source, rows, list(positives))):
            file.write(f"{line}\n".encode("utf-8", "surrogateescape"))
    said = pysam.set_verbosity(0)
    try:
        pysam.tabix_index(str(path), preset="vcf", force=True)
    except OSError:  # records out of order have no index
        path.with_name(f"{path.name}.tbi").unlink(missing_ok=True)
    finally:
        pysam.set_verbosity(said)


def _annotated(source: Path, rows: Iterable[dict[str, Any]], names: Sequence[str]) -> Iterator[str]:
    by_record = groupby(rows, key=lambda row: row["record"])
    for record, (_, alleles) in zip(read_records(source), by_record, strict=True):
        given, ours = record.columns[INFO], info(list(alleles), names)
        columns = [*record.columns[:INFO], ours if given in (".", "") else f"{given};{ours}"]
        yield "\t".join([*columns, *record.columns[INFO + 1 :]])


def info(alleles: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    """Our INFO fields for the alleles of one record; a dot where an allele has no value."""
    columns = {f"{PREFIX}_CLASS": "class", f"{PREFIX}_WHY": "why_not_scored"}
    columns |= {field(name, score): f"{name}_{score}" for name in names for score in Scores._fields}
    entries = []
    for key, column in columns.items():
        values = [allele[column] for allele in alleles]
        texts = ("." if v is None else v if isinstance(v, str) else f"{v:.6g}" for v in values)
        entries += [f"{key}={','.join(texts)}"] if any(value is not None for value in values) else []
    return ";".join(entries)
