"""The choices of the ``tokens`` config group."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from genomask.checks import require

LONGEST_K: Final = 8
SMALLEST_VOCABULARY: Final = 16  # special tokens, bases, and a few tokens more


@dataclass
class KmerSettings:
    """k-mers, overlapping or side by side; ``k=1`` is one base a token."""

    k: int
    stride: int

    def __post_init__(self) -> None:
        require(1 <= self.k <= LONGEST_K, "tokens.k", f"a number from 1 to {LONGEST_K}", self.k)
        require(self.stride in (1, self.k), "tokens.stride", f"1, or tokens.k = {self.k}", self.stride)


@dataclass
class OwnSettings:
    """The tokens that a pretrained model brings along."""


@dataclass
class BpeSettings:
    """Byte-pair encoding: a tokenizer.json at hand, or one of ``size`` tokens that is trained on the genome."""

    file: str | None
    size: int

    def __post_init__(self) -> None:
        require(self.size >= SMALLEST_VOCABULARY, "tokens.size", f"at least {SMALLEST_VOCABULARY}", self.size)
        there = self.file is None or Path(self.file).expanduser().is_file()
        require(there, "tokens.file", "a tokenizer.json", self.file)
