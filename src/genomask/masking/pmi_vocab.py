"""PMI-VOCAB: hide words of a masking vocabulary, after Levine et al. (2021) (Sec. 5.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Bool
from numpy.lib.stride_tricks import sliding_window_view

from genomask.checks import require
from genomask.masking.base import Masking, Sequence, covered, known_codes

LONGEST: Final = 12  # bases in a word


@dataclass(kw_only=True, eq=False, repr=False)
class PmiVocabMasking(Masking):
    """Hide the longest word around each center, or the base alone where it is in no word; of equals, the first word.

    ``vocabulary`` says for every word length n which of the ``4**n`` n-mers are words, by base-4 code. No word reaches
    beyond the sequence or over an unknown base. The nominal probability assumes that every center lies in a word.
    """

    vocabulary: Mapping[int, Bool[np.ndarray, " _kmers"]]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_vocabulary(self.vocabulary)
        words = {n: int(member.sum()) for n, member in self.vocabulary.items()}
        self.mean_length = sum(n * count for n, count in words.items()) / sum(words.values())

    def span_bases(self) -> float:
        return self.mean_length

    def choose(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"]:
        """Choose the word around every center."""
        chosen, bases, most = sequence.draw_centers(probability), sequence.bases, max(self.vocabulary)
        centers = np.flatnonzero(chosen)
        if not len(centers):
            return chosen
        lengths = np.ones(len(bases), dtype=np.int64)  # of the longest words, by their first base
        for n in sorted(self.vocabulary):
            codes = known_codes(bases, n)
            lengths[np.flatnonzero(self.vocabulary[n][codes] & (codes >= 0))] = n
        near = sliding_window_view(np.append(np.zeros(most - 1, dtype=np.int64), lengths), most)[centers]
        reaching = np.where(near > np.arange(most)[::-1], near, 0)
        starts = centers - most + 1 + reaching.argmax(axis=1)
        return covered(starts, starts + lengths[starts], len(bases))


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
