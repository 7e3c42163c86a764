"""Is a word commoner in positives than in negatives, among sequences of like composition?

Sequences are put into strata of similar GC content, and every comparison is made within a stratum: what a
word owes to composition alone does not count. One stratum is the ordinary comparison, Fisher's test.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from scipy.stats import hypergeom

Counts = Int64[np.ndarray, "strata words"]


class Sizes(NamedTuple):
    """Sequences of both classes, and positive ones, in every stratum."""

    both: Int64[np.ndarray, " strata"]
    positive: Int64[np.ndarray, " strata"]


def gc_edges(share: Float64[np.ndarray, " rows"], strata: int) -> Float64[np.ndarray, " edges"]:
    """Inner edges of strata of about the same size; fewer where many rows have the same share."""
    return np.unique(np.quantile(share, np.arange(1, strata) / strata))


def score(having: Counts, having_positive: Counts, sizes: Sizes) -> Float64[np.ndarray, " words"]:
    """Mantel and Haenszel's z of every word; positive where the word is commoner in positives.

    Args:
        having: Sequences of both classes that hold the word, by stratum.
        having_positive: The positive ones among them.
        sizes: Sequences of every stratum.

    Returns:
        Standard deviations above what is expected if the class did not matter; 0 for a word that no
        sequence of a stratum with both classes tells anything about.
    """
    both, positive = (size[:, None].astype(np.float64) for size in sizes)
    expected = positive * having / both
    spread = expected * (both - positive) / both * (both - having) / np.maximum(both - 1, 1)
    deviation = (having_positive - expected).sum(axis=0)
    deviation_sd = np.sqrt(spread.sum(axis=0))
    return np.divide(deviation, deviation_sd, out=np.zeros_like(deviation), where=deviation_sd > 0)


def exact_p(having: Int64[np.ndarray, " strata"], having_positive: Int64[np.ndarray, " strata"], sizes: Sizes) -> float:
    """Probability of as many positives with the word or more, if the class did not matter within strata.

    Exact: the sum of one hypergeometric number a stratum. One stratum gives Fisher's one-sided test.
    """
    law, least = np.ones(1), 0
    for both, positive, held in zip(*sizes, having, strict=True):
        low = max(0, held - (both - positive))
        support = np.arange(low, min(held, positive) + 1)
        law = np.convolve(law, hypergeom.pmf(support, both, held, positive))
        least += low
    return float(min(1.0, law[max(0, int(having_positive.sum()) - least) :].sum()))
