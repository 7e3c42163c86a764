"""Control: the masking of the code released with the paper, which looks ranks up by position."""

from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Int32, Int64
from torch import Tensor

from genomask.alphabet import FIRST_KMER
from genomask.checks import require
from genomask.masking import settings
from genomask.masking.base import Sequences
from genomask.masking.geometry import smallest
from genomask.masking.half_spans import HalfSpanMasking
from genomask.masking.pmi import check_ranking

ALL_HIGH: Final = 8  # up to so many centers the released code counts every one as high
SET_SLOTS: Final = 32  # of CPython's table for a set of 5 to 18 elements, which it visits slot by slot


class PmiReleasedMasking(HalfSpanMasking):
    """Give the token at position p the rank of the k-mer whose token id is p, whatever the sequence says.

    So masks prefer the same positions in all sequences, and have nothing to do with PMI: what this strategy
    gains over ``span`` is not due to the ranking.

    Args:
        ranking: Rank of every k-mer by base-4 code, 1 the highest normalized PMI.
        version: Month of the public code. ``2025-03`` takes the best half of the centers as high;
            ``2023-09`` an arbitrary half, the first in the order of a Python set; ``2023-07`` hides a whole
            k-mer at a single center of the sequence, the last in that order, so that it hides 11 % rather
            than 15 % of the tokens. The two later ones count all of up to 8 centers as high.
        center_probability: 1.76 % in the released scripts, against 1.765 % in the paper.
    """

    rank_by_position: Tensor

    def __init__(
        self,
        *,
        ranking: Int64[np.ndarray, " kmers"] | Int64[Tensor, " kmers"],
        version: str = "2025-03",
        center_probability: float | None = 0.0176,
        k: int = 6,
        corrupt: str = "token",
        random_specials: bool = False,
    ) -> None:
        super().__init__(
            center_probability=center_probability,
            count="bernoulli",
            high_half="ceil",
            span_at="center" if version == "2023-07" else "best",
            k=k,
            corrupt=corrupt,
            random_specials=random_specials,
        )
        self.version = settings.checked("version", version)
        # The ids of special tokens have no rank, and the released table gives what it lacks the rank 0.
        table = torch.zeros(FIRST_KMER + 4**self.k, dtype=torch.int32)
        table[FIRST_KMER:] = check_ranking(ranking, self.k)
        self.register_buffer("rank_by_position", table, persistent=False)

    def require_room(self, tokens: int) -> None:
        """Refuse, besides, more positions than there are token ids."""
        super().require_room(tokens)
        limit = FIRST_KMER + 4**self.k
        require(tokens <= limit, "masking=pmi_released", f"at most {limit} tokens in a sequence", tokens)

    def ranks(self, sequences: Sequences) -> Int32[Tensor, "batch tokens"]:
        """Look positions up in the ranking."""
        last = len(self.rank_by_position)
        return torch.where(sequences.content, self.rank_by_position[: sequences.content.shape[1]], last)

    def high_centers(
        self, centers: Bool[Tensor, "batch tokens"], score: Int32[Tensor, "batch tokens"]
    ) -> Bool[Tensor, "batch tokens"]:
        """Take the centers that hide a whole k-mer."""
        count = centers.sum(dim=1)
        slot = torch.arange(centers.shape[1], dtype=torch.int32, device=centers.device) % SET_SLOTS
        if self.version == "2023-07":
            return smallest((-slot).expand_as(score), centers, count.clamp(max=1))
        half = torch.where(count <= ALL_HIGH, count, (count + 1) // 2)
        return smallest(slot.expand_as(score) if self.version == "2023-09" else score, centers, half)
