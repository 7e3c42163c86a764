"""Row ``pmi``: the score of every k-mer, beside an enumeration of all its segmentations."""

import math
from collections.abc import Callable, Mapping
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from benchmarks.inputs import Inputs
from benchmarks.row import Comparison, Contender, Row
from genomask.alphabet import kmer_code, kmer_table
from genomask.genome.counts import count_kmers
from genomask.ranking.pmi import RARE_COUNT, normalized_pmi, pmi, pmi_by_length

Counts = list[np.ndarray]


def six(inputs: Inputs) -> Row:
    """The 4,096 6-mers."""
    counts = count_kmers(inputs.encoded.bases, inputs.encoded.runs, k=6)
    log_prob = [_log_probabilities(table) for table in counts]
    shown = kmer_table(6)[:: 64 if inputs.quick else 1]
    contenders = {
        "genomask": Contender(lambda: _scores(counts)),
        "every segmentation": Contender(lambda: enumerate_splits(counts, log_prob, shown), len(shown) / 4**6),
        "copy of the counts": Contender(lambda: [table.copy() for table in counts]),
    }
    return Row(
        "Normalized-PMI of all 6-mers, from counts",
        (4**6 / 1e3, "thousand k-mers"),
        contenders,
        (Comparison("genomask", "every segmentation", 800), Comparison("genomask", "copy of the counts")),
        _close("every segmentation", [kmer_code(kmer) for kmer in shown]),
        clock="cpu",
        note="The reference gets its logarithms for nothing; it goes through the 31 splits of each 6-mer.",
    )


def up_to_ten(inputs: Inputs) -> Row:
    """All lengths from 2 to 10: 1,398,096 k-mers."""
    counts = count_kmers(inputs.encoded.bases, inputs.encoded.runs, k=10)
    log_prob = [_log_probabilities(table) for table in counts]
    shown = kmer_table(10)[:: 4**10 // (8 if inputs.quick else 64)]
    total = sum(4**n for n in range(2, 11))
    contenders = {
        "genomask": Contender(lambda: _scores_by_length(counts)[-1]),
        "every segmentation": Contender(lambda: enumerate_splits(counts, log_prob, shown), len(shown) / 4**10),
    }
    return Row(
        "Normalized-PMI of all k-mers of 2 to 10 bases, from counts",
        (total / 1e6, "million k-mers"),
        contenders,
        (Comparison("genomask", None, 0.025), Comparison("genomask", "every segmentation")),
        _close("every segmentation", [kmer_code(kmer) for kmer in shown]),
        clock="cpu",
        note="The reference scores a sample of the 10-mers only; its time is extrapolated to all 10-mers.",
    )


def _scores(counts: Counts) -> np.ndarray:
    return normalized_pmi(pmi(counts), counts[-1])


def _scores_by_length(counts: Counts) -> Counts:
    return [normalized_pmi(*pair) for pair in zip(pmi_by_length(counts), counts[1:], strict=True)]


def enumerate_splits(counts: Counts, log_prob: list[dict[str, float]], kmers: list[str]) -> list[float]:
    """Eq. 1 and Eq. 2 read literally: the likeliest of all ways to cut a k-mer, one after the other."""
    k = len(kmers[0])
    cuts = [chosen for size in range(1, k) for chosen in combinations(range(1, k), size)]
    scores = []
    for kmer in kmers:
        best = -math.inf
        for chosen in cuts:
            edges = (0, *chosen, k)
            pieces = [kmer[start:stop] for start, stop in pairwise(edges)]
            best = max(best, sum(log_prob[len(piece) - 1][piece] for piece in pieces))
        count = int(counts[-1][kmer_code(kmer)])
        own = log_prob[k - 1][kmer]
        discount = math.log(max(count, 1)) / (math.log(RARE_COUNT) + math.log(max(count, 1)))
        scores.append((own - best) * discount if count else -math.inf)
    return scores


def _log_probabilities(table: np.ndarray) -> dict[str, float]:
    total, kmers = int(table.sum()), kmer_table(round(math.log(len(table), 4)))
    pairs = zip(kmers, table.tolist(), strict=True)
    return {kmer: math.log(count / total) if count else -math.inf for kmer, count in pairs}


def _close(reference: str, codes: list[int]) -> Callable[[Mapping[str, Any]], str]:
    def check(results: Mapping[str, Any]) -> str:
        ours, theirs = results["genomask"][codes], np.array(results[reference])
        finite = np.isfinite(theirs)
        same = np.array_equal(finite, np.isfinite(ours))
        if not (same and np.allclose(ours[finite], theirs[finite], atol=1e-12)):
            raise ValueError(f"the scores of some of {len(codes)} k-mers differ from {reference}")
        return f"{len(codes):,} scores within 1e-12"

    return check
