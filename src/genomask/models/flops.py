"""How many floating-point operations the matrix products of a step take."""

from typing import Final, NamedTuple

from torch.nn import Linear
from transformers import PreTrainedModel

BACKWARD: Final = 2  # each product of the forward pass has two of the same size in the backward pass
UNUSED: Final = ("pooler", "contact_head")  # parts of encoders that no token's features depend on


class Shape(NamedTuple):
    """What the matrix products of an encoder with its MLM head depend on."""

    layers: int
    width: int  # features of a token
    layer: int  # multiplications with weights for a token in a layer
    head: int  # the same in the head


def shape_of(model: PreTrainedModel) -> Shape:
    """Read the shape off the linear layers of a masked language model."""
    base = {id(part): name for name, part in model.base_model.named_modules()}
    linear = [part for part in model.modules() if isinstance(part, Linear)]
    own = sum(part.weight.numel() for part in linear if not base.get(id(part), UNUSED[0]).startswith(UNUSED))
    head = sum(part.weight.numel() for part in linear if id(part) not in base)
    layers = model.config.num_hidden_layers
    return Shape(layers, model.config.hidden_size, own // layers, head)


def training_flops(shape: Shape, *, tokens: int, squares: int, queries: int, pairs: int, predicted: int) -> int:
    """Operations (two for a multiplication with its addition) of the matrix products of forward and backward pass.

    All layers but the last are computed for every token; of the last one, keys and values are, the rest for the
    ``queries``: all tokens but in the fast path. ``squares`` and ``pairs`` are sums over the rows, of the square of
    their tokens and of queries times tokens; padding counts nowhere, local attention as if it were global.
    """
    keys_and_values = 2 * shape.width**2
    others = (shape.layers - 1) * (shape.layer * tokens + 2 * shape.width * squares)
    last = keys_and_values * tokens + (shape.layer - keys_and_values) * queries + 2 * shape.width * pairs
    return 2 * (1 + BACKWARD) * (others + last + shape.head * predicted)
