"""Strategies that rank the k-mers of a sequence: by a ranking of k-mers, by lot, or by position."""

from typing import Any, ClassVar, Final

import numpy as np
from jaxtyping import Int32

from genomask.checks import require
from genomask.masking import kernels
from genomask.masking.base import Masking, Sequence
from genomask.masking.draws import Stream, stream_key
from genomask.masking.pieces import k_of_table

K_RANGE: Final = range(1, 11)


class RankedMasking(Masking):
    """Knows the rank of every k-mer of a sequence.

    Args:
        k: Bases of a k-mer.
        table: Ranks by code, or by position; None where they are drawn anew for every sequence.
        center_probability: As in ``Masking``.
    """

    source: ClassVar[int] = kernels.BY_KMER

    def __init__(self, *, k: int, table: Any = None, center_probability: float | None = None) -> None:
        super().__init__(center_probability=center_probability)
        require(k in K_RANGE, "masking.k", f"a number from {K_RANGE[0]} to {K_RANGE[-1]}", k)
        self.k, self.table = k, np.asarray([] if table is None else table, dtype=np.int32)

    def ranks(self, sequence: Sequence) -> Int32[np.ndarray, " _kmers"]:
        """Rank of every k-mer of a sequence by its first base, smallest best; one with an unknown base comes last.

        Raises:
            ValueError: If ranks go by position, and a sequence has more positions than there are ranks.
        """
        ranks = np.empty(max(len(sequence.bases) - self.k + 1, 0), dtype=np.int32)
        if self.source == kernels.BY_POSITION:
            most = len(self.table) - 1
            needed = f"at most {most} {self.k}-mers in a sequence"
            require(len(ranks) <= most, type(self).__name__, needed, len(ranks))
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


def by_position(ranking: Any, *, special: int) -> np.ndarray:
    """Ranks by position, [CLS] at 0, as the released code takes a position for a token id; special ids have none."""
    return np.concatenate((np.full(5, special, dtype=np.int32), np.asarray(ranking, dtype=np.int32)))
