"""Bases, k-mers and tokens as integers: one alphabet for the whole framework.

The base order is DNABERT's vocabulary order, not the alphabet's. With it a k-mer's base-4 code plus
the five special tokens is DNABERT's token id, and ``base ^ 1`` is the complementary base.
"""

from typing import Final

import numpy as np
from jaxtyping import UInt8

BASES: Final = "ATCG"
OTHER: Final = 4  # N and every other letter that is not one of the four bases

SPECIAL_TOKENS: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, UNK, CLS, SEP, MASK = range(len(SPECIAL_TOKENS))
FIRST_KMER: Final = len(SPECIAL_TOKENS)  # token id of code 0


def vocabulary_size(k: int) -> int:
    """Number of tokens of a k-mer vocabulary, the special tokens included (4101 for k = 6)."""
    return FIRST_KMER + 4**k


def encode(text: str) -> UInt8[np.ndarray, " bases"]:
    """Turn letters into bases 0..3; any other letter becomes ``OTHER``. Case does not matter."""
    return _LETTER_TO_BASE[np.frombuffer(text.encode("ascii", "replace"), dtype=np.uint8)]


def decode(bases: UInt8[np.ndarray, " bases"]) -> str:
    """Turn bases 0..3 into letters; ``OTHER`` becomes ``N``."""
    return np.frombuffer(b"ATCGN", dtype=np.uint8)[bases].tobytes().decode("ascii")


def kmer_code(kmer: str) -> int:
    """Base-4 code of a k-mer, first base most significant. Raises ValueError if the k-mer is empty or holds a letter
    that is not A, C, G or T."""
    bases = encode(kmer)
    if not kmer or (bases == OTHER).any():
        raise ValueError(f"A k-mer needs the letters A, C, G and T only; got {kmer!r}.")
    return int(np.polyval(bases.astype(np.int64), 4))


def kmer_text(code: int, k: int) -> str:
    """Letters of the k-mer that has this base-4 code."""
    return "".join(BASES[(code >> 2 * place) & 3] for place in reversed(range(k)))


def kmer_table(k: int) -> list[str]:
    """Letters of all ``4**k`` k-mers, by code."""
    codes = np.arange(4**k)[:, None] >> 2 * np.arange(k - 1, -1, -1)
    return np.frombuffer(b"ATCG", dtype=np.uint8)[codes & 3].view(f"S{k}").ravel().astype(str).tolist()


_LETTER_TO_BASE = np.full(256, OTHER, dtype=np.uint8)
for _base, _letter in enumerate(BASES):
    _LETTER_TO_BASE[[ord(_letter), ord(_letter.lower())]] = _base
