"""Sequences as people type them, turned into bases."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from genomask.alphabet import OTHER, encode
from genomask.checks import require
from genomask.tasks.readers import join_kmers, sequence_text

GIVEN: Final = Path("sequences")  # what messages call them; a line is a sequence, from 1


def encoded(sequences: Iterable[Any]) -> list[UInt8[np.ndarray, " _bases"]]:
    """Bases 0..4 of sequences: letters, k-mers separated by blanks, or bases already.

    Raises:
        ValueError: Naming the sequence, counted from 1, that is no DNA.
    """
    require(not isinstance(sequences, str), "A list of sequences", "several, such as [text]", "one text")
    found = []
    for number, one in enumerate(sequences, start=1):
        is_text = isinstance(one, str)
        text = sequence_text(GIVEN, number, join_kmers(one)) if is_text else ""
        found.append(encode(text) if is_text else np.asarray(one, dtype=np.uint8))
    return found


def padded(
    sequences: list[UInt8[np.ndarray, " _bases"]], *, shortest: int = 1
) -> tuple[UInt8[Tensor, "batch bases"], Int64[Tensor, " batch"]]:
    """A padded batch, and the length of every row.

    Raises:
        ValueError: If a sequence has fewer bases than ``shortest``.
    """
    lengths = torch.tensor([len(bases) for bases in sequences], dtype=torch.int64)
    least = int(lengths.min()) if sequences else shortest
    require(least >= shortest, "A sequence", f"at least {shortest} bases", least)
    batch = np.full((len(sequences), int(lengths.max()) if sequences else 0), OTHER, dtype=np.uint8)
    for row, bases in zip(batch, sequences, strict=True):
        row[: len(bases)] = bases
    return torch.from_numpy(batch), lengths
