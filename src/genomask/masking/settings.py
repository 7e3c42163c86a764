"""Settings that go with any strategy: corruption, a share to match, rates over the training, weights in the loss."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Float32

from genomask.checks import require, require_choice, require_each
from genomask.masking.draws import Stream, bits, uniform

MASKED_SHARE: Final = 0.15  # of the tokens, nominally (Sec. 3)
LEAST: Final = 2**-31  # a probability that is as good as none
UNITS: Final = ("token", "span", "base")  # what one draw of the corruption decides for


@dataclass
class Corruption:
    """What the encoder sees in the place of masked tokens: [MASK], a random token, or the token itself for the rest.

    One draw decides for every masked token (``unit=token``, as DNABERT and the paper), for a run of masked tokens
    (``span``), or for a hidden base and with it all tokens that cover it (``base``), so that no token shows a base that
    another one replaces. Shares are DNABERT's and BERT's. ``random_specials`` lets random tokens be special ones, as in
    DNABERT's code.
    """

    unit: str = "token"
    mask_share: float = 0.8
    random_share: float = 0.1
    random_specials: bool = False

    def __post_init__(self) -> None:
        require_choice(self.unit, "corrupt.unit", UNITS)
        require(0 < self.mask_share <= 1, "corrupt.mask_share", "a number above 0 and at most 1", self.mask_share)
        most, share = 1 - self.mask_share, self.random_share
        needed = f"a number from 0 to 1 - corrupt.mask_share = {most:g}"
        require(0 <= share <= most + 1e-9, "corrupt.random_share", needed, share)


@dataclass
class MatchSettings:
    """Share of the tokens, or of the bases, that every strategy is calibrated to mask; None for its nominal rate."""

    tokens: float | None = None
    bases: float | None = None

    def __post_init__(self) -> None:
        one = self.tokens is None or self.bases is None
        require(one, "match", "one target, match.tokens or match.bases", f"{self.tokens} and {self.bases}")
        fits = "a share between 0 and 1, or null"
        require_each(self, "match", "tokens bases", lambda share: share is None or 0 < share < 1, fits)


@dataclass
class Rate:
    """How much is hidden over the training, for any strategy: center probabilities in proportion to a nominal share.

    That share of the tokens goes from ``first`` to ``last`` by its ``shape``: it stays, goes along a line or half a
    cosine, or changes at once at ``switch``; 0.15 leaves a strategy's probability as it is. With a ``concentration``,
    that of every sequence is drawn from a Beta distribution with this mean, whose parameters sum to it.
    """

    shape: str = "constant"
    first: float = MASKED_SHARE
    last: float = MASKED_SHARE
    switch: float = 0.5
    concentration: float | None = None

    def __post_init__(self) -> None:
        require_choice(self.shape, "rate.shape", ("constant", "linear", "cosine", "two_stage"))
        require_each(self, "rate", "first last switch", lambda share: 0 < share < 1, "a share between 0 and 1")
        same = self.shape != "constant" or self.first == self.last
        require(same, "rate.last", f"rate.first = {self.first:g}, where rate.shape=constant", self.last)
        positive = self.concentration is None or self.concentration > 0
        require(positive, "rate.concentration", "a positive number, or null", self.concentration)

    def share(self, progress: float) -> float:
        """Nominal share of the tokens when so much of the training is done."""
        way = {
            "constant": 0.0,
            "linear": progress,
            "cosine": (1 - math.cos(math.pi * progress)) / 2,
            "two_stage": float(progress >= self.switch),
        }[self.shape]
        return self.first + (self.last - self.first) * way

    def mean(self) -> float:
        """What center probabilities are multiplied by, on average over the training."""
        middle = self.switch if self.shape == "two_stage" else 0.5
        return (self.first * middle + self.last * (1 - middle)) / MASKED_SHARE

    def scale(self, probability: float, sequence: Any) -> float:
        """The center probability of a sequence."""
        share = self.share(sequence.progress)
        if self.concentration is not None:
            from scipy.special import betaincinv

            drawn = uniform(sequence.key, stream=Stream.RATE, count=1)[0]
            share = betaincinv(share * self.concentration, (1 - share) * self.concentration, drawn)
        return float(min(max(probability * (share / MASKED_SHARE), LEAST), 1.0))


@dataclass
class Weight:
    """What hidden bases count in the loss of a training, for any strategy; in a validation every one counts 1.

    ``repeats`` gives ``least`` to bases that are lower case in the FASTA file, 1 to others (GPN, Evo 2); ``entropy``
    the Shannon entropy of the ``window`` bases around, over 2 bits; ``track`` the value of a track of the genome (null:
    its only one), such as conservation. No weight is below ``least``. ``permuted`` hands the weights of a sequence to
    other bases of it, anew every time: the control.
    """

    by: str = "none"
    least: float = 0.1
    window: int = 32
    track: str | None = None
    permuted: bool = False

    def __post_init__(self) -> None:
        require_choice(self.by, "weight.by", ("none", "repeats", "entropy", "track"))
        require(0 <= self.least <= 1, "weight.least", "a number from 0 to 1", self.least)
        require(self.window >= 2, "weight.window", "at least 2 bases", self.window)

    def weigh(self, sequence: Any, choice: Any) -> Any:
        """The choice with these weights, which go with those of the strategy."""
        if self.by == "none":
            return choice
        weights = np.maximum(self._values(sequence), self.least).astype(np.float32)
        if self.permuted:
            weights = weights[np.argsort(bits(sequence.key, stream=Stream.WEIGHTS, count=len(weights)), kind="stable")]
        return choice._replace(weights=weights if choice.weights is None else weights * choice.weights)

    def _values(self, sequence: Any) -> Float32[np.ndarray, " bases"]:
        if self.by == "track":
            return sequence.tracks[self.track_among(tuple(sequence.tracks))]
        if self.by == "repeats":
            found = "none: all would count 1"
            require(sequence.lower is not None, "weight=repeats", "a genome with lower-case letters", found)
            return 1.0 - np.asarray(sequence.lower, dtype=np.float32)
        size = len(sequence.bases)
        starts = np.maximum(np.arange(size) - self.window // 2, 0)
        stops = np.minimum(np.arange(size) + (self.window + 1) // 2, size)
        is_base = sequence.bases[None] == np.arange(4)[:, None]
        before = np.concatenate((np.zeros((4, 1), dtype=np.int64), is_base.cumsum(axis=1)), axis=1)
        counts = before[:, stops] - before[:, starts]
        shares = counts / np.maximum(counts.sum(axis=0), 1)
        return (-(shares * np.log2(np.where(shares > 0, shares, 1.0))).sum(axis=0) / 2).astype(np.float32)

    def track_among(self, names: tuple[str, ...]) -> str:
        """The name of the track; ValueError if the genome has no such track, or several to choose from."""
        found = names if self.track is None else tuple({self.track} & set(names))
        needed = f"one of the tracks {', '.join(names)}" if names else "genome.tracks={NAME: FILE} with a BED or bigWig"
        require(len(found) == 1, "weight.track", needed, self.track)
        return found[0]
