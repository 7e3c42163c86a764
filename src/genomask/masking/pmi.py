"""PMI-guided masking (Sec. 4.2), the paper's proposal, and the same spans without PMI."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
from jaxtyping import Bool, Int32, Int64

from genomask.checks import require, require_choice
from genomask.masking import kernels
from genomask.masking.base import Masking, Sequence, k_of_table, require_probability
from genomask.masking.draws import Stream, largest_below, stream_key

K_RANGE: Final = range(1, 11)


class RankedMasking(Masking):
    """Knows the rank of every k-mer of a sequence, by the field ``ranking``; by ``k`` alone where ranks are drawn."""

    source: ClassVar[int] = kernels.BY_KMER
    special_last: ClassVar[bool] = False  # by position, special tokens have the worst rank; 0, if not
    k: int
    table: Int32[np.ndarray, " _ranks"]

    def __post_init__(self) -> None:
        super().__post_init__()
        ranking: Any = getattr(self, "ranking", ())
        self.table = np.asarray(ranking, dtype=np.int32)
        if self.source == kernels.BY_DRAW:
            require(self.k in K_RANGE, "masking.k", f"a number from {K_RANGE[0]} to {K_RANGE[-1]}", self.k)
            return
        self.k = check_ranking(ranking)
        if self.source == kernels.BY_POSITION:  # [CLS] at 0, as the released code takes a position for a token id
            special = np.full(5, 4**self.k if self.special_last else 0, dtype=np.int32)
            self.table = np.concatenate((special, self.table))

    def ranks(self, sequence: Sequence) -> Int32[np.ndarray, " _kmers"]:
        """Rank of every k-mer of a sequence by its first base, smallest best; one with an unknown base comes last.

        Raises:
            ValueError: If ranks go by position, and a sequence has more positions than there are ranks.
        """
        ranks = np.empty(max(len(sequence.bases) - self.k + 1, 0), dtype=np.int32)
        if self.source == kernels.BY_POSITION:
            most = len(self.table) - 1
            require(len(ranks) <= most, type(self).__name__, f"at most {most} {self.k}-mers in a sequence", len(ranks))
        key = stream_key(sequence.key, Stream.RANKS)
        kernels.write_ranks(sequence.bases, self.k, self.source, self.table, key, ranks)
        return ranks


def check_ranking(ranking: Any) -> int:
    """Refuse anything but one rank 1..4**k for every k-mer; returns k."""
    ranks = np.asarray(ranking)
    k = k_of_table(ranks, K_RANGE, "masking.ranking", "the ranks 1..4**k of all k-mers, once each")
    missing = sorted(set(range(1, ranks.size + 1)) - set(ranks.tolist()))
    require(not missing, "masking.ranking", f"the ranks 1..{ranks.size}, once each", f"no rank {missing[:3]}")
    return k


@dataclass(kw_only=True, eq=False, repr=False)
class HalfSpanMasking(RankedMasking):
    """Rank the k-mers of a sequence; centers near the best ranks hide all bases of a k-mer, the others a single base.

    The score of a center is the best rank among the k-mers that hold it; a strategy says what the ranks are. With
    6-mers as tokens, a hidden k-mer masks 11 tokens, a hidden base 6.

    Args:
        k: Bases of a k-mer that is hidden whole.
        center_probability: As in ``Masking``.
        count: ``bernoulli`` draws every base as a center independently, as DNABERT; ``fixed`` draws
            round(center probability * possible centers) in every sequence.
        high_share: Share of the centers that hide a whole k-mer.
        high_half: ``ceil`` or ``floor``: how that share of a number of centers is rounded.
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

    def high(self) -> tuple[int, int]:
        """How many centers are high, and by what they are chosen."""
        return kernels.FLOOR if self.high_half == "floor" else kernels.CEIL, kernels.BY_SCORE

    def choose(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"]:
        """Choose every center, and all bases of a k-mer near every high one."""
        chosen, (rule, choice) = np.zeros(len(sequence.bases), dtype=np.bool_), self.high()
        centers, high = self._centers(sequence, probability), (rule, self.high_share, choice, self.span_at == "center")
        kernels.half_spans(centers, self.ranks(sequence), self.k, sequence.centers[0], high, chosen)
        return chosen

    def centers(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"]:
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


@dataclass(kw_only=True, eq=False, repr=False)
class PmiMasking(HalfSpanMasking):
    """Hide the highest-ranked k-mer near a center, in the half of the centers that have the best ones nearby.

    The defaults read Sec. 4.2 thus: "max PMI-Rank" is the best rank, which is the smallest number; its index i runs
    over the tokens T[i-2..i+3]; "all the nucleotides in T[i]" are those of the best token.

    Args:
        ranking: Rank of every k-mer by base-4 code, 1 the highest normalized PMI. Its k need not be the tokens'.
    """

    ranking: Int64[np.ndarray, " kmers"]


@dataclass(kw_only=True, eq=False, repr=False)
class SpanMasking(HalfSpanMasking):
    """PMI-masking in which every k-mer of a sequence has a random rank: the control that isolates the PMI signal.

    So the high half is a random half of the centers, and the hidden k-mer a random one near the center; lengths,
    overlaps and numbers of spans follow the same law as those of PMI-masking.
    """

    source = kernels.BY_DRAW
    k: int = 6


@dataclass(kw_only=True, eq=False, repr=False)
class PmiReleasedMasking(HalfSpanMasking):
    """The masking of the code released with the paper: the k-mer at position p has the rank of the one with token id p.

    So masks prefer the same positions in all sequences, and have nothing to do with PMI: what this strategy gains over
    ``span`` is not due to the ranking. The released table gives what it lacks the rank 0.

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
    count: str = field(default="bernoulli", init=False)
    high_share: float = field(default=0.5, init=False)
    high_half: str = field(default="ceil", init=False)
    span_at: str = field(default="best", init=False)
    ranking: Int64[np.ndarray, " kmers"]
    version: str = "2025-03"
    center_probability: float | None = 0.0176

    def __post_init__(self) -> None:
        require_choice(self.version, "masking.version", tuple(self.rules))
        super().__post_init__()
        self.span_at = "center" if self.version == "2023-07" else "best"

    def high(self) -> tuple[int, int]:
        return self.rules[self.version]
