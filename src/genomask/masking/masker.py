"""From a sequence to what the encoder sees and must predict: a strategy, tokens, and a corruption together."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from genomask.masking import kernels
from genomask.masking.base import Choice, Masking, Sequence, covered
from genomask.masking.draws import Stream, largest_below, stream_key
from genomask.masking.settings import UNITS, Corruption, Rate, Weight
from genomask.tokens.base import Split, Tokens

LN_4 = float(np.log(4))  # nats of a base of which nothing is known
_UNITS: Final[dict[str, int]] = dict(zip(UNITS, (kernels.PER_TOKEN, kernels.PER_RUN, kernels.PER_BASE), strict=True))


class Masked(NamedTuple):
    """One masked sequence; special tokens are left out."""

    tokens: Split  # as they were: what is to be predicted where ``masked``
    input_ids: Int64[np.ndarray, " tokens"]  # what the encoder sees
    masked: Bool[np.ndarray, " tokens"]  # tokens to predict
    chosen: Bool[np.ndarray, " bases"]  # that the strategy chose to hide
    weights: Float32[np.ndarray, " tokens"] | None  # in the loss: the mean over chosen bases; None for equal weights


@dataclass(frozen=True)
class Masker:
    """Masks sequences, one at a time and on the host: a pure function of the sequence, its key and the progress.

    ``probability`` is that of a base to be a center; None for the strategy's own.
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

    def __call__(self, *piece: Any, **draws: Any) -> Masked:
        """Mask a sequence, which is given as to ``sequence``."""
        return self.mask(self.sequence(*piece, **draws))

    def sequence(
        self,
        bases: UInt8[np.ndarray, " bases"],
        lower: Bool[np.ndarray, " bases"] | None = None,
        tracks: Mapping[str, Float32[np.ndarray, " bases"]] | None = None,
        *,
        key: np.int64,
        progress: float = 0.0,
    ) -> Sequence:
        """What the strategy sees of a sequence.

        ``bases`` are 0..3, 4 for another letter; ``lower`` those in lower case; ``key`` is from
        ``draws.sequence_keys``.
        """
        before, behind = self.tokens.margin
        centers = before, max(len(bases) - behind, before)
        return Sequence(bases, centers, key, progress, lower, tracks or {}, self.tokens.bases_per_token)

    def mask(self, sequence: Sequence) -> Masked:
        """Mask a sequence.

        Raises:
            ValueError: If the strategy returns anything but one flag, and at most one weight, a base.
        """
        choice, tokens = self.choose(sequence), self.tokens.split(sequence.bases)
        masked = self._masked(choice.bases, tokens)
        weights = None if choice.weights is None else _token_weights(choice, tokens)
        ids = self._corrupted(tokens, masked, choice.bases, sequence.key)
        return Masked(tokens, ids, masked, choice.bases, weights)

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

    def _masked(self, chosen: Bool[np.ndarray, " bases"], tokens: Split) -> Bool[np.ndarray, " tokens"]:
        """Tokens that cover a chosen base, or have it in their middle if they are masked alone."""
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
        parts, draws = (ids, tokens.start, tokens.stop), stream_key(key, Stream.CORRUPTION)
        kernels.corrupt(parts, masked, chosen, draws, _UNITS[how.unit], lasts, self.tokens.random_ids, special)
        return ids


def _token_weights(choice: Choice, tokens: Split) -> Float32[np.ndarray, " tokens"]:
    """Mean weight of the chosen bases that a token covers; 0 for a token without any."""
    assert choice.weights is not None
    sums = np.concatenate(([0.0], np.cumsum(choice.weights * choice.bases)))
    counts = np.concatenate(([0], np.cumsum(choice.bases)))
    covers = counts[tokens.stop] - counts[tokens.start]
    return ((sums[tokens.stop] - sums[tokens.start]) / np.maximum(covers, 1)).astype(np.float32)


class Visibility(NamedTuple):
    """What of the hidden bases the encoder can still see: counts over masked sequences, which add up.

    ``floor_nats`` are paid for the masked tokens by a reader who knows that neighbours overlap, recognises tokens that
    were left as they are, and knows nothing of DNA: ln 4 for every base of a token that neither shows.
    """

    tokens: int = 0  # of DNA
    masked_tokens: int = 0
    bases: int = 0  # that a token covers
    masked_bases: int = 0  # that no visible token covers
    kept_bases: int = 0  # of these, in a masked token that was left as it is
    floor_nats: float = 0.0
    mask_ids: int = 0  # masked tokens that show [MASK]

    @property
    def overlap_floor(self) -> float:
        """Perplexity of that reader: what an encoder reaches by learning the overlap alone."""
        return float(np.exp(self.floor_nats / max(self.masked_tokens, 1)))

    @property
    def kept_share(self) -> float:
        """Share of the hidden bases that a token left as it is shows."""
        return self.kept_bases / max(self.masked_bases, 1)

    def plus(self, other: "Visibility") -> "Visibility":
        """Counts of both."""
        sums: list[Any] = [mine + its for mine, its in zip(self, other, strict=True)]
        return Visibility(*sums)


def masked_bases(sequence: Masked) -> Bool[np.ndarray, " bases"]:
    """Bases that masked tokens cover and no visible one does."""
    (_, start, stop), masked, size = sequence.tokens, sequence.masked, len(sequence.chosen)
    return covered(start[masked], stop[masked], size) & ~covered(start[~masked], stop[~masked], size)


def visibility(sequence: Masked, *, overlapping: bool, mask: int) -> Visibility:
    """Count one masked sequence.

    Only where neighbouring tokens share bases (``overlapping``) can a reader recognise, by its neighbours, a masked
    token that was left as it is.
    """
    (ids, start, stop), masked, size = sequence.tokens, sequence.masked, len(sequence.chosen)
    hidden, same = masked_bases(sequence), masked & (sequence.input_ids == ids)
    kept = covered(start[same], stop[same], size) & hidden
    unseen = np.concatenate(([0], np.cumsum(hidden & ~kept if overlapping else hidden)))
    nats = LN_4 * int((unseen[stop] - unseen[start])[masked].sum())
    shown = int((masked & (sequence.input_ids == mask)).sum())
    counts = [int(flags.sum()) for flags in (masked, covered(start, stop, size), hidden, kept)]
    return Visibility(len(ids), counts[0], counts[1], counts[2], counts[3], nats, shown)
