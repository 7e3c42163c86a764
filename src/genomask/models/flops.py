"""How many floating-point operations the matrix products of a step take."""

from typing import Final, NamedTuple

from genomask.models.settings import ModelSettings

BACKWARD: Final = 2  # each product of the forward pass has two of the same size in the backward pass


class Work(NamedTuple):
    """Sums over the rows of a batch, from which the work of a step follows; padding is no part of them.

    Attributes:
        tokens: Tokens of a row, [CLS] and [SEP] included.
        squares: Their square, which attention takes.
        asked: Tokens that the last layer and the head are computed for: the hidden ones.
        pairs: ``asked`` times ``tokens`` of the same row.
    """

    tokens: int
    squares: int
    asked: int
    pairs: int


def training_flops(model: ModelSettings, work: Work, *, vocabulary: int) -> int:
    """Operations (two for a multiplication with its addition) of forward and backward pass.

    All layers but the last are computed for every token; of the last one keys and values are, the rest and
    the head for the tokens that are asked for. For the plain pass, ask for all of them. Recomputation, which
    fused attention does in its backward pass, and everything that is no matrix product do not count.
    """
    width = model.hidden_size
    feed_forward, square = 2 * width * model.intermediate_size, width * width
    whole = _layer(model, work.tokens, work.squares)
    last = work.tokens * 2 * square + work.asked * (2 * square + feed_forward) + 2 * work.pairs * width
    head = work.asked * (square + width * vocabulary)
    return 2 * (1 + BACKWARD) * ((model.layers - 1) * whole + last + head)


def classifying_flops(model: ModelSettings, *, rows: int, tokens: int, classes: int, training: bool) -> int:
    """The same for the logits of a classifier, and its backward pass if it is trained.

    The last layer is computed for [CLS] alone, and its keys and values for no token (``models.forward``).
    """
    width, square = model.hidden_size, model.hidden_size**2
    whole = _layer(model, rows * tokens, rows * tokens**2)
    gathering = 2 * model.heads * tokens * width  # scores and sums over the states themselves, head by head
    last = rows * (4 * square + gathering + 2 * width * model.intermediate_size)
    head = rows * (square + width * classes)
    return 2 * (1 + BACKWARD * training) * ((model.layers - 1) * whole + last + head)


def _layer(model: ModelSettings, tokens: int, squares: int) -> int:
    """Multiplications of a layer that is computed for every token."""
    width = model.hidden_size
    return tokens * (4 * width**2 + 2 * width * model.intermediate_size) + 2 * squares * width
