"""The path of DNABERT's and GeneMask's scripts through the model, as a plain reading of what they do.

Hugging Face's BERT with eager attention; sequences in the order in which they were drawn, padded to the
longest of their batch; the MLM head on every token; AdamW parameter by parameter. They differ from the
scripts where a comparison asks for it: pads are not attended, and a step's loss is the mean over its tokens.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from copy import deepcopy
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW
from transformers import PreTrainedModel

Model = TypeVar("Model", bound=PreTrainedModel)
IGNORED = -100  # label of a token that the loss leaves out


class Padded(NamedTuple):
    """A batch as the scripts hand it to the model; all are [batch, tokens]."""

    input_ids: Tensor
    attention: Tensor
    labels: Tensor


def eager(model: Model) -> Model:
    """Copy of a Hugging Face model that attends as the scripts' does: scores, softmax, sum, one by one."""
    config = deepcopy(model.config)
    config._attn_implementation = "eager"
    copy = type(model)(config)
    copy.load_state_dict(model.state_dict())
    return copy.train()


def per_parameter_adamw(model: nn.Module, learning_rate: float) -> AdamW:
    """One update after the other, as the scripts' optimiser."""
    return AdamW(model.parameters(), lr=learning_rate, weight_decay=0.01, foreach=False, fused=False)


def pretraining_step(
    model: nn.Module,
    optimizer: AdamW,
    batches: Sequence[Padded],
    total: Tensor,
    precision: AbstractContextManager[Any],
) -> Tensor:
    """Accumulate the gradient over the batches, clip it, update; returns the loss in nats a hidden token."""
    loss = torch.zeros((), device=total.device)
    optimizer.zero_grad(set_to_none=True)
    for batch in batches:
        with precision:
            logits = model(batch.input_ids, attention_mask=batch.attention).logits
            flat = logits.float().flatten(0, 1)
            share = cross_entropy(flat, batch.labels.flatten(), ignore_index=IGNORED, reduction="sum") / total
        share.backward()
        loss += share.detach()
    clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss


def finetuning_step(model: nn.Module, optimizer: AdamW, input_ids: Tensor, attention: Tensor, labels: Tensor) -> Tensor:
    """One step of classification; returns the mean loss in nats."""
    optimizer.zero_grad(set_to_none=True)
    loss = cross_entropy(model(input_ids, attention_mask=attention).logits, labels)
    loss.backward()
    clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.detach()
