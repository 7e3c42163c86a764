"""PMI-guided masking (Sec. 4.2), the paper's proposal, and the same spans without PMI."""

from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Int64

from genomask.checks import require_choice
from genomask.masking import kernels
from genomask.masking.base import Sequence, require_probability
from genomask.masking.draws import Stream, largest_below, stream_key
from genomask.masking.ranked import RankedMasking, by_position, check_ranking


class HalfSpanMasking(RankedMasking):
    """Rank the k-mers of a sequence; centers near the best ranks hide all bases of a k-mer, the others a single base.

    The score of a center is the best rank among the k-mers that hold it; a strategy says what the ranks are. With
    6-mers as tokens, a hidden k-mer masks 11 tokens, a hidden base 6.

    Args:
        k: Bases of a k-mer that is hidden whole.
        table: As in ``RankedMasking``.
        center_probability: As in ``Masking``.
        count: ``bernoulli`` draws every base as a center independently, as DNABERT; ``fixed`` draws
            round(center probability * possible centers) in every sequence.
        high_share: Share of the centers that hide a whole k-mer.
        high_half: ``ceil`` or ``floor``: how that share of a number of centers is rounded.
        span_at: The k-mer that a high center hides: ``best`` is that of its score, ``center`` the one around it.
    """

    rule: tuple[int, int] = (kernels.CEIL, kernels.BY_SCORE)

    def __init__(
        self,
        *,
        k: int,
        table: Any = None,
        center_probability: float | None = None,
        count: str = "bernoulli",
        high_share: float = 0.5,
        high_half: str = "ceil",
        span_at: str = "best",
    ) -> None:
        super().__init__(k=k, table=table, center_probability=center_probability)
        require_choice(count, "masking.count", ("bernoulli", "fixed"))
        require_choice(high_half, "masking.high_half", ("ceil", "floor"))
        require_choice(span_at, "masking.span_at", ("best", "center"))
        self.count, self.high_share = count, require_probability(high_share, "masking.high_share")
        self.high_half, self.span_at = high_half, span_at

    def span_bases(self) -> float:
        """A single base or a k-mer: 3.5 on average for k = 6 (Sec. 4.2: half 6, half 11 tokens)."""
        return 1 - self.high_share + self.high_share * self.k

    def choose(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"]:
        """Choose every center, and all bases of a k-mer near every high one."""
        chosen = np.zeros(len(sequence.bases), dtype=np.bool_)
        centers, rule = self._centers(sequence, probability), self.rule[0]
        rule = kernels.FLOOR if rule == kernels.CEIL and self.high_half == "floor" else rule
        high = (rule, self.high_share, self.rule[1], self.span_at == "center")
        kernels.half_spans(centers, self.ranks(sequence), self.k, sequence.centers[0], high, chosen)
        return chosen

    def centers(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"]:
        """The mask centers of a sequence."""
        flags = np.zeros(len(sequence.bases), dtype=np.bool_)
        flags[self._centers(sequence, probability)] = True
        return flags

    def _centers(self, sequence: Sequence, probability: float) -> Int64[np.ndarray, " _centers"]:
        """Draw the centers, "spread uniformly over the DNA string" (Sec. 4.2, step 1)."""
        first, stop = sequence.centers
        centers = np.empty(max(stop - first, 0), dtype=np.int64)
        key = stream_key(sequence.key, Stream.CENTERS)
        if self.count == "bernoulli":
            number = kernels.find_centers(key, first, stop, largest_below(probability), centers)
        else:
            number = kernels.fixed_centers(key, first, stop, probability, np.empty_like(centers), centers)
        return centers[:number]


class PmiMasking(HalfSpanMasking):
    """Hide the highest-ranked k-mer near a center, in the half of the centers that have the best ones nearby.

    The defaults read Sec. 4.2 thus: "max PMI-Rank" is the best rank, which is the smallest number; its index i runs
    over the tokens T[i-2..i+3]; "all the nucleotides in T[i]" are those of the best token.

    Args:
        ranking: Rank of every k-mer by base-4 code, 1 the highest normalized PMI. Its k need not be the tokens'.
        settings: Those of ``HalfSpanMasking``.
    """

    def __init__(
        self,
        *,
        ranking: Int64[np.ndarray, " kmers"],
        center_probability: float | None = None,
        count: str = "bernoulli",
        high_share: float = 0.5,
        high_half: str = "ceil",
        span_at: str = "best",
    ) -> None:
        super().__init__(
            k=check_ranking(ranking),
            table=ranking,
            center_probability=center_probability,
            count=count,
            high_share=high_share,
            high_half=high_half,
            span_at=span_at,
        )


class SpanMasking(HalfSpanMasking):
    """PMI-masking in which every k-mer of a sequence has a random rank: the control that isolates the PMI signal.

    So the high half is a random half of the centers, and the hidden k-mer a random one near the center; lengths,
    overlaps and numbers of spans follow the same law as those of PMI-masking.
    """

    source = kernels.BY_DRAW

    def __init__(
        self,
        *,
        k: int = 6,
        center_probability: float | None = None,
        count: str = "bernoulli",
        high_share: float = 0.5,
        high_half: str = "ceil",
        span_at: str = "best",
    ) -> None:
        super().__init__(
            k=k,
            center_probability=center_probability,
            count=count,
            high_share=high_share,
            high_half=high_half,
            span_at=span_at,
        )


class PmiReleasedMasking(HalfSpanMasking):
    """The masking of the code released with the paper: the k-mer at position p has the rank of the one with token id p.

    So masks prefer the same positions in all sequences, and have nothing to do with PMI: what this strategy gains over
    ``span`` is not due to the ranking.

    Args:
        ranking: Rank of every k-mer by base-4 code, 1 the highest normalized PMI.
        version: Month of the public code. ``2025-03`` takes the best half of the centers as high; ``2023-09`` an
            arbitrary half, the first in the order of a Python set; ``2023-07`` hides a whole k-mer at a single center
            of the sequence, the last in that order, so that it masks 11 % rather than 15 % of the tokens. The two
            later ones count all of up to 8 centers as high.
        center_probability: 1.76 % in the released scripts, against 1.765 % in the paper.
    """

    source = kernels.BY_POSITION
    rules: ClassVar = {
        "2023-07": (kernels.ONE, kernels.BY_LAST_SLOT),
        "2023-09": (kernels.RELEASED, kernels.BY_SLOT),
        "2025-03": (kernels.RELEASED, kernels.BY_SCORE),
    }

    def __init__(
        self,
        *,
        ranking: Int64[np.ndarray, " kmers"],
        version: str = "2025-03",
        center_probability: float | None = 0.0176,
    ) -> None:
        require_choice(version, "masking.version", tuple(self.rules))
        super().__init__(
            k=check_ranking(ranking),
            table=by_position(ranking, special=0),  # the released table gives what it lacks the rank 0
            center_probability=center_probability,
            span_at="center" if version == "2023-07" else "best",
        )
        self.version, self.rule = version, self.rules[version]
