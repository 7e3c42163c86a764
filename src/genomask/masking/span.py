"""Control: the spans of PMI-masking with ranks drawn at random, which isolates the PMI signal."""

import torch
from jaxtyping import Int32
from torch import Tensor

from genomask.masking.base import Sequences
from genomask.masking.draws import Stream, bits
from genomask.masking.half_spans import HalfSpanMasking


class SpanMasking(HalfSpanMasking):
    """PMI-masking in which every token of a sequence has a random rank.

    So the high half is a random half of the centers, and the hidden token a random one near the center;
    lengths, overlaps and numbers of spans follow the same law as those of PMI-masking.
    """

    def ranks(self, sequences: Sequences) -> Int32[Tensor, "batch tokens"]:
        """Draw a rank for every token, as many different ones as there are k-mers."""
        count = sequences.token_ids.shape[1]
        drawn = bits(sequences.keys, stream=Stream.RANKS, count=count) >> 32 - 2 * self.k
        return torch.where(sequences.content, drawn, 4**self.k)
