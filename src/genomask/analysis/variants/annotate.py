"""A VCF with scores: every line as it was, with INFO fields of ours at its end."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pysam

from genomask.analysis.variants.predictor import Scores
from genomask.genome.vcf import INFO, VcfSummary, read_records

PREFIX: Final = "GM"
_MEANING: Final = {
    "p_ref": "probability of class {positive} with the reference allele",
    "p_alt": "probability of class {positive} with the alternative allele",
    "delta": "p_alt - p_ref",
    "abs_delta": "size of p_alt - p_ref",
    "diff": "(p_alt - p_ref) * max(p_ref, p_alt)",
    "log_odds": "log2 odds of p_ref - log2 odds of p_alt; above 0 is a loss",
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
    """Refuse a VCF that has fields of these names already.

    Raises:
        ValueError: Naming the line of its header.
    """
    ours = {line.split(",")[0] for line in header_lines(positives)}
    for number, line in enumerate(source.header, start=1):
        if line.split(",")[0] in ours:
            raise ValueError(
                f"{path}, line {number}: the header has {line.split(',')[0]} already. "
                "Give the VCF that it was made from, or other variants.names."
            )


def write_vcf(
    path: Path,
    source: Path,
    summary: VcfSummary,
    rows: Iterable[dict[str, Any]],
    positives: Mapping[str, str],
) -> None:
    """Write ``path`` as bgzip, and beside it an index (.tbi) if the records come in order.

    Args:
        path: Ends in ``.vcf.gz``.
        source: The VCF file that was scored.
        summary: What ``survey`` said of it.
        rows: Its alleles in order, as ``parts.read_rows`` gives them.
        positives: The positive class of every classifier, by its name.
    """
    head = [*summary.header[:-1], *header_lines(positives), summary.header[-1]]
    with pysam.BGZFile(str(path), "wb", None) as file:
        file.write(_bytes("\n".join(head) + "\n"))
        for line in _annotated(source, rows, list(positives)):
            file.write(_bytes(line + "\n"))
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
    return ";".join(
        f"{key}={','.join(_text(allele[column]) for allele in alleles)}"
        for key, column in columns.items()
        if any(allele[column] is not None for allele in alleles)
    )


def _text(value: float | str | None) -> str:
    if value is None:
        return "."
    return value if isinstance(value, str) else f"{value:.6g}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
