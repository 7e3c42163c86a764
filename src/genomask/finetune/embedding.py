"""Embed sequences with a frozen encoder: one vector a sequence and pooling, in fp32, longest sequences first."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from genomask.alphabet import OTHER
from genomask.genome.sequences import reverse_complement
from genomask.models.bert import Encoder
from genomask.models.products import wide_products
from genomask.tokens.base import of_bases

POOLS: Final = ("mean", "cls", "max")
TOKENS_AT_ONCE: Final = {"cpu": 4_096, "cuda": 131_072}  # padded tokens of a batch; no effect beyond rounding


def check_lengths(encoder: Encoder, lengths: Int64[np.ndarray, " rows"], *, long: str) -> None:
    """Refuse sequences without a token and, if ``long`` is ``refuse``, those that are longer than the encoder takes."""
    shortest, longest = int(lengths.min(initial=encoder.longest)), int(lengths.max(initial=0))
    if shortest < encoder.tokens.shortest:
        raise ValueError(f"sequence too short: {shortest} bases, a token of the encoder has {encoder.tokens.shortest}.")
    if longest > encoder.longest and long == "refuse":
        raise ValueError(
            f"sequence too long: {longest} bases, the encoder takes at most {encoder.longest}. "
            'Average the vectors of its windows: embed.long=window (in Python: long="window").'
        )


class Batch(NamedTuple):
    """Stretches that go through the encoder together: the rows of the table that they belong to, places, strands."""

    rows: list[int]
    starts: list[int]
    lengths: list[int]
    reverse: list[bool]


def batches(
    lengths: Int64[np.ndarray, " rows"], *, longest: int, tokens: int, both_strands: bool = False
) -> list[Batch]:
    """Batches of at most ``tokens`` bases with padding, longest first; the windows and strands of a row stay together.

    A row longer than ``longest`` is cut into as few windows of that length as cover it, evenly spread.
    """
    found: list[Batch] = []
    batch = Batch([], [], [], [])
    strands = (False, True) if both_strands else (False,)
    for row in np.argsort(-lengths, kind="stable").tolist():
        size = min(int(lengths[row]), longest)
        count = -(-int(lengths[row]) // longest)
        starts = np.linspace(0, int(lengths[row]) - size, count).astype(int).tolist()
        if batch.rows and (len(batch.rows) + count * len(strands)) * batch.lengths[0] > tokens:
            found.append(batch)
            batch = Batch([], [], [], [])
        for reverse in strands:
            batch.rows.extend([row] * count)
            batch.starts.extend(starts)
            batch.lengths.extend([size] * count)
            batch.reverse.extend([reverse] * count)
    return [*found, batch] if batch.rows else found


def embed_batch(
    encoder: Encoder,
    batch: Batch,
    bases: UInt8[np.ndarray, " bases"],
    offsets: Int64[np.ndarray, " _offsets"],
    *,
    layers: str,
    pools: Sequence[str] = POOLS,
) -> tuple[list[int], dict[str, Float[np.ndarray, "rows layers hidden"]]]:
    """Embed the rows of a batch; the windows and strands of a row are averaged, their maxima combined.

    ``bases`` are those of all sequences end to end, ``offsets`` where each begins. With ``layers=all``, there are the
    token embeddings, then every layer. Returns the rows, and their vectors of each pooling.
    """
    table = np.full((len(batch.rows), batch.lengths[0]), OTHER, dtype=np.uint8)
    for line, row, start, length, reverse in zip(table, *batch, strict=True):
        begin = int(offsets[row]) + start
        stretch = np.asarray(bases[begin : begin + length])
        line[:length] = reverse_complement(stretch) if reverse else stretch
    found = _vectors(encoder, torch.from_numpy(table), torch.tensor(batch.lengths), layers == "all", pools)
    first = np.flatnonzero(np.diff(batch.rows, prepend=-1))
    counts, merged = np.diff(first, append=len(batch.rows)).astype(np.float32)[:, None, None], {}
    for pool, vectors in found.items():
        largest = pool == "max"
        merged[pool] = np.maximum.reduceat(vectors, first) if largest else np.add.reduceat(vectors, first) / counts
    return [batch.rows[place] for place in first], merged


def _vectors(
    encoder: Encoder,
    bases: UInt8[Tensor, "batch bases"],
    lengths: Int64[Tensor, " batch"],
    every_layer: bool,
    pools: Sequence[str],
) -> dict[str, Float[np.ndarray, "batch layers hidden"]]:
    """Pool features: their mean or maximum over the tokens of bases, or those of [CLS]."""
    tokens, device = encoder.tokens, encoder.model.device
    token_ids = tokens.batch(bases, lengths)
    there = token_ids != tokens.pad
    padded = not bool(there.all())  # asked on the host, which need not wait for the device
    token_ids, there = token_ids.to(device), there.to(device)
    attention = there.to(torch.int64) if padded else None
    with torch.inference_mode(), wide_products(device):
        found = encoder.model(token_ids, attention_mask=attention, output_hidden_states=every_layer)
        layers = torch.stack(list(found.hidden_states) if every_layer else [found.last_hidden_state], dim=1)
        inside = of_bases(tokens, there)[:, None, :, None]
        ways = {
            "cls": lambda: layers[:, :, 0],
            "max": lambda: layers.masked_fill(~inside, -torch.inf).amax(dim=2),
            "mean": lambda: (layers * inside).sum(dim=2) / inside.sum(dim=2),
        }
        return {pool: ways[pool]().cpu().numpy() for pool in pools}
