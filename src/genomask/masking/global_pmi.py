"""The hard phase of CM-GEMS (Roy et al., ECAI 2024): hide the best-ranked k-mers of the whole sequence."""

import numpy as np
from jaxtyping import Bool, Int64

from genomask.masking.base import Sequence, covered
from genomask.masking.ranked import RankedByChance, RankedByContent, RankedByPosition, RankedMasking


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


class GlobalPmiMasking(RankedByContent, GlobalMasking):
    """Global-PMI by content, as its paper describes it; for 6-mers a center has the probability 0.0136, as released."""


class GlobalSpanMasking(RankedByChance, GlobalMasking):
    """As many k-mers at random ranks, drawn anew for every sequence: Global-PMI without PMI."""


class GlobalPmiReleasedMasking(RankedByPosition, GlobalMasking):
    """Global-PMI as released, which looks ranks up by position: it hides the same places in every sequence."""

    special_last = True
