"""How many tokens a strategy really hides: spans overlap, so fewer than the nominal 15 %."""

from typing import Final, NamedTuple

import torch
from jaxtyping import Int64
from torch import Tensor

from genomask.checks import require
from genomask.masking import settings
from genomask.masking.base import Masking, maskable

HALVINGS: Final = 24
TOLERANCE: Final = 0.001  # nominal and realised rates differ by about 0.01
ROWS: Final = 256  # sequences that are masked at a time


class Rate(NamedTuple):
    """Hidden tokens over maskable tokens, with the standard error of sampling the sequences."""

    mean: float
    standard_error: float


def realised_rate(masking: Masking, token_ids: Int64[Tensor, "batch tokens"], keys: Int64[Tensor, " batch"]) -> Rate:
    """Measure the share of hidden tokens on a sample of sequences.

    Raises:
        ValueError: If there are fewer than two sequences, or no maskable token.
    """
    content = maskable(token_ids).sum(dim=1).double()
    require(len(content) > 1, "A realised masking rate", "at least 2 sequences", len(content))
    total = content.sum()
    require(bool(total > 0), "A realised masking rate", "sequences of at least k bases", "no k-mer")
    parts = zip(token_ids.split(ROWS), keys.split(ROWS), strict=True)
    hidden = torch.cat([masking.choose(*part).sum(dim=1) for part in parts]).double()
    mean = hidden.sum() / total
    # The variance of a ratio of sums, by linearisation.
    error = (hidden - mean * content).std() * len(content) ** 0.5 / total
    return Rate(mean.item(), error.item())


def match_rate(
    masking: Masking, token_ids: Int64[Tensor, "batch tokens"], keys: Int64[Tensor, " batch"], *, rate: float
) -> Masking:
    """Copy of a strategy whose center probability makes it hide this share of the sample's tokens.

    All probabilities are tried with the same draws, so that the rate hardly ever falls as one grows, and
    bisection finds where it passes ``rate``.

    Raises:
        ValueError: If ``rate`` is no share, or the sample is too small or too uniform to come close to it.
    """
    wanted = settings.probability(rate, "match_rate")
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        reached = realised_rate(masking.with_center_probability(middle), token_ids, keys).mean
        low, high = (middle, high) if reached < wanted else (low, middle)
    matched = masking.with_center_probability(high)
    reached = realised_rate(matched, token_ids, keys).mean
    needed = f"more sequences, or of more lengths, to hide a share of {wanted} of their tokens"
    require(abs(reached - wanted) <= TOLERANCE, "match_rate", needed, f"{reached:.4f}")
    return matched
