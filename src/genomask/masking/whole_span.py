"""Control: random spans of bases with geometric lengths, after SpanBERT (Joshi et al., 2020)."""

from typing import Final

import torch
from jaxtyping import Bool
from torch import Tensor

from genomask.masking.base import Masking, Sequences
from genomask.masking.draws import Stream, below, bits
from genomask.masking.geometry import center_bases, cover

STOP_PROBABILITY: Final = 0.2  # Joshi et al., Sec. 3.1
LONGEST: Final = 10


class WholeSpanMasking(Masking):
    """Hide spans of 1 to 10 bases, 3.8 on average, that start anywhere."""

    def span_tokens(self) -> float:
        """Tokens that overlap a span of average length, which is the sum of its survival function."""
        return self.k - 1 + sum(survival())

    def choose_bases(self, sequences: Sequences) -> Bool[Tensor, "batch bases"]:
        """Choose a span of bases from the center base of every center on."""
        draw = bits(sequences.keys, stream=Stream.CENTERS, count=sequences.token_ids.shape[1])
        # One draw says both whether a token is a center and how long its span is.
        lengths = torch.zeros_like(sequences.content, dtype=torch.int8)
        for at_least in survival():
            lengths += below(draw, self.center_probability * at_least)
        return cover(center_bases(lengths * sequences.content, self.k), LONGEST)


def survival() -> list[float]:
    """Probability of at least 1, 2, .. 10 bases in a span: geometric, given that it has no more than 10."""
    longer = [(1 - STOP_PROBABILITY) ** n for n in range(LONGEST + 1)]
    return [(tail - longer[-1]) / (1 - longer[-1]) for tail in longer[:-1]]
