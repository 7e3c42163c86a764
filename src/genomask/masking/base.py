"""A masking strategy chooses the bases to hide; every token that covers one of them is masked."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, UInt8

from genomask.alphabet import OTHER
from genomask.checks import require
from genomask.genome.sequences import kmer_codes
from genomask.masking import kernels
from genomask.masking.draws import Stream, largest_below, stream_key
from genomask.masking.settings import MASKED_SHARE


class Sequence(NamedTuple):
    """What a strategy sees of one sequence."""

    bases: UInt8[np.ndarray, " bases"]  # 0..3 in the order A, T, C, G; 4 for another letter
    centers: tuple[int, int]  # first base that may be a mask center, and the one behind the last: ``Tokens.margin``
    key: np.int64  # of its draws
    progress: float = 0.0  # share of the training that is done, from 0 to below 1
    lower: Bool[np.ndarray, " bases"] | None = None  # lower case in the FASTA file (repeats); None if not known
    tracks: Mapping[str, Float32[np.ndarray, " bases"]] = {}  # further values of every base, by the track's name
    token_bases: float = 1.0  # of a token on average, which nominal probabilities depend on

    def draw_centers(self, probability: float) -> Bool[np.ndarray, " bases"]:
        """Draw every possible center independently with this probability (DNABERT)."""
        return self.draw_spans([probability])

    def draw_spans(self, at_least: list[float]) -> Bool[np.ndarray, " bases"]:
        """Draw spans of bases that begin at centers, by their probabilities of 1, 2, ... bases at least."""
        chosen = np.zeros(len(self.bases), dtype=np.bool_)
        lasts = np.array([largest_below(probability) for probability in at_least])
        kernels.draw_spans(stream_key(self.key, Stream.CENTERS), *self.centers, lasts, chosen)
        return chosen


class Choice(NamedTuple):
    """Bases to hide and, where a strategy weighs them, the weight of every base in the loss."""

    bases: Bool[np.ndarray, " bases"]
    weights: Float32[np.ndarray, " bases"] | None = None


class Validation(NamedTuple):
    """What a strategy learns of a validation; k-mers are those in the middle of masked tokens."""

    perplexity: float  # of the masked tokens under the strategy's own mask
    misses: Float64[np.ndarray, " kmers"]  # sum of the probabilities that the model gives to wrong tokens
    counts: Float64[np.ndarray, " kmers"]  # how many masked tokens these are


@dataclass(kw_only=True, eq=False, repr=False)
class Masking(ABC):
    """A strategy. It has no k of its own: what it hides does not depend on the tokens.

    A strategy is a pure function of the sequence: draws come from ``Sequence.draw_centers`` or ``draws.bits``. Only a
    validation may change what it does (``observe``), by a state that is kept in checkpoints.

    Args:
        center_probability: Probability that a base is a center; None for the nominal one, 15 % over the tokens that a
            center is expected to mask (Sec. 3 and 4.2).

    Raises:
        ValueError: If a setting is of the wrong type or out of range.
    """

    alone: ClassVar[bool] = False  # mask the token around a chosen base alone, although its neighbours show the base
    counted_k: int = field(default=0, init=False)  # of the k-mers by which a validation counts misses; 0 for none
    center_probability: float | None = None

    def __post_init__(self) -> None:
        if self.center_probability is not None:
            require_probability(self.center_probability, "masking.center_probability")

    @abstractmethod
    def choose(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"] | Choice:
        """Choose the bases of one sequence to hide.

        Args:
            sequence: The sequence.
            probability: Probability that a base is a center: the nominal one, a setting, or calibrated.
        """

    def centers(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"]:
        """The mask centers of a sequence, for pictures."""
        return sequence.draw_centers(probability)

    def span_bases(self) -> float:
        """Bases that a center is expected to hide if nothing overlaps."""
        return 1.0

    def expected_tokens(self, bases_per_token: float) -> float:
        """Tokens of this size that a center is expected to mask if nothing overlaps.

        A span of n bases touches n - 1 more tokens than a single base, and that as many as a token has bases.
        """
        return bases_per_token - 1 + self.span_bases()

    def nominal_probability(self, bases_per_token: float) -> float:
        """The setting or, by default, what masks 15 % of tokens of this size if nothing overlaps."""
        return self.center_probability or MASKED_SHARE / self.expected_tokens(bases_per_token)

    def with_probability(self, center_probability: float) -> "Masking":
        """Copy with this nominal probability."""
        changed = copy(self)
        changed.center_probability = center_probability
        return changed

    def tracks(self) -> tuple[str, ...]:
        """Names of the tracks without which it cannot choose."""
        return ()

    def state_dict(self) -> dict[str, Any]:
        """What validations have changed, as plain lists and numbers; empty for a strategy that none changes."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        assert not state, "a strategy without a state"

    def observe(self, validation: Validation) -> None:  # noqa: B027 - most strategies ignore it
        """Take a validation into account, which all processes of a training do alike."""


def is_number(value: Any) -> bool:
    """Whether a setting, which comes unchecked from YAML, is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def require_probability(value: Any, setting: str) -> float:
    """Refuse anything but the probability of something that can happen."""
    require(is_number(value) and 0 < value <= 1, setting, "a number above 0 and at most 1", value)
    return float(value)


def covered(
    starts: Int64[np.ndarray, " runs"], stops: Int64[np.ndarray, " runs"], size: int
) -> Bool[np.ndarray, " {size}"]:
    """Bases that lie in one of the runs ``starts..stops``."""
    steps = np.bincount(starts, minlength=size + 1) - np.bincount(stops, minlength=size + 1)
    return np.cumsum(steps[:size]) > 0


def known_codes(bases: UInt8[np.ndarray, " _bases"], k: int) -> Int64[np.ndarray, " _kmers"]:
    """Base-4 code of every k-mer of a sequence by its first base; -1 for one with an unknown base."""
    unknown = np.concatenate(([0], np.cumsum(bases >= OTHER)))
    return np.where(unknown[k:] > unknown[:-k], -1, kmer_codes(bases, k).astype(np.int64))


def k_of_table(table: np.ndarray, ks: range, setting: str, needed: str) -> int:
    """The k of a table with an entry for each of the ``4**k`` k-mers."""
    found = [k for k in ks if table.shape == (4**k,)]
    require(found, setting, needed, f"shape {table.shape}")
    return found[0]
