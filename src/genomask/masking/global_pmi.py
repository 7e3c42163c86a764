"""The hard phase of CM-GEMS (Roy et al., ECAI 2024): hide the best-ranked k-mers of the whole sequence."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64

from genomask.masking import kernels
from genomask.masking.base import Sequence, covered
from genomask.masking.pmi import RankedMasking


class GlobalMasking(RankedMasking):
    """Hide the m best-ranked k-mers of a sequence whole; m is the number of bases that are drawn as centers."""

    def span_bases(self) -> float:
        return float(self.k)

    def best(self, sequence: Sequence, probability: float) -> Int64[np.ndarray, " _spans"]:
        """First bases of the k-mers to hide; of equal ranks the first goes first."""
        count = int(sequence.draw_centers(probability).sum())
        return np.argsort(self.ranks(sequence), kind="stable")[:count]

    def choose(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"]:
        starts = self.best(sequence, probability)
        return covered(starts, starts + self.k, len(sequence.bases))

    def centers(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"]:
        """The middles of the best k-mers, as draws only say how many there are."""
        return np.isin(np.arange(len(sequence.bases)), self.best(sequence, probability) + self.k // 2)


@dataclass(kw_only=True, eq=False, repr=False)
class GlobalPmiMasking(GlobalMasking):
    """Global-PMI by content, as its paper describes it.

    Args:
        ranking: Rank of every k-mer by base-4 code, 1 the highest normalized PMI.
        center_probability: As in ``Masking``; nominally 0.0136 for 6-mers, as in the released scripts.
    """

    ranking: Any


@dataclass(kw_only=True, eq=False, repr=False)
class GlobalSpanMasking(GlobalMasking):
    """As many k-mers at random ranks, drawn anew for every sequence: Global-PMI without PMI."""

    source = kernels.BY_DRAW
    k: int = 6


class GlobalPmiReleasedMasking(GlobalPmiMasking):
    """Global-PMI as released, which looks ranks up by position: it hides the same places in every sequence."""

    source = kernels.BY_POSITION
    special_last = True
