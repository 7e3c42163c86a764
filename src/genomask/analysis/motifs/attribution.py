"""Which bases a classifier's decision rests on (integrated gradients, attention), and the seqlets that stand out."""

from typing import Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64, UInt8
from torch import Tensor, nn
from transformers import BertForSequenceClassification

from genomask.alphabet import FIRST_KMER, MASK, OTHER, PAD
from genomask.analysis.motifs.discover import Labelled
from genomask.console import progress
from genomask.models.export import Classifier
from genomask.tasks.examples import Examples
from genomask.tokens.base import Tokens

WIDTH: Final = 24  # bases that are cut out around a seqlet's middle; DNABERT's window
FEWEST: Final = 5  # bases of a seqlet; DNABERT's smallest
Windows = UInt8[np.ndarray, "windows bases"]


class Attribution(NamedTuple):
    """What every base of every row has, and the margin that the gradients of a row add up to."""

    gradient: Float32[np.ndarray, "rows bases"]
    attention: Float32[np.ndarray, "rows bases"]
    difference: Float32[np.ndarray, " rows"]  # margin at the sequence less margin at the baseline


def attribute(
    classifier: Classifier, examples: Examples, *, target: int, steps: int, size: int, device: torch.device
) -> Attribution:
    """Gradient and attention of every base of every row, ``size`` rows at once; 0 beyond a row's end."""
    model, tokens = classifier.model.requires_grad_(requires_grad=False), classifier.tokens
    if not isinstance(model, BertForSequenceClassification):
        kind = type(model).__name__
        raise ValueError(f"Attribution needs a BERT, whose embeddings it interpolates; this is a {kind}.")
    nn.Module.to(model, device)
    count = len(examples.labels)
    gradient, looked = np.zeros((2, count, int(examples.lengths.max())), np.float32)
    difference = np.zeros(count, np.float32)
    with progress("attribute", count) as advance:
        for rows in np.split(np.arange(count), range(size, count, size)):
            lengths = examples.lengths[rows]
            sequences = [row[:length] for row, length in zip(examples.padded(rows), lengths, strict=True)]
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


def integrated_gradients(
    model: BertForSequenceClassification, token_ids: Int64[Tensor, "batch tokens"], *, target: int, steps: int
) -> Float[Tensor, "batch tokens"]:
    """What each k-mer token adds to the margin of a class, compared with a sequence of [MASK].

    The gradient of the margin is integrated along the straight line from the baseline's token embeddings to the
    sequence's (Gauss and Legendre's rule, at ``steps`` points); a row's sum approaches the difference of the margins.
    [CLS], [SEP] and [PAD] stay as they are.
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
    model: BertForSequenceClassification, word: Float[Tensor, "batch tokens hidden"], attention: Tensor, target: int
) -> Float[Tensor, " batch"]:
    """Logit of the class less the mean of the others, from token embeddings."""
    logits = model(inputs_embeds=word, attention_mask=attention).logits
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
    """Divide what a token has evenly among its bases; with ``mean``, a base has its tokens' mean, as in DNABERT."""
    found = []
    for row, bases in zip(values.float().cpu().numpy(), sequences, strict=True):
        _, start, stop = tokens.split(bases)
        own = row[len(tokens.prefix) : len(tokens.prefix) + len(start)]
        size, share = len(bases) + 1, own if mean else own / np.maximum(stop - start, 1)
        steps = np.bincount(start, share, size) - np.bincount(stop, share, size)
        covering = np.maximum(tokens.coverage(bases), 1) if mean else 1.0
        found.append((np.cumsum(steps)[:-1] / covering).astype(np.float32))
    return found


class Seqlet(NamedTuple):
    """A maximal run of bases that all score high."""

    row: int
    start: int
    stop: int


def find_seqlets(scores: Float32[np.ndarray, "rows bases"], examples: Examples, *, share: float) -> list[Seqlet]:
    """All maximal runs of at least ``FEWEST`` bases among the ``share`` of bases that score highest in all rows.

    The limit is never below 0, so that a seqlet speaks for the class.
    """
    inside = np.arange(scores.shape[1]) < examples.lengths[:, None]
    limit = max(0.0, float(np.quantile(scores[inside], 1 - share)))
    change = np.diff(np.pad((scores > limit) & inside, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    (row, start), (_, stop) = np.nonzero(change == 1), np.nonzero(change == -1)
    return [Seqlet(*found) for found in np.stack((row, start, stop), axis=1)[stop - start >= FEWEST].tolist()]


def against_unseen(
    seqlets: list[Seqlet], examples: Examples, rng: np.random.Generator
) -> tuple[Windows, Windows, list[int]]:
    """A window of ``WIDTH`` bases around every seqlet, one elsewhere in the same sequence, and the row of each pair.

    It is ``OTHER`` beyond an end. The other window is drawn from the places where it touches no seqlet; a seqlet
    whose sequence has none is left out.
    """
    taken = np.zeros((len(examples.labels), max(WIDTH, int(examples.lengths.max()))), dtype=bool)
    taken[np.arange(taken.shape[1]) >= examples.lengths[:, None]] = True
    for row, start, stop in seqlets:
        taken[row, start:stop] = True
    pairs, rows = [], []
    for row, start, stop in seqlets:
        free = np.flatnonzero(~np.lib.stride_tricks.sliding_window_view(taken[row], WIDTH).any(axis=1))
        if len(free):
            bases = np.pad(examples.bases[slice(*examples.offsets[row : row + 2])], WIDTH, constant_values=OTHER)
            starts = ((start + stop - WIDTH) // 2, int(rng.choice(free)))
            pairs.append([bases[first + WIDTH : first + 2 * WIDTH] for first in starts])
            rows.append(row)
    seen, unseen = np.array(pairs, np.uint8).reshape(-1, 2, WIDTH).swapaxes(0, 1)
    return seen, unseen, rows


def halves(seen: Windows, unseen: Windows, rows: list[int]) -> tuple[Labelled, Labelled]:
    """Windows of the even rows to discover motifs in, and of the odd rows to test them on; pairs are one stratum."""

    def labelled(half: np.ndarray) -> Labelled:
        own = np.vstack((seen[half], unseen[half]))
        return Labelled(own, np.arange(len(own)) < len(own) // 2, np.zeros(len(own), np.int64))

    odd = np.array(rows, dtype=np.int64) % 2 == 1
    return labelled(~odd), labelled(odd)
