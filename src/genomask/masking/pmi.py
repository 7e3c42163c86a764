"""PMI-guided masking (Sec. 4.2), the paper's proposal, and the same spans without PMI."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Int64
from numpy.lib.stride_tricks import sliding_window_view

from genomask.checks import require_choice
from genomask.masking.base import Sequence, covered, require_probability
from genomask.masking.ranked import RankedByChance, RankedByContent, RankedByPosition, RankedMasking

NO_RANK = 2**22  # worse than every rank
ALL_HIGH = 8  # up to so many centers the released code counts every one as high
SET_SLOTS = 32  # of CPython's table for a set of 5 to 18 elements, which it visits slot by slot


@dataclass(kw_only=True, eq=False, repr=False)
class HalfSpanMasking(RankedMasking):
    """Rank the k-mers of a sequence; centers near the best ranks hide all bases of a k-mer, the others a single base.

    The score of a center is the best rank among the k-mers that hold it. With 6-mers as tokens, a hidden k-mer masks 11
    tokens, a hidden base 6.

    Args:
        count: ``bernoulli`` draws every base as a center independently, as DNABERT; ``fixed`` draws
            round(center probability * possible centers) in every sequence.
        high_share: Share of the centers that hide a whole k-mer; ``high_half`` says how it is rounded, ceil or floor.
        span_at: The k-mer that a high center hides: ``best`` is that of its score, ``center`` the one around it.
    """

    count: str = "bernoulli"
    high_share: float = 0.5
    high_half: str = "ceil"
    span_at: str = "best"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_choice(self.count, "masking.count", ("bernoulli", "fixed"))
        require_choice(self.high_half, "masking.high_half", ("ceil", "floor"))
        require_choice(self.span_at, "masking.span_at", ("best", "center"))
        self.high_share = require_probability(self.high_share, "masking.high_share")

    def span_bases(self) -> float:
        """A single base or a k-mer: 3.5 on average for k = 6 (Sec. 4.2: half 6, half 11 tokens)."""
        return 1 - self.high_share + self.high_share * self.k

    def choose(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"]:
        """Choose every center, and all bases of a k-mer near every high one (Sec. 4.2, steps 2 to 4)."""
        chosen = self.centers(sequence, probability)
        centers = np.flatnonzero(chosen)
        rank, start = self._best_near(centers, self.ranks(sequence), len(chosen))
        order = np.lexsort((centers, self.scores(rank, centers - sequence.centers[0] + 1)))
        high = order[: self.high_count(len(centers))]
        starts = np.maximum(centers - self.k // 2, 0) if self.span_at == "center" else start
        return chosen | covered(starts[high], starts[high] + self.k, len(chosen))

    def centers(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"]:
        """Draw the centers, "spread uniformly over the DNA string" (Sec. 4.2, step 1)."""
        if self.count == "bernoulli":
            return sequence.draw_centers(probability)
        chosen, drawn = np.zeros(len(sequence.bases), dtype=np.bool_), sequence.center_draws()
        first_ones = np.argsort(drawn, kind="stable")[: round(len(drawn) * probability)]
        chosen[sequence.centers[0] + first_ones] = True
        return chosen

    def high_count(self, count: int) -> int:
        """How many of so many centers hide a whole k-mer."""
        exact = count * self.high_share
        return int(np.floor(exact + 1e-9) if self.high_half == "floor" else np.ceil(exact - 1e-9))

    def scores(
        self,
        rank: Int64[np.ndarray, " centers"],
        number: Int64[np.ndarray, " centers"],  # noqa: ARG002
    ) -> Int64[np.ndarray, " centers"]:
        """What the high centers have least of; ``number`` counts the bases that may be centers from 1."""
        return rank

    def _best_near(
        self, centers: Int64[np.ndarray, " centers"], ranks: Int64[np.ndarray, " _kmers"], size: int
    ) -> tuple[Int64[np.ndarray, " centers"], Int64[np.ndarray, " centers"]]:
        """Best rank among the k-mers that hold each center, and where the first such starts; ``size`` if none does."""
        beyond = np.full(self.k - 1, NO_RANK)
        padded = np.concatenate((beyond, ranks, beyond))
        near = sliding_window_view(padded, self.k)[centers] if size else np.empty((0, self.k), dtype=np.int64)
        rank = near.min(axis=1)
        return rank, np.where(rank == NO_RANK, size, centers - self.k + 1 + near.argmin(axis=1))


@dataclass(kw_only=True, eq=False, repr=False)
class PmiMasking(RankedByContent, HalfSpanMasking):
    """Hide the highest-ranked k-mer near a center, in the half of the centers that have the best ones nearby.

    The defaults read Sec. 4.2 thus: "max PMI-Rank" is the best rank, which is the smallest number; its index i runs
    over the tokens T[i-2..i+3]; "all the nucleotides in T[i]" are those of the best token.
    """


@dataclass(kw_only=True, eq=False, repr=False)
class SpanMasking(RankedByChance, HalfSpanMasking):
    """PMI-masking in which every k-mer of a sequence has a random rank: the control that isolates the PMI signal.

    So the high half is a random half of the centers, and the hidden k-mer a random one near the center; lengths,
    overlaps and numbers of spans follow the same law as those of PMI-masking.
    """


@dataclass(kw_only=True, eq=False, repr=False)
class PmiReleasedMasking(RankedByPosition, HalfSpanMasking):
    """The masking of the code released with the paper, which ranks by position.

    What it gains over ``span`` is not due to PMI. ``version`` is the month of the public code: ``2025-03`` takes the
    best half of the centers as high; ``2023-09`` an arbitrary half, the first in the order of a Python set; ``2023-07``
    hides a whole k-mer at a single center, the last in that order, so that it masks 11 % rather than 15 % of the
    tokens. The two later ones count all of up to 8 centers as high. The scripts have 1.76 % centers, against 1.765 % in
    the paper.
    """

    count: str = field(default="bernoulli", init=False)
    high_share: float = field(default=0.5, init=False)
    high_half: str = field(default="ceil", init=False)
    span_at: str = field(default="best", init=False)
    version: str = "2025-03"
    center_probability: float | None = 0.0176

    def __post_init__(self) -> None:
        require_choice(self.version, "masking.version", ("2023-07", "2023-09", "2025-03"))
        super().__post_init__()
        self.span_at = "center" if self.version == "2023-07" else "best"

    def high_count(self, count: int) -> int:
        if self.version == "2023-07":
            return min(count, 1)
        return count if count <= ALL_HIGH else super().high_count(count)

    def scores(
        self, rank: Int64[np.ndarray, " centers"], number: Int64[np.ndarray, " centers"]
    ) -> Int64[np.ndarray, " centers"]:
        slot = number % SET_SLOTS
        return {"2023-07": -slot, "2023-09": slot}.get(self.version, rank)
