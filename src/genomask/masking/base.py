"""A masking strategy chooses the bases to hide; every token that covers one of them is masked."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, Shaped, UInt8

from genomask.alphabet import OTHER
from genomask.checks import require
from genomask.genome.sequences import kmer_codes
from genomask.masking.draws import Stream, uniform
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

    def center_draws(self) -> Float64[np.ndarray, " centers"]:
        """Draw a number from 0 to below 1 for every base that may be a center."""
        first, stop = self.centers
        return uniform(self.key, stream=Stream.CENTERS, count=stop - first + 1)[1:]

    def draw_centers(self, probability: float) -> Bool[np.ndarray, " bases"]:
        """Draw every possible center independently with this probability (DNABERT)."""
        chosen = np.zeros(len(self.bases), dtype=np.bool_)
        chosen[slice(*self.centers)] = self.center_draws() < probability
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
    """A strategy: a pure function of the sequence, whatever the tokens, which draws by ``Sequence`` or ``draws.bits``.

    Only a validation may change what it does (``observe``), by a state that is kept in checkpoints.

    Args:
        center_probability: Probability that a base is a center; None for the nominal one, 15 % over the tokens that a
            center is expected to mask (Sec. 3 and 4.2).
    """

    alone: ClassVar[bool] = False  # mask the token around a chosen base alone, although its neighbours show the base
    counted_k: int = field(default=0, init=False)  # of the k-mers by which a validation counts misses; 0 for none
    center_probability: float | None = None

    def __post_init__(self) -> None:
        if self.center_probability is not None:
            require_probability(self.center_probability, "masking.center_probability")

    @abstractmethod
    def choose(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"] | Choice:
        """Choose the bases to hide; ``probability`` is that of a base to be a center: nominal, set, or calibrated."""

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
    """Tell whether a setting, which comes unchecked from YAML, is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def require_probability(value: Any, setting: str) -> float:
    """Refuse anything but the probability of something that can happen."""
    require(is_number(value) and 0 < value <= 1, setting, "a number above 0 and at most 1", value)
    return float(value)


def covered(
    starts: Int64[np.ndarray, " runs"], stops: Int64[np.ndarray, " runs"], size: int
) -> Bool[np.ndarray, " {size}"]:
    """Bases that lie in one of the runs ``starts..stops``, which may reach beyond the end."""
    ends = np.minimum(stops, size)
    return np.cumsum(np.bincount(starts, minlength=size + 1) - np.bincount(ends, minlength=size + 1))[:size] > 0


def sums_over(
    values: Shaped[np.ndarray, " bases"], starts: Int64[np.ndarray, " runs"], stops: Int64[np.ndarray, " runs"]
) -> Shaped[np.ndarray, " runs"]:
    """Sum of the values, or number of the flags, of the bases of each run ``starts..stops``."""
    before = np.append(0, np.cumsum(values))
    return before[stops] - before[starts]


def known_codes(bases: UInt8[np.ndarray, " _bases"], k: int) -> Int64[np.ndarray, " _kmers"]:
    """Base-4 code of every k-mer of a sequence by its first base; -1 for one with an unknown base."""
    unknown = np.concatenate(([0], np.cumsum(bases >= OTHER)))
    return np.where(unknown[k:] > unknown[:-k], -1, kmer_codes(bases, k).astype(np.int64))


def k_of_table(table: np.ndarray, ks: range, setting: str, needed: str) -> int:
    """The k of a table with an entry for each of the ``4**k`` k-mers."""
    found = [k for k in ks if table.shape == (4**k,)]
    require(found, setting, needed, f"shape {table.shape}")
    return found[0]
