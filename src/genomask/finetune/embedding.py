"""Embed sequences with a frozen encoder: one vector a sequence and pooling, in fp32, longest sequences first."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor
from transformers import PreTrainedModel

from genomask.alphabet import OTHER
from genomask.genome.sequences import reverse_complement
from genomask.models.bert import Encoder, base_model, read_encoder
from genomask.models.products import wide_products
from genomask.tokens.base import Tokens, of_bases

POOLS: Final = ("mean", "cls", "max")
TOKENS_AT_ONCE: Final = {"cpu": 4_096, "cuda": 131_072}  # padded tokens of a batch; no effect beyond rounding


class LoadedEncoder(NamedTuple):
    """An encoder that is ready to embed: as it was read, and as a module in fp32 without head and pooler."""

    source: Encoder
    model: PreTrainedModel
    tokens: Tokens

    @property
    def longest(self) -> int:
        """Bases of the longest sequence that it takes."""
        return self.source.longest


def load_encoder(folder: str | Path) -> LoadedEncoder:
    """Load an encoder: ``runs/encoder/NAME``, or any folder in the same Hugging Face layout; see ``read_encoder``."""
    source = read_encoder(Path(folder).expanduser())
    return LoadedEncoder(source, base_model(source).eval(), source.tokens)


def layer_states(
    encoder: LoadedEncoder, bases: UInt8[Tensor, "batch bases"], lengths: Int64[Tensor, " batch"], *, layers: str
) -> tuple[list[Float[Tensor, "batch tokens hidden"]], Bool[Tensor, "batch tokens"]]:
    """Features of the last layer, or of the token embeddings and all layers; and which tokens stand for bases."""
    tokens, device = encoder.tokens, encoder.model.device
    token_ids = tokens.batch(bases, lengths)
    there = token_ids != tokens.pad
    padded = not bool(there.all())  # asked on the host, which need not wait for the device
    token_ids, there = token_ids.to(device), there.to(device)
    attention = there.to(torch.int64) if padded else None
    with torch.inference_mode(), wide_products(device):
        found = encoder.model(token_ids, attention_mask=attention, output_hidden_states=layers == "all")
    return list(found.hidden_states) if layers == "all" else [found.last_hidden_state], of_bases(tokens, there)


def pooled(
    layers: Sequence[Float[Tensor, "batch tokens hidden"]], content: Bool[Tensor, "batch tokens"], pool: str
) -> Float[Tensor, "batch layers hidden"]:
    """Pool every layer's features: their mean or maximum over the tokens of bases, or those of [CLS]."""
    stacked = torch.stack(list(layers), dim=1)
    if pool == "cls":
        return stacked[:, :, 0]
    inside = content[:, None, :, None]
    if pool == "max":
        return stacked.masked_fill(~inside, -torch.inf).amax(dim=2)
    return (stacked * inside).sum(dim=2) / inside.sum(dim=2)


def check_lengths(encoder: LoadedEncoder, lengths: Int64[np.ndarray, " rows"], *, long: str) -> None:
    """Refuse sequences that the encoder cannot take.

    Raises:
        ValueError: If a sequence has no token, or is too long and ``long`` is ``refuse``.
    """
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
    encoder: LoadedEncoder,
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
    lengths = torch.tensor(batch.lengths, dtype=torch.int64)
    chosen, content = layer_states(encoder, torch.from_numpy(table), lengths, layers=layers)
    first = [place for place, row in enumerate(batch.rows) if place == 0 or batch.rows[place - 1] != row]
    vectors = {pool: pooled(chosen, content, pool).cpu() for pool in pools}
    merged = {pool: _merged(values, [*first, len(batch.rows)], pool) for pool, values in vectors.items()}
    return [batch.rows[place] for place in first], merged


def _merged(
    values: Float[Tensor, "stretches layers hidden"], bounds: list[int], pool: str
) -> Float[np.ndarray, "rows layers hidden"]:
    if len(bounds) == len(values) + 1:
        return values.numpy()
    windows = [values[start:stop] for start, stop in pairwise(bounds)]
    return torch.stack([part.amax(dim=0) if pool == "max" else part.mean(dim=0) for part in windows]).numpy()
