"""From a sequence to what the encoder sees and must predict: a strategy, tokens, and a corruption together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from genomask.masking.base import Choice, Masking, Sequence, covered, sums_over
from genomask.masking.draws import Stream, bits
from genomask.masking.settings import Corruption, Rate, Weight
from genomask.tokens.base import Split, Tokens


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
        """What the strategy sees of bases 0..3 (4 for another letter); ``key`` is from ``draws.sequence_keys``."""
        before, behind = self.tokens.margin
        centers = before, max(len(bases) - behind, before)
        return Sequence(bases, centers, key, progress, lower, tracks or {}, self.tokens.bases_per_token)

    def mask(self, sequence: Sequence) -> Masked:
        """Mask a sequence."""
        choice, tokens, masked = self.hide(sequence)
        weights = None
        if choice.weights is not None:
            runs = tokens.start, tokens.stop
            covered_bases = np.maximum(sums_over(choice.bases, *runs), 1)
            weights = (sums_over(choice.weights * choice.bases, *runs) / covered_bases).astype(np.float32)
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

    def hide(self, sequence: Sequence) -> tuple[Choice, Split, Bool[np.ndarray, " tokens"]]:
        """What the strategy chose, the tokens, and those that cover a chosen base, or have it in their middle."""
        choice, tokens = self.choose(sequence), self.tokens.split(sequence.bases)
        if self.strategy.alone:
            return choice, tokens, choice.bases[(tokens.start + tokens.stop) // 2]
        return choice, tokens, sums_over(choice.bases, tokens.start, tokens.stop) > 0

    def _corrupted(
        self, tokens: Split, masked: Bool[np.ndarray, " tokens"], chosen: Bool[np.ndarray, " bases"], key: np.int64
    ) -> Int64[np.ndarray, " tokens"]:
        """Ids with [MASK] or a random token in the place of most masked tokens."""
        how, size = self.corruption, len(tokens.ids)
        drawn = bits(key, stream=Stream.CORRUPTION, count=max(size, len(chosen)) + 1)
        own = decision = drawn[1 : size + 1]
        if how.unit == "span":  # runs of masked tokens count from 0
            decision = drawn[np.maximum(np.cumsum(np.diff(masked, prepend=False) & masked) - 1, 0)]
        elif how.unit == "base" and size:  # the smallest draw of a hidden base: [MASK] before a random token
            of_bases = np.append(np.where(chosen, drawn[1 : len(chosen) + 1], 2**32 - 1), 2**32 - 1)
            decision = np.minimum.reduceat(of_bases, np.stack((tokens.start, tokens.stop), axis=1).ravel())[::2]
        shown, known = decision / 2**32, self.tokens
        if how.random_specials:
            random = (own.astype(np.int64) - 2**31) % known.vocabulary_size
        else:
            random = known.random_ids[own % len(known.random_ids)]
        ids = np.where(masked & (shown < how.mask_share + how.random_share), random, tokens.ids)
        return np.where(masked & (shown < how.mask_share), known.mask, ids)


class Visibility(NamedTuple):
    """What of the hidden bases the encoder can still see, in all of some masked sequences."""

    tokens: int  # of DNA
    masked_tokens: int
    bases: int  # that a token covers
    masked_bases: int  # that no visible token covers
    kept_bases: int  # of these, in a masked token that was left as it is
    mask_ids: int  # masked tokens that show [MASK]
    floor_bases: int  # bases of masked tokens, each token's own, that neither a visible token nor a kept one shows

    @property
    def overlap_floor(self) -> float:
        """Perplexity that an encoder reaches by learning the overlap alone.

        It pays ln 4 nats for every base of a masked token that no neighbour and no token left as it is shows.
        """
        return float(4 ** (self.floor_bases / max(self.masked_tokens, 1)))

    @property
    def kept_share(self) -> float:
        """Share of the hidden bases that a token left as it is shows."""
        return self.kept_bases / max(self.masked_bases, 1)


def masked_bases(tokens: Split, masked: Bool[np.ndarray, " tokens"], size: int) -> Bool[np.ndarray, " {size}"]:
    """Bases of a sequence that masked tokens cover and no visible one does."""
    _, start, stop = tokens
    return covered(start[masked], stop[masked], size) & ~covered(start[~masked], stop[~masked], size)


def visibility(rows: Iterable[Masked], tokens: Tokens) -> Visibility:
    """Count masked sequences. Only by an overlap can a reader recognise a masked token that was left as it is."""
    sums = np.zeros(len(Visibility._fields), dtype=np.int64)
    for row in rows:
        (ids, start, stop), masked, size = row.tokens, row.masked, len(row.chosen)
        hidden, same = masked_bases(row.tokens, masked, size), masked & (row.input_ids == ids)
        kept = covered(start[same], stop[same], size) & hidden
        unseen = sums_over(hidden & ~kept if tokens.overlapping else hidden, start, stop)[masked]
        flags = masked, covered(start, stop, size), hidden, kept, masked & (row.input_ids == tokens.mask), unseen
        sums += [len(ids), *(part.sum() for part in flags)]
    return Visibility(*sums.tolist())
