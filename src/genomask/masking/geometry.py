"""Which tokens overlap which bases, and which token near a center is the best, for whole batches at once.

Base x of a row is the first base of token x, so a row of ``tokens`` tokens has ``tokens + k - 1`` bases.
All results have shapes that follow from shapes alone, so that nothing waits for a device.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Int, Int32, Int64, Shaped
from torch import Tensor
from torch.nn.functional import pad


def window(
    values: Shaped[Tensor, "batch _"], size: int, combine: Callable[[Tensor, Tensor], Tensor]
) -> Shaped[Tensor, "batch _"]:
    """Combine each value with the ``size - 1`` that follow it; the last values have too few, and none.

    Doubles the window in each pass, so that values are combined repeatedly: ``combine`` must not mind.
    """
    covered = 1
    while covered < size:
        step = min(covered, size - covered)
        values = combine(values[:, :-step], values[:, step:])
        covered += step
    return values


def tokens_over(bases: Bool[Tensor, "batch bases"], k: int) -> Bool[Tensor, "batch tokens"]:
    """Mark every token that holds a marked base: one base marks k tokens (Sec. 3, "MLM training")."""
    return window(bases, k, torch.bitwise_or)


def bases_of(tokens: Bool[Tensor, "batch tokens"], k: int) -> Bool[Tensor, "batch bases"]:
    """Mark all k bases of every marked token (Sec. 4.2, step 4, "all the nucleotides in T[i]")."""
    return window(pad(tokens, (k - 1, k - 1)), k, torch.bitwise_or)


def center_bases(values: Shaped[Tensor, "batch tokens"], k: int) -> Shaped[Tensor, "batch bases"]:
    """Move every token's value to its center base: the 4th base of a 6-mer, in general that after k // 2.

    The tokens that hold this base run from ``(k - 1) // 2`` before the token to ``k // 2`` after it, which
    are DNABERT's offsets; the paper's are their mirror image.
    """
    return pad(values, (k // 2, (k - 1) // 2))


def best_nearby(
    ranks: Int32[Tensor, "batch tokens"], k: int
) -> tuple[Int32[Tensor, "batch tokens"], Int32[Tensor, "batch tokens"]]:
    """Smallest rank among the tokens that hold the center base, and the first position that has it."""
    shift, position = _pack_position(ranks)
    around = pad((ranks << shift) | position, ((k - 1) // 2, k // 2), value=torch.iinfo(torch.int32).max)
    best = window(around, k, torch.minimum)
    return best >> shift, best & ((1 << shift) - 1)


def smallest(
    scores: Int[Tensor, "batch tokens"],
    among: Bool[Tensor, "batch tokens"],
    count: Int64[Tensor, " batch"],
) -> Bool[Tensor, "batch tokens"]:
    """Of the positions ``among``, mark the ``count`` with the smallest scores; of equals the first.

    A row must have at least ``count`` of them, and at least one position that is not among them.
    """
    shift, position = _pack_position(scores)
    unique = torch.where(among, (scores << shift) | position, torch.iinfo(scores.dtype).max)
    return unique < unique.sort(dim=1).values.gather(1, count[:, None])


def move(marked: Bool[Tensor, "batch _"], to: Int32[Tensor, "batch _"]) -> Bool[Tensor, "batch _"]:
    """Carry every mark to the position that ``to`` names there, which is never 0, the place of [CLS]."""
    # Positions without a mark all write False to 0, where nothing else is written.
    return torch.zeros_like(marked).scatter_(1, (to * marked).long(), marked)


def cover(lengths: Int[Tensor, "batch bases"], longest: int) -> Bool[Tensor, "batch bases"]:
    """Mark from every position on as many positions as its length says, which is at most ``longest``."""
    step = 1
    while step < longest:
        further = pad(lengths - step, (step, 0))[:, : lengths.shape[1]]
        lengths = torch.maximum(lengths, further)
        step *= 2
    return lengths > 0


def _pack_position(scores: Int[Tensor, "batch tokens"]) -> tuple[int, Int32[Tensor, " tokens"]]:
    """By how much to shift scores to the left to make room for positions, and the positions."""
    tokens = scores.shape[1]
    return (tokens - 1).bit_length(), torch.arange(tokens, dtype=torch.int32, device=scores.device)
