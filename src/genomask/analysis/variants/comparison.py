"""Score lists beside each other: agreement at the top (Fig. 2), and ClinVar's verdicts as a truth."""

import re
from collections.abc import Mapping, Sequence
from itertools import combinations, groupby
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from genomask.analysis.figure_style import MASKING_COLOUR, look
from genomask.checks import require
from genomask.seeds import generator

BAND: Final = (2.5, 97.5)  # percentiles of the bootstrap: a band of 95 %
Alleles = Int64[np.ndarray, " alleles"]
KEYS: Final = ("CLNSIG", "CLINICAL_SIGNIFICANCE")  # ClinVar's own VCF; tables made from its XML
_PATHOGENIC: Final = {"pathogenic", "likely_pathogenic", "4", "5"}
_BENIGN: Final = {"benign", "likely_benign", "2", "3"}
_DOUBT: Final = {"uncertain_significance", "0"}
CLASSES: Final = ("all", "snv", "mnv", "insertion", "deletion", "indel")


class Overlap(NamedTuple):
    """Share of the ``top`` alleles that two lists have in common, and of unrelated lists (``chance``)."""

    classifier: str
    reference: str
    top: int
    total: int
    overlap: float
    low: float
    high: float
    chance: float


def overlaps(
    lists: Mapping[str, Float64[np.ndarray, " alleles"]],
    *,
    reference: str | None,
    tops: Sequence[int],
    resamples: int,
    seed: int,
) -> list[Overlap]:
    """Compare score lists over the same alleles, by classifier; the highest scores count.

    Args:
        lists: Scores by the name of their classifier; equal ones come in an order drawn for each list by itself.
        reference: The list that all others are compared with (ValueError if it is none); None compares every pair.
        tops: Numbers of alleles; one above the total stands for the total.
        resamples: How often the alleles are drawn again, with replacement, for the bands.
        seed: Draws the order among equal scores, and the resamples.
    """
    if reference is not None:
        require(reference in lists, "variants.reference", f"one of {', '.join(lists)}", reference)
    total = len(next(iter(lists.values())))
    require(total, "An overlap", "alleles that were scored", total)
    sizes = np.unique(np.minimum(tops, total))
    orders = {name: order(score, generator(seed, "ties", name)) for name, score in lists.items()}
    found = []
    others = [(name, reference) for name in lists if name != reference] if reference else combinations(lists, 2)
    for one, other in others:
        both = orders[one], orders[other]
        exact = shared(*both, np.ones(total, dtype=np.int64), sizes)
        draw = generator(seed, "overlap", one, other)
        weights = (np.bincount(draw.integers(total, size=total), minlength=total) for _ in range(resamples))
        bands = np.percentile([shared(*both, weight, sizes) for weight in weights], BAND, axis=0)
        rows = zip(sizes.tolist(), *np.vstack((exact, bands, sizes / total)).tolist(), strict=True)
        found += [Overlap(one, other, top, total, *shares) for top, *shares in rows]
    return found


def order(score: Float64[np.ndarray, " alleles"], draw: np.random.Generator) -> Alleles:
    """Alleles from the highest score down, equal ones in a drawn order."""
    return np.lexsort((draw.permutation(len(score)), -score))


def shared(
    one: Alleles, other: Alleles, weight: Alleles, sizes: Int64[np.ndarray, " sizes"]
) -> Float64[np.ndarray, " sizes"]:
    """Share of the first ``sizes`` alleles of two orders that is in both; each is there ``weight`` times."""
    before = np.empty((2, len(weight)), dtype=np.int64)
    for row, first in zip(before, (one, other), strict=True):
        row[first] = weight[first].cumsum() - weight[first]
    return np.array([np.clip(size - before, 0, weight).min(axis=0).sum() / size for size in sizes])


def overlap_figure(rows: Sequence[Overlap]) -> Figure:
    """Draw one line with its band for every pair of lists, and the line of chance."""
    references = {row.reference for row in rows}
    alone, longest = len(references) == 1, max(rows, key=lambda row: row.top)
    with look():
        figure = Figure(figsize=(5.2, 3.4))
        axes = figure.subplots()
        for (one, other), group in groupby(rows, key=lambda row: row[:2]):
            points = list(group)
            tops, shares, low, high = zip(*((row.top, row.overlap, row.low, row.high) for row in points), strict=True)
            name, colour = (one, MASKING_COLOUR.get(one)) if alone else (f"{one} and {other}", None)
            (line,) = axes.plot(tops, shares, marker="o", color=colour, label=name)
            axes.fill_between(tops, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
        ends = [0, longest.top]
        axes.plot(ends, [top / longest.total for top in ends], color="0.4", linestyle="--", label="chance")
        whom = f" with {references.pop()}" if alone else ""
        axes.set(xlabel="N", ylim=(0, 1), xlim=(0, longest.top * 1.03), ylabel=f"overlap of the top N{whom}")
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1))
        axes.set_title(f"{longest.total:,} alleles; bands: 95 % of resamples", fontsize="medium")
        axes.legend()
    return figure


def verdict(text: str) -> str | None:
    """One verdict from all that was submitted, likely ones included; None for doubt, both kinds, or nothing of it."""
    terms = {term.strip("_ ").lower().replace(" ", "_") for term in re.split(r"[|/,;]", text)}
    doubt = terms & _DOUBT or any(term.startswith("conflicting") for term in terms)
    pathogenic, benign = bool(terms & _PATHOGENIC), bool(terms & _BENIGN)
    return None if doubt or pathogenic == benign else "pathogenic" if pathogenic else "benign"


def verdicts(info: Mapping[str, str], allele_count: int) -> list[str | None]:
    """The verdict on every alternative allele of a record: one for all, or one for each that CLNALLE numbers."""
    text = next((info[key] for key in KEYS if info.get(key)), None)
    if text is None:
        return [None] * allele_count
    numbers, entries = info.get("CLNALLE", "").split(","), text.split(",")
    if numbers == [""] or len(numbers) != len(entries):
        return [verdict(text)] * allele_count
    said = dict(zip(numbers, entries, strict=True))
    return [verdict(said.get(str(number), "")) for number in range(1, allele_count + 1)]


class Separation(NamedTuple):
    """How well one score list separates one class, or the reason why that is undefined.

    AUPRC is average precision; its chance is the share of pathogenic alleles. Bands are over resamples within groups.
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
    weight = np.ones(len(score), dtype=np.int64)
    values = [areas(rank, pathogenic, weight)]
    for _ in range(resamples):
        for group, count in zip((pathogenic, ~pathogenic), counts, strict=True):
            weight[group] = np.bincount(draw.integers(count, size=count), minlength=count)
        values.append(areas(rank, pathogenic, weight))
    bands = np.vstack((values[0], np.percentile(values[1:], BAND, axis=0))).T.ravel().tolist()
    return Separation._make((classifier, variant_class, *counts, *bands, counts[0] / sum(counts), None))


def ranks(score: Float64[np.ndarray, " alleles"]) -> Int64[np.ndarray, " alleles"]:
    """Places from the highest score (0) down; equal scores share a place."""
    return np.unique(-score, return_inverse=True)[1].reshape(-1)


def areas(
    rank: Int64[np.ndarray, " alleles"], positive: Bool[np.ndarray, " alleles"], weight: Int64[np.ndarray, " alleles"]
) -> tuple[float, float]:
    """AUROC and average precision of a ranking whose alleles count ``weight`` times."""
    hits = np.bincount(rank, weight * positive)
    misses = np.bincount(rank, weight * ~positive, minlength=len(hits))
    found, wrong = hits.cumsum(), misses.cumsum()
    auroc = float((misses * (found - hits / 2)).sum() / (found[-1] * wrong[-1]))
    precision = found / np.maximum(found + wrong, 1)
    return auroc, float((hits * precision).sum() / found[-1])
