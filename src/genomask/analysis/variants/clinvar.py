"""ClinVar's verdicts on variants, and whether scores tell pathogenic from benign ones: AUROC and AUPRC by class."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from genomask.seeds import generator

PATHOGENIC, BENIGN = "pathogenic", "benign"
KEYS: Final = ("CLNSIG", "CLINICAL_SIGNIFICANCE")  # ClinVar's own VCF; tables made from its XML
_PATHOGENIC: Final = {"pathogenic", "likely_pathogenic", "4", "5"}
_BENIGN: Final = {"benign", "likely_benign", "2", "3"}
_DOUBT: Final = {"uncertain_significance", "0"}


def verdict(text: str) -> str | None:
    """One verdict from all that was submitted, or none.

    Likely counts as certain. Submissions that say nothing of it (not provided, drug response, risk factor,
    other) are passed over; uncertain or conflicting ones, or ones of both kinds, leave no verdict.
    """
    terms = {term.strip("_ ").lower().replace(" ", "_") for term in re.split(r"[|/,;]", text)}
    doubt = terms & _DOUBT or any(term.startswith("conflicting") for term in terms)
    pathogenic, benign = bool(terms & _PATHOGENIC), bool(terms & _BENIGN)
    if doubt or pathogenic == benign:
        return None
    return PATHOGENIC if pathogenic else BENIGN


def verdicts(info: Mapping[str, str], allele_count: int) -> list[str | None]:
    """The verdict on every alternative allele of a record.

    Where CLNALLE is there (2012 to 2017), CLNSIG has one entry for each of the alleles that it numbers;
    otherwise what is said holds for every allele of the record.
    """
    text = next((info[key] for key in KEYS if info.get(key)), None)
    if text is None:
        return [None] * allele_count
    numbers, entries = info.get("CLNALLE", "").split(","), text.split(",")
    if numbers == [""] or len(numbers) != len(entries):
        return [verdict(text)] * allele_count
    said = dict(zip(numbers, entries, strict=True))
    return [verdict(said[str(number)]) if str(number) in said else None for number in range(1, allele_count + 1)]


CLASSES: Final = ("all", "snv", "mnv", "insertion", "deletion", "indel")
_MIDDLE: Final = (2.5, 97.5)  # percentiles of the bootstrap: a band of 95 %


class Separation(NamedTuple):
    """How well one score list separates one class; no figures, but a reason, where that is undefined.

    AUPRC is average precision, to be held against ``chance_auprc``, the share of pathogenic alleles. Bands
    are percentiles of resamples drawn within each of the two groups.
    """

    classifier: str
    variant_class: str
    pathogenic_count: int
    benign_count: int
    auroc: float | None = None
    auroc_low: float | None = None
    auroc_high: float | None = None
    auprc: float | None = None
    auprc_low: float | None = None
    auprc_high: float | None = None
    chance_auprc: float | None = None
    reason: str | None = None


def separation(
    score: Float64[np.ndarray, " alleles"],
    pathogenic: Bool[np.ndarray, " alleles"],
    *,
    classifier: str,
    variant_class: str,
    resamples: int,
    seed: int,
) -> Separation:
    """Compare the scores of pathogenic alleles with those of benign ones."""
    counts = int(pathogenic.sum()), int((~pathogenic).sum())
    absent = [name for name, count in zip(("pathogenic", "benign"), counts, strict=True) if count == 0]
    if absent:
        return Separation(classifier, variant_class, *counts, reason=f"no {' and no '.join(absent)} allele")
    rank = ranks(score)
    draw = generator(seed, "clinvar", classifier, variant_class)
    each = np.ones(len(score), dtype=np.int64)
    values = [areas(rank, pathogenic, each)]
    for _ in range(resamples):
        weight = np.empty(len(score), dtype=np.int64)
        for group, count in zip((pathogenic, ~pathogenic), counts, strict=True):
            weight[group] = np.bincount(draw.integers(count, size=count), minlength=count)
        values.append(areas(rank, pathogenic, weight))
    (auroc, auprc), resampled = values[0], np.array(values[1:])
    (auroc_low, auprc_low), (auroc_high, auprc_high) = np.percentile(resampled, _MIDDLE, axis=0).tolist()
    return Separation(
        classifier, variant_class, *counts,
        auroc, auroc_low, auroc_high, auprc, auprc_low, auprc_high, counts[0] / sum(counts),
    )  # fmt: skip


def ranks(score: Float64[np.ndarray, " alleles"]) -> Int64[np.ndarray, " alleles"]:
    """Places from the highest score (0) down; equal scores share a place."""
    values, place = np.unique(score, return_inverse=True)
    return len(values) - 1 - place.reshape(-1)


def areas(
    rank: Int64[np.ndarray, " alleles"],
    positive: Bool[np.ndarray, " alleles"],
    weight: Int64[np.ndarray, " alleles"],
) -> tuple[float, float]:
    """AUROC and average precision of a ranking whose alleles count ``weight`` times."""
    hits = np.bincount(rank, weight * positive)
    misses = np.bincount(rank, weight * ~positive, minlength=len(hits))
    found, wrong = hits.cumsum(), misses.cumsum()
    auroc = float((misses * (found - hits / 2)).sum() / (found[-1] * wrong[-1]))
    precision = found / np.maximum(found + wrong, 1)
    return auroc, float((hits * precision).sum() / found[-1])
