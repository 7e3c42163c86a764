"""The arithmetic of one optimiser step of pretraining, without a training loop around it."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import BertForMaskedLM

from genomask.alphabet import PAD
from genomask.corpus.steps import Cut
from genomask.masking.base import MaskedBatch
from genomask.models.forward import HiddenTokens, locate, masked_logits


class MicroBatch(NamedTuple):
    """Rows of a step that go through the encoder together; ``targets`` are the ids of the hidden tokens."""

    input_ids: Int64[Tensor, "batch tokens"]
    attention: Bool[Tensor, "batch tokens"] | None
    hidden: HiddenTokens
    targets: Int64[Tensor, " hidden_tokens"]


def micro_batches(
    token_ids: Int64[Tensor, "batch tokens"], masked: MaskedBatch, cuts: Sequence[Cut], *, k: int
) -> list[MicroBatch]:
    """Cut a step into micro-batches, no wider than they need; unpadded ones have no attention mask.

    Waits for the device once, for the number of hidden tokens of every row; the rest of the step never does.
    """
    counts = masked.hidden.sum(dim=1).tolist()
    return [_micro_batch(token_ids, masked, cut, counts[cut.start : cut.stop], k=k) for cut in cuts]


def _micro_batch(
    token_ids: Int64[Tensor, "batch tokens"], masked: MaskedBatch, cut: Cut, counts: list[int], *, k: int
) -> MicroBatch:
    block = slice(cut.start, cut.stop), slice(0, max(cut.longest - k + 1, 0) + 2)
    token_ids = token_ids[block]
    hidden = locate(masked.hidden[block], counts)
    targets = token_ids.flatten().index_select(0, hidden.flat)
    attention = token_ids != PAD if cut.shortest < cut.longest else None
    return MicroBatch(masked.input_ids[block], attention, hidden, targets)


def loss_sum(model: BertForMaskedLM, part: MicroBatch, *, fast_path: bool) -> Float[Tensor, ""]:
    """Cross-entropy in nats, summed over the hidden tokens; 0 where nothing is hidden.

    Args:
        model: Encoder with its MLM head.
        part: What goes through it.
        fast_path: Compute the last layer and the head for hidden tokens alone; the plain pass, if not.
    """
    if fast_path:
        logits = masked_logits(model, part.input_ids, part.hidden, part.attention)
    else:
        attention = None if part.attention is None else part.attention.to(torch.int64)
        every = model(part.input_ids, attention_mask=attention).logits
        logits = every.flatten(0, 1).index_select(0, part.hidden.flat)
    return cross_entropy(logits.float(), part.targets, reduction="sum")
