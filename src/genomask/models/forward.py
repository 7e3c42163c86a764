"""BERT's forward pass without the work that no logit depends on; equal to the plain pass.

Of the last layer only some tokens are read (masked ones, or [CLS]): its keys and values are computed for all tokens,
the rest for these. ``attention`` is False at [PAD]; None says that no row is padded, which saves a little time.
"""

from collections.abc import Callable
from typing import NamedTuple, cast

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.distributed.fsdp import FSDPModule
from torch.nn import Module
from torch.nn.functional import dropout, pad, scaled_dot_product_attention
from transformers import BertForMaskedLM, BertForSequenceClassification, BertModel, PreTrainedModel
from transformers.models.bert.modeling_bert import BertLayer, BertPooler
from transformers.utils.generic import ModelOutput

from genomask.models.products import wide_products

Ids = Int64[Tensor, "batch tokens"]
Attention = Bool[Tensor, "batch tokens"] | None
States = Float[Tensor, "batch tokens hidden"]


class MaskedTokens(NamedTuple):
    """Where the masked tokens of a batch stand, row by row."""

    flat: Int64[Tensor, " masked_tokens"]  # row * tokens + position
    slot: Int64[Tensor, " masked_tokens"]  # row * most + how many masked tokens of the row come before
    most: int  # masked tokens in the row with most of them, at least 1


def states(model: PreTrainedModel, token_ids: Ids, attention: Attention = None) -> States:
    """Features of every token in the last layer, of an encoder with or without a head, whatever its architecture."""
    mask = None if attention is None else attention.to(torch.int64)
    with wide_products(token_ids.device):
        return model.base_model(token_ids, attention_mask=mask).last_hidden_state


def has_fast_path(model: PreTrainedModel) -> bool:
    """Whether the last layer can be computed for some tokens alone: in a BERT whose weights are not sharded."""
    return isinstance(model, BertForMaskedLM | BertForSequenceClassification) and not isinstance(model, FSDPModule)


def masked_logits(
    model: PreTrainedModel, input_ids: Ids, masked: MaskedTokens, attention: Attention = None
) -> Float[Tensor, "masked_tokens vocab"]:
    """Logits of the masked tokens, in the order of ``masked.flat``; there may be none.

    Equals ``model(input_ids, attention).logits.flatten(0, 1)[masked.flat]``. Of other architectures than BERT, and of a
    sharded model, only the head is computed for the masked tokens alone: heads work token by token.
    """
    if not (isinstance(model, BertForMaskedLM) and has_fast_path(model)):

        def select(output: ModelOutput) -> None:
            rows = output["last_hidden_state"].flatten(0, 1).index_select(0, masked.flat)
            output["last_hidden_state"] = pad(rows, (0, 0, 0, _fill(rows)))[None]

        return _logits_after(model, input_ids, attention, select)[0, : len(masked.flat)]
    with wide_products(input_ids.device):
        states = _up_to_last(model.bert, input_ids, attention)
        last = _layers(model.bert)[-1]
        batch, _, features = states.shape
        queries = states.flatten(0, 1).index_select(0, masked.flat)
        grid = queries.new_zeros(batch * masked.most, features).index_copy(0, masked.slot, queries)
        context = _attend(last, grid.view(batch, masked.most, features), states, attention)
        context, fill = context.flatten(0, 1).index_select(0, masked.slot), (0, 0, 0, _fill(queries))
        return model.cls(_finish(last, pad(context, fill), pad(queries, fill)))[: len(queries)]


def mean_logits(
    model: PreTrainedModel, input_ids: Ids, attention: Attention, content: Bool[Tensor, "batch tokens"]
) -> Float[Tensor, "batch classes"]:
    """Logits of a classifier whose head, made to read the first token, reads the mean over the tokens of bases."""

    def average(output: ModelOutput) -> None:
        features, kept = output["last_hidden_state"], content[:, :, None]
        mean = (features * kept).sum(dim=1, keepdim=True) / kept.sum(dim=1, keepdim=True).clamp(min=1)
        output["last_hidden_state"] = mean
        if output.get("pooler_output") is not None:
            output["pooler_output"] = cast(Module, model.base_model.pooler)(mean)

    return _logits_after(model, input_ids, attention, average)


def cls_logits(model: PreTrainedModel, input_ids: Ids, attention: Attention = None) -> Float[Tensor, "batch classes"]:
    """Logits of the classes. Equals ``model(input_ids, attention).logits``."""
    if not isinstance(model, BertForSequenceClassification):
        return _logits_after(model, input_ids, attention, lambda _output: None)
    if attention is not None and attention.device.type == "cpu" and attention.all():
        attention = None  # up to 10 % faster at 300 bp; a GPU would have to be waited for
    with wide_products(input_ids.device):
        states = _up_to_last(model.bert, input_ids, attention)
        last = _layers(model.bert)[-1]
        first = states[:, :1]
        top = _finish(last, _attend(last, first, states, attention), first)
        return model.classifier(model.dropout(cast(BertPooler, model.bert.pooler)(top)))


def _logits_after(
    model: PreTrainedModel, input_ids: Ids, attention: Attention, change: Callable[[ModelOutput], None]
) -> Tensor:
    """Logits of the model's own pass, in which the encoder's output is changed before the head reads it."""
    hook = model.base_model.register_forward_hook(lambda _module, _inputs, output: change(cast(ModelOutput, output)))
    mask = None if attention is None else attention.to(torch.int64)
    try:
        with wide_products(input_ids.device):
            return model(input_ids, attention_mask=mask).logits
    finally:
        hook.remove()


def _fill(rows: Float[Tensor, "rows hidden"]) -> int:
    """Rows of zeros to add, as oneDNN compiles its bfloat16 products anew for every number of rows."""
    compiled = rows.device.type == "cpu" and torch.is_autocast_enabled("cpu")
    return -len(rows) % 64 if compiled else 0


def _layers(bert: BertModel) -> list[BertLayer]:
    return cast(list[BertLayer], list(bert.encoder.layer))


def _up_to_last(bert: BertModel, input_ids: Ids, attention: Attention) -> States:
    """What the last layer reads."""
    parts = bert.embeddings
    # One table for position and sentence type: the plain pass looks the same type up for every token.
    table = parts.position_embeddings.weight[: input_ids.shape[1]] + parts.token_type_embeddings.weight[0]
    states = parts.dropout(parts.LayerNorm(parts.word_embeddings(input_ids) + table))
    for layer in _layers(bert)[:-1]:
        states = _finish(layer, _attend(layer, states, states, attention), states)
    return states


def _attend(
    layer: BertLayer, queries: Float[Tensor, "batch queries hidden"], states: States, attention: Attention
) -> Float[Tensor, "batch queries hidden"]:
    """What every query gathers from the tokens of its row."""
    own = layer.attention.self
    query, key, value = (
        projected.unflatten(-1, (own.num_attention_heads, -1)).transpose(1, 2)
        for projected in (own.query(queries), own.key(states), own.value(states))
    )
    mask = None if attention is None else attention[:, None, None, :]
    drop = own.dropout.p if own.training else 0.0
    if query.dtype == torch.bfloat16 and query.device.type == "cpu" and query.requires_grad:
        # The fused kernel and its backward take 1.5 times as long here (507 tokens, heads of 32 and 64).
        scores = query * own.scaling @ key.transpose(2, 3)
        scores = scores if mask is None else scores.masked_fill(~mask, -torch.inf)
        context = dropout(scores.softmax(dim=-1), drop) @ value
    else:
        context = scaled_dot_product_attention(query, key, value, mask, drop)
    return context.transpose(1, 2).flatten(2)


def _finish(
    layer: BertLayer, context: Float[Tensor, "... hidden"], queries: Float[Tensor, "... hidden"]
) -> Float[Tensor, "... hidden"]:
    """The rest of the layer, token by token."""
    return layer.feed_forward_chunk(layer.attention.output(context, queries))
