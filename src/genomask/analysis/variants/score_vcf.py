"""Score a whole VCF, chunk by chunk: memory does not grow with it, and an interrupted scoring goes on."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa

from genomask.analysis.variants.alleles import WindowSettings, read_alleles
from genomask.analysis.variants.clinvar import verdicts
from genomask.analysis.variants.parts import finished_parts, part_name, read_rows, table, write_part
from genomask.analysis.variants.predictor import Predictor, predict
from genomask.analysis.variants.scores import scores
from genomask.analysis.variants.vcf import Record, read_records
from genomask.console import progress, say
from genomask.genome.encoded import EncodedGenome

CHUNK: Final = 2048  # records a part; 300 bp and LOGO: about 40 s of one core, and a few MB


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
    done = len(finished_parts(directory))
    if done:
        say(f"resume at variant {min(done * CHUNK, record_count):,} of {record_count:,}")
    records = enumerate(read_records(vcf, skip=done * CHUNK), start=done * CHUNK)
    with progress("Scoring variants", record_count, unit="variants") as advance:
        advance(done * CHUNK)
        for number, chunk in enumerate(iter(lambda: list(islice(records, CHUNK)), []), start=done):
            write_part(_score(chunk, scoring), directory / part_name(number))
            advance(len(chunk))
    return finished_parts(directory)


def summarise(scored: Path) -> dict[str, Any]:
    """Count alleles by class and by the reason why they are not scored, with the first of each reason."""
    columns = (
        "chromosome",
        "position",
        "reference",
        "alternative",
        "class",
        "shifted",
        "why_not_scored",
        "note",
        "significance",
    )
    alleles = shifted = verdict_count = 0
    classes, reasons, first = Counter(), Counter(), {}
    for row in read_rows(scored, columns):
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


def _score(chunk: Sequence[tuple[int, Record]], scoring: Scoring) -> pa.Table:
    alleles = [
        (number, allele, significance)
        for number, record in chunk
        for allele, significance in zip(
            read_alleles(record, scoring.genome, scoring.windows),
            verdicts(record.info, len(record.alternatives)),
            strict=True,
        )
    ]
    pairs = [allele.windows for _, allele, _ in alleles if allele.windows]
    windows = [pair.reference for pair in pairs] + [pair.alternative for pair in pairs]
    logs = predict(scoring.predictors, windows, batch=scoring.batch, both_strands=scoring.both_strands)
    found = [scores(log[: len(pairs)], log[len(pairs) :]) for log in logs]
    return table(alleles, [each.name for each in scoring.predictors], found)
