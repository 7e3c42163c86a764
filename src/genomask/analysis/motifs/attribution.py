"""Which bases a classifier's decision rests on: integrated gradients, and attention for comparison."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64, UInt8
from torch import Tensor, nn
from transformers import BertForSequenceClassification

from genomask.alphabet import FIRST_KMER, MASK, PAD
from genomask.console import progress
from genomask.models.export import Classifier
from genomask.tasks.examples import Examples
from genomask.tokens.base import Tokens


class Attribution(NamedTuple):
    """What every base of every row has, and the margin that the gradients of a row add up to."""

    gradient: Float32[np.ndarray, "rows bases"]
    attention: Float32[np.ndarray, "rows bases"]
    difference: Float32[np.ndarray, " rows"]  # margin at the sequence less margin at the baseline


def integrated_gradients(
    model: BertForSequenceClassification,
    token_ids: Int64[Tensor, "batch tokens"],
    *,
    target: int,
    steps: int,
) -> Float[Tensor, "batch tokens"]:
    """What each k-mer token adds to the margin of a class, compared with a sequence of [MASK].

    The token embeddings go in a straight line from the baseline to the sequence, and the gradient of the
    margin is integrated along it (Gauss and Legendre's rule). The sum over a row approaches the margin at
    the sequence less the margin at the baseline as the steps increase. [CLS], [SEP] and [PAD] stay as they
    are.

    Args:
        model: The classifier.
        token_ids: Rows that end in [PAD].
        target: Class whose margin is explained: its logit less the mean of the others.
        steps: Points on the line; 1 is the gradient at its middle.
    """
    word, start = _ends(model, token_ids)
    along, weight = np.polynomial.legendre.leggauss(steps)
    total = torch.zeros_like(word)
    for place, share in zip((along + 1) / 2, weight / 2, strict=True):
        point = (start + place * (word - start)).requires_grad_()
        value = margin(model, point, token_ids != PAD, target).sum()
        total += share * torch.autograd.grad(value, point)[0]
    return ((word - start) * total).sum(dim=-1)


def margin(
    model: BertForSequenceClassification,
    embeddings: Float[Tensor, "batch tokens hidden"],
    attention: Tensor,
    target: int,
) -> Float[Tensor, " batch"]:
    """Logit of the class less the mean of the others, from token embeddings."""
    logits = model(inputs_embeds=embeddings, attention_mask=attention).logits
    others = (logits.sum(dim=1) - logits[:, target]) / (logits.shape[1] - 1)
    return logits[:, target] - others


def _ends(model: BertForSequenceClassification, token_ids: Int64[Tensor, "batch tokens"]) -> tuple[Tensor, Tensor]:
    """Token embeddings of the rows, and of the rows with every k-mer replaced by [MASK]."""
    table = model.bert.embeddings.word_embeddings.weight.detach()
    word = table[token_ids]
    return word, torch.where((token_ids >= FIRST_KMER)[..., None], table[MASK], word)


@torch.no_grad()
def cls_attention(
    model: BertForSequenceClassification, token_ids: Int64[Tensor, "batch tokens"]
) -> Float[Tensor, "batch tokens"]:
    """How much [CLS] attends to every token: the last layer's attention summed over heads, DNABERT's measure."""
    usual = model.config._attn_implementation or "sdpa"
    model.set_attn_implementation("eager")  # the only one that hands its weights out
    try:
        found = model.bert(token_ids, attention_mask=token_ids != PAD, output_attentions=True).attentions
    finally:
        model.set_attn_implementation(usual)
    return found[-1][:, :, 0].sum(dim=1)


def over_bases(
    values: Float[Tensor, "batch tokens"], sequences: list[UInt8[np.ndarray, " _bases"]], tokens: Tokens, *, mean: bool
) -> list[Float32[np.ndarray, " _bases"]]:
    """Hand what a token has to the bases that it covers.

    With ``mean`` a base has the mean of the tokens that cover it, as in DNABERT; else every token is divided evenly
    among its bases, so that nothing is lost or counted twice.
    """
    found = []
    for row, bases in zip(values.float().cpu().numpy(), sequences, strict=True):
        _, start, stop = tokens.split(bases)
        own = row[len(tokens.prefix) : len(tokens.prefix) + len(start)]
        size, share = len(bases) + 1, own if mean else own / np.maximum(stop - start, 1)
        steps = np.bincount(start, share, size) - np.bincount(stop, share, size)
        covering = np.maximum(tokens.coverage(bases), 1) if mean else 1.0
        found.append((np.cumsum(steps)[:-1] / covering).astype(np.float32))
    return found


def attribute(
    classifier: Classifier, examples: Examples, *, target: int, steps: int, size: int, device: torch.device
) -> Attribution:
    """Gradient and attention of every base of every row; 0 beyond a row's end."""
    model, tokens = classifier.model.requires_grad_(requires_grad=False), classifier.tokens
    if not isinstance(model, BertForSequenceClassification):
        kind = type(model).__name__
        raise ValueError(f"Attribution needs a BERT, whose embeddings it interpolates; this is a {kind}.")
    nn.Module.to(model, device)
    shape = (len(examples.labels), int(examples.lengths.max()))
    gradient, looked = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    difference = np.zeros(len(examples.labels), np.float32)
    with progress("attribute", len(examples.labels)) as advance:
        for start in range(0, len(examples.labels), size):
            rows = np.arange(start, min(start + size, len(examples.labels)))
            sequences = [
                row[:length] for row, length in zip(examples.padded(rows), examples.lengths[rows], strict=True)
            ]
            token_ids = tokens.pad_rows([tokens.ids(bases) for bases in sequences]).to(device)
            kmers = token_ids >= FIRST_KMER
            gained = integrated_gradients(model, token_ids, target=target, steps=steps) * kmers
            weights = cls_attention(model, token_ids) * kmers
            for into, values, mean in ((gradient, gained, False), (looked, weights, True)):
                for row, own in zip(rows, over_bases(values, sequences, tokens, mean=mean), strict=True):
                    into[row, : len(own)] = own
            with torch.no_grad():
                word, nothing = (margin(model, end, token_ids != PAD, target) for end in _ends(model, token_ids))
            difference[rows] = (word - nothing).cpu().numpy()
            advance(len(rows))
    return Attribution(gradient, looked, difference)
