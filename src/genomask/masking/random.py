"""Random places: DNABERT's masking, the paper's baseline ORI (Sec. 3, "MLM training"), single tokens, spans, runs."""

from collections.abc import Sequence as Many
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool

from genomask.checks import require, require_choice
from genomask.masking.base import Masking, Sequence, covered, is_number
from genomask.masking.draws import Stream, uniform

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
        return sequence.draw_centers(probability)


class WholeSpanMasking(Masking):
    """Hide spans of 1 to 10 bases, 3.8 on average, that start anywhere, after SpanBERT (Joshi et al., 2020)."""

    def span_bases(self) -> float:
        """The average length, which is the sum of the survival function."""
        return sum(SURVIVAL)

    def choose(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"]:
        """Draw once for every possible center: whether a span begins there, and how long it is."""
        drawn = sequence.center_draws()[:, None]
        lengths = (drawn < probability * np.array(SURVIVAL)).sum(axis=1)
        starts = sequence.centers[0] + np.arange(len(lengths))
        return covered(starts, starts + lengths, len(sequence.bases))


class TokenMasking(RandomMasking):
    """Mask single tokens, which overlapping neighbours show: LOGO's own masking, the control of all that hide bases."""

    alone = True

    def expected_tokens(self, bases_per_token: float) -> float:  # noqa: ARG002
        return 1.0


@dataclass(kw_only=True, eq=False, repr=False)
class GrowingRunMasking(Masking):
    """Hide runs around random centers that grow longer from one phase of the training to the next (RandomMask).

    Liang et al. (arXiv 2310.07644) hide runs of m tokens, T[i-m/2+1..i+m/2], with m even and from 6 on; with 6-mers
    these hide m - 5 bases around the center. ``bounds`` are the bases of the longest run in each phase, odd numbers;
    ``lengths`` draws the length of every run among 1, 3, .. to the bound (``up_to``), or takes it (``equal``).
    """

    bounds: Many[int] = (1, 3, 5, 7, 9)
    lengths: str = "up_to"

    def __post_init__(self) -> None:
        super().__post_init__()
        odd = len(self.bounds) > 0 and all(is_number(bound) and bound > 0 and bound % 2 == 1 for bound in self.bounds)
        require(odd, "masking.bounds", "odd numbers of bases, one for each phase", list(self.bounds))
        require_choice(self.lengths, "masking.lengths", ("up_to", "equal"))

    def span_bases(self) -> float:
        """The average over phases of the average length of a run."""
        mean = sum(self.bounds) / len(self.bounds)
        return mean if self.lengths == "equal" else (1 + mean) / 2

    def choose(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"]:
        """Choose the bases around every center."""
        size, phases = len(sequence.bases), len(self.bounds)
        half = self.bounds[min(int(sequence.progress * phases), phases - 1)] // 2
        centers = np.flatnonzero(sequence.draw_centers(probability))
        reach = np.full(len(centers), half)
        if self.lengths == "up_to":
            drawn = uniform(sequence.key, stream=Stream.SPANS, count=size)[centers]
            reach = (drawn * (half + 1)).astype(np.int64)
        return covered(np.maximum(centers - reach, 0), centers + reach + 1, size)
