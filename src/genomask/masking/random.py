"""DNABERT's masking, the paper's baseline ORI (Sec. 3, "MLM training"), and spans of geometric length."""

from typing import Final

import numpy as np
from jaxtyping import Bool

from genomask.masking import kernels
from genomask.masking.base import Masking, Sequence
from genomask.masking.draws import Stream, largest_below, stream_key

STOP_PROBABILITY: Final = 0.2  # Joshi et al., Sec. 3.1
LONGEST: Final = 10
_LONGER: Final = [(1 - STOP_PROBABILITY) ** n for n in range(LONGEST + 1)]
# Probability of at least 1, 2, .. 10 bases in a span: geometric, given that it has no more than 10.
SURVIVAL: Final = [(tail - _LONGER[-1]) / (1 - _LONGER[-1]) for tail in _LONGER[:-1]]


class RandomMasking(Masking):
    """Hide random bases, each with the tokens that cover it.

    With 6-mers nominally 15 % / 6 = 2.5 % of the bases; as their spans overlap, that masks about 14 % of the tokens.
    """

    def choose(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"]:
        """Choose every center."""
        return sequence.draw_centers(probability)


class WholeSpanMasking(Masking):
    """Hide spans of 1 to 10 bases, 3.8 on average, that start anywhere, after SpanBERT (Joshi et al., 2020)."""

    def span_bases(self) -> float:
        """The average length, which is the sum of the survival function."""
        return sum(SURVIVAL)

    def choose(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"]:
        """Choose a span of bases from every center on."""
        chosen = np.zeros(len(sequence.bases), dtype=np.bool_)
        lasts = np.array([largest_below(probability * at_least) for at_least in SURVIVAL])
        kernels.draw_spans(stream_key(sequence.key, Stream.CENTERS), *sequence.centers, lasts, chosen)
        return chosen
