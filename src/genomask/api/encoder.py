"""Load a pretrained encoder, and embed sequences with it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor
from transformers import BertModel

from genomask.api.sequences import encoded, padded
from genomask.checks import require, require_choice
from genomask.models.bert import Encoder, read_encoder
from genomask.models.checkpoint import fill
from genomask.models.forward import states
from genomask.tokens.base import Tokens

POOLS: Final = ("mean", "cls")


class LoadedEncoder(NamedTuple):
    """An encoder that is ready to embed: its weights as they were read, and as a module in fp32.

    Attributes:
        source: What fine-tuning starts from.
        model: Hugging Face's ``BertModel`` without pooler.
        tokens: What it reads.
    """

    source: Encoder
    model: BertModel
    tokens: Tokens

    @property
    def longest(self) -> int:
        """Bases of the longest sequence that it takes."""
        return self.tokens.longest(self.model.config.max_position_embeddings)


def load_encoder(folder: str | Path) -> LoadedEncoder:
    """Load an encoder: ``runs/encoder/NAME``, or any folder in the same Hugging Face layout.

    Raises:
        FileNotFoundError: If the folder or a file of it is missing.
        ValueError: If its files are damaged or do not fit together.
    """
    source = read_encoder(Path(folder).expanduser())
    model = BertModel(source.config, add_pooling_layer=False)
    fill(model, source.weights, source.directory)
    return LoadedEncoder(source, model.eval(), source.tokens)


def embed(
    encoder: LoadedEncoder | str | Path, sequences: Iterable[str], *, pool: str = "mean", batch: int = 32
) -> Float32[np.ndarray, "rows hidden"]:
    """Embed every sequence as one vector of the last layer's features.

    Args:
        encoder: From ``load_encoder``, or its folder.
        sequences: Letters, or k-mers separated by blanks.
        pool: ``mean`` over the k-mers, or ``cls``: the features of [CLS], which pretraining alone does not
            train to mean anything.
        batch: Sequences that go through the encoder together; no effect beyond rounding.

    Raises:
        ValueError: If a sequence is no DNA, or shorter or longer than the encoder takes.
    """
    require_choice(pool, "pool", POOLS)
    require(batch >= 1, "batch", "at least 1", batch)
    loaded = encoder if isinstance(encoder, LoadedEncoder) else load_encoder(encoder)
    given = encoded(sequences)
    longest = max(map(len, given), default=0)
    require(longest <= loaded.longest, "A sequence", f"at most {loaded.longest} bases", longest)
    order = sorted(range(len(given)), key=lambda row: -len(given[row]))
    found = np.empty((len(given), loaded.model.config.hidden_size), dtype=np.float32)
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        bases, lengths = padded([given[row] for row in rows], shortest=loaded.tokens.shortest)
        token_ids = loaded.tokens.batch(bases, lengths).to(loaded.model.device)
        found[rows] = _pooled(loaded.model, loaded.tokens, token_ids, pool).cpu().numpy()
    return found


@torch.inference_mode()
def _pooled(model: BertModel, tokens: Tokens, token_ids: Tensor, pool: str) -> Tensor:
    there = token_ids != tokens.pad
    found = states(model, token_ids, there)
    if pool == "cls":
        return found[:, 0]
    places = torch.arange(token_ids.shape[1], device=token_ids.device)
    ends = there.sum(dim=1) - len(tokens.suffix)
    content = ((places >= len(tokens.prefix)) & (places < ends[:, None]))[:, :, None]
    return (found * content).sum(dim=1) / content.sum(dim=1)
