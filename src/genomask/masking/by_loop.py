"""Masks a batch on the CPU by compiled loops (see ``loops``), bit for bit as the strategies' torch code.

They take a tenth of the time of torch's many small operations (PMI, 32 x 512 tokens, one thread), and read
or compile themselves once a process. A strategy that is not built in may override whatever it inherits: it
has nothing here, and is asked itself.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np
import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from genomask.masking import loops
from genomask.masking.base import MASK_SHARE, RANDOM_SHARE, Masking
from genomask.masking.draws import Stream, largest_below
from genomask.masking.half_spans import HalfSpanMasking
from genomask.masking.pmi import PmiMasking
from genomask.masking.pmi_released import ALL_HIGH, SET_SLOTS, PmiReleasedMasking
from genomask.masking.pmi_vocab import PmiVocabMasking
from genomask.masking.random import RandomMasking
from genomask.masking.span import SpanMasking
from genomask.masking.whole_span import WholeSpanMasking, survival

# Token ids, keys with the stream's number added, and which tokens are hidden.
_Batch: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]


def choose(
    masking: Masking, token_ids: Int64[Tensor, "batch tokens"], keys: Int64[Tensor, " batch"]
) -> Bool[Tensor, "batch tokens"] | None:
    """The tokens to hide; None for a strategy that is not built in.

    Raises:
        ValueError: As ``masking.choose``.
    """
    hide = _LOOPS.get(type(masking))
    if hide is None:
        return None
    hidden = np.zeros(token_ids.shape, dtype=np.bool_)
    hide(masking, (token_ids.contiguous().numpy(), keys.numpy() + _CENTERS, hidden))
    return torch.from_numpy(hidden)


def show(
    masking: Masking,
    token_ids: Int64[Tensor, "batch tokens"],
    hidden: Bool[Tensor, "batch tokens"],
    keys: Int64[Tensor, " batch"],
) -> Int64[Tensor, "batch tokens"]:
    """What the model sees in the place of the tokens, under any strategy."""
    shown = token_ids.numpy().copy()
    batch = shown, keys.numpy() + _CORRUPTION, hidden.numpy()
    by_run = masking.corrupt == "span"
    loops.corrupt(batch, masking.k, _SHOWN, by_run, masking.random_specials)
    return torch.from_numpy(shown)


def _hide_single_bases(masking: RandomMasking, batch: _Batch) -> None:
    loops.hide_spans(batch, masking.k, _lasts(masking.center_probability))


def _hide_spans(masking: WholeSpanMasking, batch: _Batch) -> None:
    loops.hide_spans(batch, masking.k, _lasts(masking.center_probability, *_SURVIVAL))


def _hide_words(masking: PmiVocabMasking, batch: _Batch) -> None:
    table = masking.longest_by_prefix.numpy()
    last = np.uint32(largest_below(masking.center_probability))
    loops.hide_words(batch, masking.k, last, table, masking.longest)


def _hide_by_token(masking: PmiMasking, batch: _Batch) -> None:
    ranks = loops.BY_TOKEN, masking.rank_by_token_id.numpy(), 0
    _hide_half_spans(masking, batch, ranks, _half(masking))


def _hide_by_draw(masking: SpanMasking, batch: _Batch) -> None:
    ranks = loops.BY_DRAW, _NO_TABLE, _TO_RANKS
    _hide_half_spans(masking, batch, ranks, _half(masking))


def _hide_by_position(masking: PmiReleasedMasking, batch: _Batch) -> None:
    ranks = loops.BY_POSITION, masking.rank_by_position.numpy(), 0
    _hide_half_spans(masking, batch, ranks, _RELEASED[masking.version])


def _hide_half_spans(
    masking: HalfSpanMasking,
    batch: _Batch,
    ranks: tuple[int, np.ndarray, int],
    high: tuple[int, int, int, int, bool],
) -> None:
    masking.require_room(batch[0].shape[1])
    probability = masking.center_probability
    draws = np.uint32(largest_below(probability)), probability if masking.count == "fixed" else 0.0
    loops.hide_half_spans(batch, masking.k, draws, ranks, high)


def _half(masking: HalfSpanMasking) -> tuple[int, int, int, int, bool]:
    rule = loops.CEIL if masking.high_half == "ceil" else loops.FLOOR
    return rule, 0, loops.BY_SCORE, SET_SLOTS, masking.span_at == "center"


def _lasts(probability: float, *shares: float) -> np.ndarray:
    """The largest draws that have the probability or, if there are, these shares of it."""
    return np.array([largest_below(probability * share) for share in shares or (1.0,)], dtype=np.uint32)


_CENTERS, _CORRUPTION = int(Stream.CENTERS), int(Stream.CORRUPTION)
_TO_RANKS: Final = int(Stream.RANKS) - _CENTERS
_SHOWN: Final = tuple(np.uint32(largest_below(share)) for share in (MASK_SHARE, MASK_SHARE + RANDOM_SHARE))
_NO_TABLE: Final = np.zeros(0, dtype=np.int32)
_SURVIVAL: Final = tuple(survival())
_RELEASED: Final = {
    "2023-07": (loops.ONE, 0, loops.BY_LAST_SLOT, SET_SLOTS, True),
    "2023-09": (loops.RELEASED, ALL_HIGH, loops.BY_SLOT, SET_SLOTS, False),
    "2025-03": (loops.RELEASED, ALL_HIGH, loops.BY_SCORE, SET_SLOTS, False),
}

# By exact type: what inherits from a strategy may have changed any part of it.
_LOOPS: Final[dict[type[Masking], Callable[[Any, _Batch], None]]] = {
    RandomMasking: _hide_single_bases,
    WholeSpanMasking: _hide_spans,
    PmiVocabMasking: _hide_words,
    PmiMasking: _hide_by_token,
    SpanMasking: _hide_by_draw,
    PmiReleasedMasking: _hide_by_position,
}
