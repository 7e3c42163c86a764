"""PMI-VOCAB: hide words of a masking vocabulary, after Levine et al. (2021) (Sec. 5.4)."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Bool, Int8, Int32, Int64
from torch import Tensor
from torch.nn.functional import pad, threshold

from genomask.alphabet import FIRST_KMER
from genomask.checks import require
from genomask.masking.base import Masking, Sequences
from genomask.masking.geometry import bases_of, center_bases, cover, move, window

LONGEST: Final = 12  # bases in a word; the table of all 4**12 strings takes 32 MB
NEVER: Final = 2**30  # a position beyond every sequence


class PmiVocabMasking(Masking):
    """Hide the longest word around each center base, or the base alone where it is in no word.

    Of equally long words the first is hidden, which needs no further draw. No word reaches beyond the
    sequence or over an unknown base.

    Args:
        vocabulary: For every word length n, which of the ``4**n`` n-mers are words, by base-4 code.
    """

    longest_by_prefix: Tensor

    def __init__(
        self,
        *,
        vocabulary: Mapping[int, Bool[np.ndarray, " _kmers"]],
        center_probability: float | None = None,
        k: int = 6,
        corrupt: str = "token",
        random_specials: bool = False,
    ) -> None:
        super().__init__(k=k, center_probability=center_probability, corrupt=corrupt, random_specials=random_specials)
        check_vocabulary(vocabulary)
        self.longest = max(self.k, *vocabulary)
        words = {n: int(member.sum()) for n, member in vocabulary.items()}
        self.mean_length = sum(n * count for n, count in words.items()) / sum(words.values())
        self.register_buffer("longest_by_prefix", longest_words(vocabulary, self.longest), persistent=False)

    def span_tokens(self) -> float:
        """Tokens that overlap a word of average length."""
        return self.k - 1 + self.mean_length

    def choose_bases(self, sequences: Sequences) -> Bool[Tensor, "batch bases"]:
        """Choose the word around the center base of every center."""
        lengths = self.longest_from(sequences.token_ids)
        centers = center_bases(self.draw_centers(sequences), self.k)
        chosen = move(centers, start_of_longest(lengths, self.longest))
        return cover(lengths * chosen, self.longest)

    def longest_from(self, token_ids: Int64[Tensor, "batch tokens"]) -> Int8[Tensor, "batch bases"]:
        """Length of the longest word that starts at each base; 1 where none does."""
        is_kmer = token_ids >= FIRST_KMER
        known = bases_of(is_kmer, self.k)
        position = torch.arange(known.shape[1], dtype=torch.int32, device=known.device)
        unknown = pad(torch.where(known, NEVER, position), (0, self.longest - 1), value=NEVER)
        unknown = window(unknown, self.longest, torch.minimum)
        known_run = (unknown - position).clamp(max=self.longest)

        codes = (token_ids.to(torch.int32) - FIRST_KMER) * is_kmer
        kmers = overlay(pad(codes, (self.k - 1, self.k - 1)), 1, self.k) & (4**self.k - 1)
        strings = overlay(pad(kmers, (0, self.longest - self.k)), self.k, self.longest)
        prefix = (strings + 4**self.longest) >> 2 * (self.longest - known_run)
        return self.longest_by_prefix.index_select(0, prefix.flatten()).view(prefix.shape)


def overlay(codes: Int32[Tensor, "batch _"], start: int, stop: int) -> Int32[Tensor, "batch _"]:
    """Lay neighbouring codes over each other, every one a base further left than the next.

    K-mers that hold the same base agree on it, so that the digits of their codes may lie on each other.
    Codes that read ``start`` bases, or ``start`` k-mers, come to read ``stop`` of them.
    """
    while start < stop:
        step = min(start, stop - start)
        codes = (codes[:, :-step] << 2 * step) | codes[:, step:]
        start += step
    return codes


def start_of_longest(lengths: Int8[Tensor, "batch bases"], longest: int) -> Int32[Tensor, "batch bases"]:
    """Where the longest word that covers each base starts, given the longest word from every base on."""
    width = lengths.shape[1]
    # A word's length, then by how much it starts earlier: the greatest is the longest, of equals the first.
    starting = best = lengths.to(torch.int16) << 4
    for offset in range(1, min(longest, width)):
        reaching = threshold(starting + offset, 17 * offset, 0)  # unless its length is at most the offset
        best = torch.maximum(best, pad(reaching, (offset, -offset)))
    return torch.arange(width, dtype=torch.int32, device=best.device) - (best & 15)


def longest_words(vocabulary: Mapping[int, Bool[np.ndarray, " _kmers"]], longest: int) -> Int8[Tensor, " strings"]:
    """Length of the longest word at the start of every string of at most ``longest`` bases, or 1.

    The entry of a string of n bases is ``4**n`` + its base-4 code.
    """
    table = torch.ones(2 * 4**longest, dtype=torch.int8)
    for n in range(1, longest + 1):
        shorter = table[4 ** (n - 1) : 2 * 4 ** (n - 1)].repeat_interleave(4)
        words = torch.tensor(vocabulary[n]) if n in vocabulary else torch.zeros(4**n, dtype=torch.bool)
        table[4**n : 2 * 4**n] = torch.where(words, n, shorter)
    return table


def check_vocabulary(vocabulary: Any) -> None:
    """Refuse anything but word tables with at least one word."""
    setting = "masking.vocabulary"
    given = isinstance(vocabulary, Mapping) and len(vocabulary) > 0
    require(given, setting, "a table of words for some length", vocabulary)
    for n, member in vocabulary.items():
        require(n in range(1, LONGEST + 1), setting, f"words of 1 to {LONGEST} bases", n)
        good = isinstance(member, np.ndarray) and member.dtype == bool and member.shape == (4**n,)
        require(good, setting, f"{4**n} booleans for words of {n} bases", getattr(member, "shape", member))
    require(any(member.any() for member in vocabulary.values()), setting, "at least one word", 0)
