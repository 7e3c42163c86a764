"""PMI-VOCAB: hide words of a masking vocabulary, after Levine et al. (2021) (Sec. 5.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Int8

from genomask.checks import require
from genomask.masking import kernels
from genomask.masking.base import Masking, Sequence

LONGEST: Final = 12  # bases in a word; the table of all strings of up to 12 bases takes 32 MB


@dataclass(kw_only=True, eq=False, repr=False)
class PmiVocabMasking(Masking):
    """Hide the longest word around each center, or the base alone where it is in no word.

    Of equally long words the first is hidden, which needs no further draw. No word reaches beyond the sequence or over
    an unknown base.

    Args:
        vocabulary: For every word length n, which of the ``4**n`` n-mers are words, by base-4 code.
        center_probability: As in ``Masking``; the nominal one assumes that every center lies in a word.
    """

    vocabulary: Mapping[int, Bool[np.ndarray, " _kmers"]]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_vocabulary(self.vocabulary)
        self.longest = max(self.vocabulary)
        words = {n: int(member.sum()) for n, member in self.vocabulary.items()}
        self.mean_length = sum(n * count for n, count in words.items()) / sum(words.values())
        self.longest_by_prefix = longest_words(self.vocabulary, self.longest)

    def span_bases(self) -> float:
        return self.mean_length

    def choose(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"]:
        """Choose the word around every center."""
        centers = np.flatnonzero(sequence.draw_centers(probability))
        chosen = np.zeros(len(sequence.bases), dtype=np.bool_)
        kernels.choose_words(sequence.bases, centers, self.longest, self.longest_by_prefix, chosen)
        return chosen


def longest_words(vocabulary: Mapping[int, Bool[np.ndarray, " _kmers"]], longest: int) -> Int8[np.ndarray, " strings"]:
    """Length of the longest word at the start of every string of at most ``longest`` bases, or 1.

    The entry of a string of n bases is ``4**n`` + its base-4 code.
    """
    table = np.ones(2 * 4**longest, dtype=np.int8)
    for n in range(1, longest + 1):
        shorter = table[4 ** (n - 1) : 2 * 4 ** (n - 1)].repeat(4)
        words = vocabulary.get(n, np.zeros(4**n, dtype=bool))
        table[4**n : 2 * 4**n] = np.where(words, n, shorter)
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
