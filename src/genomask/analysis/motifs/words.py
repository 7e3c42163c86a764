"""Which sequences hold which words, both strands read as one."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from genomask.alphabet import OTHER
from genomask.analysis.motifs.stratified import Sizes, gc_edges
from genomask.genome.sequences import gc_share


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
