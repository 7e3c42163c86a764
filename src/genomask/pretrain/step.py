"""The arithmetic of one optimiser step of pretraining, without a training loop around it."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy, nll_loss
from transformers import PreTrainedModel

from genomask.corpus.steps import StepBatch
from genomask.models.forward import MaskedTokens, masked_logits


class MicroBatch(NamedTuple):
    """Rows of a step that go through the encoder together."""

    input_ids: Int64[Tensor, "batch tokens"]
    attention: Bool[Tensor, "batch tokens"] | None
    masked: MaskedTokens
    targets: Int64[Tensor, " masked_tokens"]
    weights: Float[Tensor, " masked_tokens"] | None


def micro_batches(batch: StepBatch) -> list[MicroBatch]:
    """Cut a step into micro-batches, no wider than they need; unpadded ones have no attention mask."""
    parts = []
    for cut in batch.cuts:
        rows, masked = slice(cut.start, cut.stop), slice(cut.first, cut.last)
        columns = torch.arange(cut.width, device=batch.lengths.device)
        part = MicroBatch(
            batch.input_ids[rows, : cut.width],
            columns < batch.lengths[rows, None] if cut.padded else None,
            MaskedTokens(batch.flat[masked], batch.slot[masked], cut.most),
            batch.targets[masked],
            None if batch.weights is None else batch.weights[masked],
        )
        parts.append(part)
    return parts


def logits_of(model: PreTrainedModel, part: MicroBatch) -> Float[Tensor, "masked_tokens vocab"]:
    """Logits of the masked tokens; the last layer and the head are computed for them alone."""
    return masked_logits(model, part.input_ids, part.masked, part.attention).float()


def loss_sum(logits: Float[Tensor, "masked_tokens vocab"], part: MicroBatch) -> Float[Tensor, ""]:
    """Cross-entropy in nats, weighted and summed over the masked tokens; 0 where there are none."""
    if part.weights is None:
        return cross_entropy(logits, part.targets, reduction="sum")
    return (cross_entropy(logits, part.targets, reduction="none") * part.weights).sum()


def base_nats(
    logits: Float[Tensor, "masked_tokens vocab"], batch: StepBatch, dna: Int64[Tensor, " tokens_of_dna"], mask: int
) -> tuple[Float[Tensor, ""], int]:
    """Nats of the hidden bases of a validation batch (one micro-batch), summed, and how many bases they are.

    Only bases that the input does not show count: those whose tokens are all [MASK]; what is left as it is, an encoder
    need only repeat. Only tokens of DNA (``dna``; of overlapping k-mers in the order of their bases) compete, so that
    equal logits are worth ln 4 a base for k-mers of any kind. Of overlapping k-mers, the distribution over the k-mers
    of a token is summed to that of the base in question. Other tokens are predicted whole: a token's nats are those of
    its bases.
    """
    log_prob = logits.index_select(1, dna).log_softmax(dim=1)
    if batch.hidden is None:
        column = torch.full((logits.shape[1],), -1, device=dna.device)
        column = column.index_copy(0, dna, torch.arange(len(dna), device=dna.device))
        shown = batch.input_ids[:, : batch.cuts[0].width].flatten().index_select(0, batch.flat)
        wanted = column.index_select(0, batch.targets).masked_fill(shown != mask, -1)
        return nll_loss(log_prob, wanted, ignore_index=-1, reduction="sum"), batch.work.hidden_bases
    total, counts = logits.new_zeros(()), batch.hidden.per_place
    rows = log_prob.index_select(0, batch.hidden.token)
    parts = zip(rows.split(counts), batch.hidden.base.split(counts), strict=True)
    for place, (part, base) in enumerate(parts):
        before = 4**place
        kmers = part.view(len(base), before, 4, len(dna) // (4 * before))
        total -= kmers.logsumexp(dim=(1, 3)).gather(1, base[:, None]).sum()
    return total, sum(counts)
