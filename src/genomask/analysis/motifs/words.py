"""Which sequences hold which words, both strands read as one, and which words are commoner in positives.

Sequences are put into strata of similar GC content, and every comparison is made within a stratum: what a
word owes to composition alone does not count. One stratum is the ordinary comparison, Fisher's test.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8
from scipy.stats import hypergeom

from genomask.alphabet import OTHER
from genomask.genome.sequences import gc_share

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


class Labelled(NamedTuple):
    """Sequences of two classes, and the stratum of GC content that each belongs to.

    Rows shorter than the widest end in ``OTHER``, and so does everything that was taken out.
    """

    bases: UInt8[np.ndarray, "rows bases"]
    positive: Bool[np.ndarray, " rows"]
    stratum: Int64[np.ndarray, " rows"]

    @property
    def sizes(self) -> Sizes:
        """Sequences of every stratum."""
        strata = int(self.stratum.max(initial=0)) + 1
        return Sizes(
            np.bincount(self.stratum, minlength=strata),
            np.bincount(self.stratum[self.positive], minlength=strata),
        )


def labelled(bases: UInt8[np.ndarray, "rows bases"], positive: Bool[np.ndarray, " rows"], *, strata: int) -> Labelled:
    """Put sequences into strata of GC content, of about the same size; one without bases goes into the lowest."""
    share = np.nan_to_num(gc_share(bases.ravel(), np.arange(len(bases) + 1) * bases.shape[1]))
    stratum = np.searchsorted(gc_edges(share, strata), share, side="right")
    return Labelled(bases, positive, np.unique(stratum, return_inverse=True)[1])


def word_codes(bases: UInt8[np.ndarray, "rows bases"], k: int) -> Int64[np.ndarray, "rows starts"]:
    """Code of the word at every start, or of its reverse complement if smaller; -1 if not all are bases."""
    starts = bases.shape[1] - k + 1
    forward = np.zeros((len(bases), starts), dtype=np.int64)
    backward, known = np.zeros_like(forward), np.ones(forward.shape, dtype=bool)
    for place in range(k):
        column = bases[:, place : place + starts]
        forward = forward * 4 + column
        backward += (column.astype(np.int64) ^ 1) << 2 * place
        known &= column < OTHER
    return np.where(known, np.minimum(forward, backward), -1)


def count_words(data: Labelled, k: int) -> tuple[Int64[np.ndarray, "strata words"], Int64[np.ndarray, "strata words"]]:
    """Sequences that hold each word of length k on either strand, by stratum: of both classes, and positive.

    Column c belongs to the word of code c; a word whose reverse complement has a smaller code has zeros.
    """
    codes = word_codes(data.bases, k)
    codes.sort(axis=1)
    first = codes >= 0
    first[:, 1:] &= codes[:, 1:] != codes[:, :-1]
    row, column = np.nonzero(first)
    cell = data.stratum[row] * 4**k + codes[row, column]
    strata = len(data.sizes.both)
    shape, cells = (strata, 4**k), strata * 4**k
    both = np.bincount(cell, minlength=cells).reshape(shape)
    return both, np.bincount(cell[data.positive[row]], minlength=cells).reshape(shape)
