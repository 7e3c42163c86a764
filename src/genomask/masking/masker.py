"""From a sequence to what the encoder sees and must predict: a strategy, tokens, and a corruption together."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from genomask.masking import kernels
from genomask.masking.base import Choice, Masking, Sequence
from genomask.masking.draws import Stream, largest_below, stream_key
from genomask.masking.settings import UNITS, Corruption
from genomask.masking.terms import Rate, Weight
from genomask.tokens.base import Split, Tokens

_UNITS: Final[dict[str, int]] = dict(zip(UNITS, (kernels.PER_TOKEN, kernels.PER_RUN, kernels.PER_BASE), strict=True))


class Masked(NamedTuple):
    """One masked sequence; special tokens are left out.

    Attributes:
        tokens: The tokens as they were: what is to be predicted where ``masked``.
        input_ids: What the encoder sees.
        masked: Tokens to predict.
        chosen: Bases that the strategy chose to hide.
        weights: Weight of every token in the loss: the mean over its chosen bases; None for equal weights.
    """

    tokens: Split
    input_ids: Int64[np.ndarray, " tokens"]
    masked: Bool[np.ndarray, " tokens"]
    chosen: Bool[np.ndarray, " bases"]
    weights: Float32[np.ndarray, " tokens"] | None


@dataclass(frozen=True)
class Masker:
    """Masks sequences, one at a time and on the host: a pure function of the sequence, its key and the progress.

    Attributes:
        strategy: Chooses bases.
        tokens: Cuts sequences.
        corruption: Replaces masked tokens.
        rate: How much is hidden as the training goes on.
        weight: What hidden bases count in the loss.
        probability: Probability that a base is a center; None for the strategy's own.
    """

    strategy: Masking
    tokens: Tokens
    corruption: Corruption = field(default_factory=Corruption)
    rate: Rate = field(default_factory=Rate)
    weight: Weight = field(default_factory=Weight)
    probability: float | None = None

    @property
    def center_probability(self) -> float:
        """Probability that a base is a center, where the rate is constant."""
        return self.probability or self.strategy.nominal_probability(self.tokens.bases_per_token)

    def with_probability(self, probability: float) -> "Masker":
        """Copy that differs in the center probability alone."""
        return replace(self, probability=probability)

    def __call__(
        self,
        bases: UInt8[np.ndarray, " bases"],
        lower: Bool[np.ndarray, " bases"] | None = None,
        tracks: Mapping[str, Float32[np.ndarray, " bases"]] | None = None,
        *,
        key: np.int64,
        progress: float = 0.0,
    ) -> Masked:
        """Mask one sequence.

        Args:
            bases: Bases 0..3; 4 for another letter.
            lower: Which bases are lower case in the FASTA file.
            tracks: Further values of every base, by name.
            key: From ``draws.sequence_keys``.
            progress: Share of the training that is done.

        Raises:
            ValueError: If the strategy returns anything but one flag, and at most one weight, a base.
        """
        choice = self.choose(self.sequence(bases, lower, tracks, key=key, progress=progress))
        tokens = self.tokens.split(bases)
        masked = self.masked(choice.bases, tokens)
        weights = None if choice.weights is None else _token_weights(choice, tokens)
        return Masked(tokens, self._corrupted(tokens, masked, choice.bases, key), masked, choice.bases, weights)

    def sequence(
        self,
        bases: UInt8[np.ndarray, " bases"],
        lower: Bool[np.ndarray, " bases"] | None = None,
        tracks: Mapping[str, Float32[np.ndarray, " bases"]] | None = None,
        *,
        key: np.int64,
        progress: float = 0.0,
    ) -> Sequence:
        """What the strategy sees of a sequence."""
        before, behind = self.tokens.margin
        centers = before, max(len(bases) - behind, before)
        return Sequence(bases, centers, key, progress, lower, tracks or {}, self.tokens.bases_per_token)

    def choose(self, sequence: Sequence) -> Choice:
        """Ask the strategy, check what it answers, and weigh it."""
        found: Any = self.strategy.choose(sequence, self.rate.scale(self.center_probability, sequence))
        choice = found if isinstance(found, Choice) else Choice(found)
        name, size = type(self.strategy).__name__, len(sequence.bases)
        for part, kind in (("bases", np.bool_), ("weights", np.floating)):
            value: Any = getattr(choice, part)
            fits = isinstance(value, np.ndarray) and value.shape == (size,) and np.issubdtype(value.dtype, kind)
            if not (fits or (part == "weights" and value is None)):
                shape = getattr(value, "shape", type(value).__name__)
                raise ValueError(f"{name}.choose must return {size} {part}, one for each base; it returned {shape}.")
        return self.weight.weigh(sequence, choice)

    def masked(self, chosen: Bool[np.ndarray, " bases"], tokens: Split) -> Bool[np.ndarray, " tokens"]:
        """Tokens to predict: those that cover a chosen base, or have it in their middle if they are masked alone."""
        start, stop = tokens.start, tokens.stop
        if self.strategy.alone:
            start = (start + stop) // 2
            stop = start + 1
        flags = np.empty(len(tokens.ids), dtype=np.bool_)
        kernels.cover(chosen, start, stop, flags)
        return flags

    def _corrupted(
        self, tokens: Split, masked: Bool[np.ndarray, " tokens"], chosen: Bool[np.ndarray, " bases"], key: np.int64
    ) -> Int64[np.ndarray, " tokens"]:
        how, ids = self.corruption, tokens.ids.copy()
        lasts = largest_below(how.mask_share), largest_below(min(how.mask_share + how.random_share, 1.0))
        special = self.tokens.mask, self.tokens.vocabulary_size if how.random_specials else 0
        parts = (ids, tokens.start, tokens.stop)
        draws = stream_key(key, Stream.CORRUPTION)
        kernels.corrupt(parts, masked, chosen, draws, _UNITS[how.unit], lasts, self.tokens.random_ids, special)
        return ids


def _token_weights(choice: Choice, tokens: Split) -> Float32[np.ndarray, " tokens"]:
    """Mean weight of the chosen bases that a token covers; 0 for a token without any."""
    assert choice.weights is not None
    sums = np.concatenate(([0.0], np.cumsum(choice.weights * choice.bases)))
    counts = np.concatenate(([0], np.cumsum(choice.bases)))
    covered = counts[tokens.stop] - counts[tokens.start]
    return ((sums[tokens.stop] - sums[tokens.start]) / np.maximum(covered, 1)).astype(np.float32)
