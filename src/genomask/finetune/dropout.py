"""Dropout from masks that are given: what lets stacked seeds drop what each would have dropped alone."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import dropout, pad, scaled_dot_product_attention
from torch.overrides import TorchFunctionMode


class Draw(NamedTuple):
    """One dropout of a forward pass: the shape that it is drawn for, and its probability."""

    shape: tuple[int, ...]
    probability: float


class _Dropouts(TorchFunctionMode):
    """Hands every dropout of the block, and every one inside an attention, to ``drop``."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """See PyTorch's ``TorchFunctionMode``."""
        if func is dropout:
            return self._dropout(*args, **(kwargs or {}))
        if func is scaled_dot_product_attention:
            return self._attention(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))

    def _dropout(self, states: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        assert not inplace, "none of BERT's is"
        return self.drop(states, p) if training and p > 0 else states

    def _attention(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None, dropout_p: float = 0.0
    ) -> Tensor:
        scores = query @ key.transpose(-2, -1) * query.shape[-1] ** -0.5
        if mask is not None:
            scores = scores.masked_fill(~mask, -torch.inf)
        return self._dropout(scores.softmax(dim=-1), dropout_p) @ value

    def drop(self, states: Tensor, probability: float) -> Tensor:
        raise NotImplementedError


class DropoutNotes(_Dropouts):
    """Notes in ``draws`` what a forward pass would draw, in order, and drops nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.draws: list[Draw] = []

    def drop(self, states: Tensor, probability: float) -> Tensor:
        """Note one dropout."""
        self.draws.append(Draw(tuple(states.shape), probability))
        return states


class GivenDropout(_Dropouts):
    """Takes the masks of a forward pass, in order, from those that it is given."""

    def __init__(self, masks: Iterable[Tensor]) -> None:
        super().__init__()
        self.masks = iter(masks)

    def drop(self, states: Tensor, probability: float) -> Tensor:  # noqa: ARG002  (it is in the mask)
        """Apply the next mask."""
        return states * next(self.masks)


def draw_masks(draws: Iterable[Draw], *, seed: int, device: torch.device) -> list[Tensor]:
    """The masks, scaled by what is kept, that PyTorch's own dropouts draw one after the other from a seed."""
    torch.manual_seed(seed)
    return [dropout(torch.ones(draw.shape, device=device), draw.probability) for draw in draws]


def stack_masks(masks: Sequence[Tensor]) -> Tensor:
    """One mask for stacked batches of unequal widths: nothing is dropped where a batch is padded."""
    widest = [max(sizes) for sizes in zip(*(mask.shape for mask in masks), strict=True)]
    padded = []
    for mask in masks:
        missing = [size for most, own in zip(widest, mask.shape, strict=True) for size in (most - own, 0)]
        padded.append(pad(mask, missing[::-1], value=1.0))
    return torch.stack(padded)
