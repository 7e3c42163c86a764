"""The arithmetic of one optimiser step of pretraining, without a training loop around it."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from genomask.corpus.steps import Cut, StepBatch
from genomask.models.forward import MaskedTokens, masked_logits
from genomask.tokens.base import Tokens


class MicroBatch(NamedTuple):
    """Rows of a step that go through the encoder together."""

    input_ids: Int64[Tensor, "batch tokens"]
    attention: Bool[Tensor, "batch tokens"] | None
    masked: MaskedTokens
    targets: Int64[Tensor, " masked_tokens"]
    weights: Float[Tensor, " masked_tokens"] | None


def micro_batches(batch: StepBatch) -> list[MicroBatch]:
    """Cut a step into micro-batches, no wider than they need; unpadded ones have no attention mask."""
    return [_micro_batch(batch, cut) for cut in batch.cuts]


def _micro_batch(batch: StepBatch, cut: Cut) -> MicroBatch:
    rows, masked = slice(cut.start, cut.stop), slice(cut.first, cut.last)
    attention = None
    if cut.padded:
        columns = torch.arange(cut.width, device=batch.lengths.device)
        attention = columns < batch.lengths[rows, None]
    return MicroBatch(
        batch.input_ids[rows, : cut.width],
        attention,
        MaskedTokens(batch.flat[masked], batch.slot[masked], cut.most),
        batch.targets[masked],
        None if batch.weights is None else batch.weights[masked],
    )


def logits_of(model: PreTrainedModel, part: MicroBatch, *, fast_path: bool) -> Float[Tensor, "masked_tokens vocab"]:
    """Logits of the masked tokens.

    Args:
        model: Encoder with its MLM head.
        part: What goes through it.
        fast_path: Compute the last layer and the head for masked tokens alone; the plain pass, if not.
    """
    if fast_path:
        return masked_logits(model, part.input_ids, part.masked, part.attention).float()
    attention = None if part.attention is None else part.attention.to(torch.int64)
    every = model(part.input_ids, attention_mask=attention).logits
    return every.flatten(0, 1).index_select(0, part.masked.flat).float()


def loss_sum(logits: Float[Tensor, "masked_tokens vocab"], part: MicroBatch) -> Float[Tensor, ""]:
    """Cross-entropy in nats, weighted and summed over the masked tokens; 0 where there are none."""
    if part.weights is None:
        return cross_entropy(logits, part.targets, reduction="sum")
    return (cross_entropy(logits, part.targets, reduction="none") * part.weights).sum()


def base_nats(
    logits: Float[Tensor, "masked_tokens vocab"], batch: StepBatch, tokens: Tokens
) -> tuple[Float[Tensor, ""], int]:
    """Nats of the hidden bases of a validation batch, summed, and how many bases they are.

    Only tokens of DNA compete, so that equal logits are worth ln 4 a base for k-mers of any kind. Of overlapping
    k-mers, the distribution over the k-mers of a token is summed to that of the base in question. Other tokens are
    predicted whole: a token's nats are those of its bases.

    Args:
        logits: Of the masked tokens.
        batch: A batch of one micro-batch, with its hidden bases.
        tokens: What the encoder reads.
    """
    dna = torch.from_numpy(tokens.random_ids).to(logits.device)
    log_prob = logits.index_select(1, dna).log_softmax(dim=1)
    total = logits.new_zeros(())
    if batch.hidden is None:
        column = torch.full((tokens.vocabulary_size,), -1, device=logits.device)
        column[dna] = torch.arange(len(dna), device=logits.device)
        wanted = column[batch.targets]
        return total - log_prob[wanted >= 0].gather(1, wanted[wanted >= 0, None]).sum(), batch.work.hidden_bases
    k = round(tokens.bases_per_token)
    token, places, bases = batch.hidden
    for place in range(k):
        here = places == place
        if here.any():
            kmers = log_prob[token[here]].view(-1, 4**place, 4, 4 ** (k - 1 - place))
            total -= kmers.logsumexp(dim=(1, 3)).gather(1, bases[here, None]).sum()
    return total, len(bases)
