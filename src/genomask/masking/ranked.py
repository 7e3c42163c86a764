"""Where the rank of a k-mer comes from: its content, chance, or (as released) its position."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from jaxtyping import Int64

from genomask.checks import require
from genomask.masking.base import Masking, Sequence, k_of_table, known_codes
from genomask.masking.draws import Stream, bits

K_RANGE: Final = range(1, 11)


class RankedMasking(Masking):
    """A strategy that hides k-mers by their rank, the smallest first."""

    k: int

    @abstractmethod
    def ranks(self, sequence: Sequence) -> Int64[np.ndarray, " _kmers"]:
        """Rank of every k-mer of a sequence by its first base."""


@dataclass(kw_only=True, eq=False, repr=False)
class RankedByContent(RankedMasking):
    """Every k-mer has a rank by its base-4 code, 1 the highest normalized PMI; one with an unknown base comes last."""

    ranking: Any

    def __post_init__(self) -> None:
        super().__post_init__()
        self.k = check_ranking(self.ranking)
        self.table = np.asarray(self.ranking, dtype=np.int64)

    def ranks(self, sequence: Sequence) -> Int64[np.ndarray, " _kmers"]:
        codes = known_codes(sequence.bases, self.k)
        return np.where(codes < 0, 4**self.k + 1, self.table[codes])


@dataclass(kw_only=True, eq=False, repr=False)
class RankedByChance(RankedMasking):
    """Ranks are drawn anew for every sequence: the control of a ranking."""

    k: int = 6

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.k in K_RANGE, "masking.k", f"a number from {K_RANGE[0]} to {K_RANGE[-1]}", self.k)

    def ranks(self, sequence: Sequence) -> Int64[np.ndarray, " _kmers"]:
        count = max(len(sequence.bases) - self.k + 1, 0)
        drawn = bits(sequence.key, stream=Stream.RANKS, count=count + 1)[1:]
        return (drawn >> np.uint32(32 - 2 * self.k)).astype(np.int64)


@dataclass(kw_only=True, eq=False, repr=False)
class RankedByPosition(RankedMasking):
    """As released: the k-mer at position p, [CLS] being at 0, has the rank of the one with token id p.

    So the same places come first in every sequence, whatever stands there.
    """

    special_last: ClassVar[bool] = False  # the first five token ids have the worst rank; 0, if not
    ranking: Any

    def __post_init__(self) -> None:
        super().__post_init__()
        self.k = check_ranking(self.ranking)
        special = np.full(5, 4**self.k if self.special_last else 0)
        self.table = np.concatenate((special, self.ranking), dtype=np.int64)

    def ranks(self, sequence: Sequence) -> Int64[np.ndarray, " _kmers"]:
        """Rank of every k-mer; a sequence with more positions than there are ranks is refused."""
        count, most = max(len(sequence.bases) - self.k + 1, 0), len(self.table) - 1
        require(count <= most, type(self).__name__, f"at most {most} {self.k}-mers in a sequence", count)
        return self.table[1 : count + 1]


def check_ranking(ranking: Any) -> int:
    """Refuse anything but one rank 1..4**k for every k-mer; returns k."""
    ranks = np.asarray(ranking)
    k = k_of_table(ranks, K_RANGE, "masking.ranking", "the ranks 1..4**k of all k-mers, once each")
    missing = sorted(set(range(1, ranks.size + 1)) - set(ranks.tolist()))
    require(not missing, "masking.ranking", f"the ranks 1..{ranks.size}, once each", f"no rank {missing[:3]}")
    return k
