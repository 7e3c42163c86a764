"""PMI-guided masking (Sec. 4.2), the paper's proposal."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Int32, Int64
from torch import Tensor

from genomask.alphabet import FIRST_KMER, UNK
from genomask.checks import require
from genomask.masking.base import Sequences
from genomask.masking.half_spans import HalfSpanMasking


class PmiMasking(HalfSpanMasking):
    """Hide the highest-ranked token near a center, in the half of the centers that have the best ones nearby.

    The defaults read Sec. 4.2 thus: "max PMI-Rank" is the best rank, which is the smallest number; its
    index i runs over the tokens T[i-2..i+3]; "all the nucleotides in T[i]" are those of the best token.

    Args:
        ranking: Rank of every k-mer by base-4 code, 1 the highest normalized PMI.
    """

    rank_by_token_id: Tensor

    def __init__(
        self,
        *,
        ranking: Int64[np.ndarray, " kmers"] | Int64[Tensor, " kmers"],
        center_probability: float | None = None,
        count: str = "bernoulli",
        high_half: str = "ceil",
        span_at: str = "best",
        k: int = 6,
        corrupt: str = "token",
        random_specials: bool = False,
    ) -> None:
        super().__init__(
            center_probability=center_probability,
            count=count,
            high_half=high_half,
            span_at=span_at,
            k=k,
            corrupt=corrupt,
            random_specials=random_specials,
        )
        # Special tokens lose against [UNK], which may be hidden, and [UNK] against all that have a rank.
        last = 4**self.k
        table = torch.full((FIRST_KMER + last,), last + 2, dtype=torch.int32)
        table[UNK] = last + 1
        table[FIRST_KMER:] = check_ranking(ranking, self.k)
        self.register_buffer("rank_by_token_id", table, persistent=False)

    def ranks(self, sequences: Sequences) -> Int32[Tensor, "batch tokens"]:
        """Look every token up in the ranking."""
        token_ids = sequences.token_ids
        return self.rank_by_token_id.index_select(0, token_ids.flatten()).view(token_ids.shape)


def check_ranking(ranking: Any, k: int) -> Int64[Tensor, " kmers"]:
    """Refuse anything but one rank 1..4**k for every k-mer."""
    shape = getattr(ranking, "shape", ())
    needed = f"the ranks 1..{4**k} of all {k}-mers, once each"
    require(tuple(shape) == (4**k,), "masking.ranking", needed, f"shape {tuple(shape)}")
    ranks = ranking if isinstance(ranking, Tensor) else torch.tensor(ranking)
    missing = sorted(set(range(1, 4**k + 1)) - set(ranks.tolist()))
    require(not missing, "masking.ranking", needed, f"no rank {missing[:3]}")
    return ranks
