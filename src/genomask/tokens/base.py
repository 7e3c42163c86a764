"""What every kind of tokens can say of a sequence."""

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64, UInt8
from torch import Tensor


class Split(NamedTuple):
    """Tokens of one sequence, special ones left out: their ids, and the bases ``start..stop`` that each covers."""

    ids: Int64[np.ndarray, " tokens"]
    start: Int64[np.ndarray, " tokens"]
    stop: Int64[np.ndarray, " tokens"]


class Tokens(ABC):
    """One way to cut sequences into tokens."""

    name: str  # in tables
    vocabulary_size: int  # token ids are below this
    pad: int  # [PAD], which fills up batches
    unk: int  # what no other token stands for
    mask: int  # [MASK]
    prefix: tuple[int, ...]  # before the tokens of a sequence, such as [CLS]
    suffix: tuple[int, ...]  # behind them, such as [SEP]
    random_ids: Int64[np.ndarray, " _ids"]  # tokens of DNA, among which a random token is drawn
    bases_per_token: float  # on average
    shortest: int = 1  # bases of the shortest sequence that has a token
    # Bases at the start and at the end of a sequence where no mask center is drawn: overlapping k-mers have their
    # centers at the center bases of tokens (Sec. 3, "MLM training").
    margin: tuple[int, int] = (0, 0)
    overlapping: bool = False  # whether neighbouring tokens share bases

    @abstractmethod
    def split(self, bases: UInt8[np.ndarray, " bases"]) -> Split:
        """Cut one sequence of bases 0..3, anything above being another letter."""

    @abstractmethod
    def longest(self, max_tokens: int) -> int:
        """Bases up to which every sequence of A, C, G and T fits into so many tokens, special ones included."""

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """All that shapes the tokens, as JSON, for hashes and for ``tokens.json``."""

    @abstractmethod
    def save_tokenizer(self, directory: Path, *, max_tokens: int) -> None:
        """Write what ``AutoTokenizer`` opens, which reads raw DNA as ``split`` does, into an existing folder."""

    def _save_config(self, directory: Path, special: dict[str, str | None], max_tokens: int) -> None:
        config = {f"{kind}_token": token for kind, token in special.items()}
        config |= {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": max_tokens}
        (directory / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")

    @property
    def special_count(self) -> int:
        """Special tokens that every sequence gets."""
        return len(self.prefix) + len(self.suffix)

    def ids(self, bases: UInt8[np.ndarray, " bases"]) -> Int64[np.ndarray, " tokens"]:
        """Token ids of one sequence, special tokens included."""
        return np.concatenate((self.prefix, self.split(bases).ids, self.suffix)).astype(np.int64)

    def batch(
        self, bases: UInt8[Tensor, "batch bases"], lengths: Int64[Tensor, " batch"]
    ) -> Int64[Tensor, "batch tokens"]:
        """Token ids of a padded batch, special tokens included; bases beyond a row's length are ignored."""
        rows = bases.cpu().numpy()
        return self.pad_rows([self.ids(row[:length]) for row, length in zip(rows, lengths.tolist(), strict=True)])

    def pad_rows(self, rows: list[Int64[np.ndarray, " _tokens"]]) -> Int64[Tensor, "batch tokens"]:
        """Token ids of several sequences as one batch, filled up with [PAD]."""
        padded = np.full((len(rows), max(map(len, rows), default=0)), self.pad, dtype=np.int64)
        for row, ids in zip(padded, rows, strict=True):
            row[: len(ids)] = ids
        return torch.from_numpy(padded)

    def coverage(self, bases: UInt8[np.ndarray, " bases"]) -> Float32[np.ndarray, " bases"]:
        """How many tokens cover every base of a sequence."""
        _, start, stop = self.split(bases)
        steps = np.bincount(start, minlength=len(bases) + 1) - np.bincount(stop, minlength=len(bases) + 1)
        return np.cumsum(steps[: len(bases)]).astype(np.float32)


def of_bases(tokens: Tokens, there: Bool[Tensor, "batch tokens"]) -> Bool[Tensor, "batch tokens"]:
    """Which tokens of a batch stand for bases: all but padding (where ``there`` is False) and special tokens."""
    places, ends = torch.arange(there.shape[1], device=there.device), there.sum(dim=1) - len(tokens.suffix)
    return (places >= len(tokens.prefix)) & (places < ends[:, None])
