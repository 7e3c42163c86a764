"""How many floating-point operations the matrix products of a step take."""

from typing import Final

from genomask.models.settings import ModelSettings

BACKWARD: Final = 2  # each product of the forward pass has two of the same size in the backward pass


def training_flops(
    model: ModelSettings, *, tokens: int, squares: int, queries: int, pairs: int, vocabulary: int
) -> int:
    """Operations (two for a multiplication with its addition) of forward and backward pass.

    All layers but the last are computed for every token; of the last one keys and values are, the rest and
    the head for the queries: the masked tokens, or all tokens in the plain pass. Recomputation, which fused
    attention does in its backward pass, and everything that is no matrix product do not count.

    Args:
        model: Shape of the encoder.
        tokens: Tokens of all rows, [CLS] and [SEP] included, padding not.
        squares: Sum over the rows of the square of their tokens, which attention takes.
        queries: Tokens that the last layer and the head are computed for.
        pairs: Sum over the rows of queries times tokens.
        vocabulary: Token ids that the head tells apart.
    """
    width = model.hidden_size
    feed_forward, square = 2 * width * model.intermediate_size, width * width
    whole = _layer(model, tokens, squares)
    last = tokens * 2 * square + queries * (2 * square + feed_forward) + 2 * pairs * width
    head = queries * (square + width * vocabulary)
    return 2 * (1 + BACKWARD) * ((model.layers - 1) * whole + last + head)


def _layer(model: ModelSettings, tokens: int, squares: int) -> int:
    """Multiplications of a layer that is computed for every token."""
    width = model.hidden_size
    return tokens * (4 * width**2 + 2 * width * model.intermediate_size) + 2 * squares * width
