"""Two strategies in one training: one after the other, or mixed."""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from jaxtyping import Bool

from genomask.checks import require, require_choice
from genomask.masking.base import Choice, Masking, Sequence, Validation, is_number
from genomask.masking.draws import Stream, uniform

STAIRS: Final = 100  # of CM-Step: the share of the second strategy grows by 1 % at a time


@dataclass(kw_only=True, eq=False, repr=False)
class ScheduleMasking(Masking):
    """A curriculum of two strategies, whichever they are.

    Each masks its own nominal share, or what it is calibrated to; a scheduled rate scales both alike. ``switch`` says
    which one masks a sequence:

    - ``at``: the second, from the share ``at`` of the training on;
    - ``stairs``: the second with a probability that grows from 0 to 1 in steps of 1 % (CM-Step);
    - ``mixed``: the second with the probability ``at``;
    - ``perplexity``: the second for good, once the smallest change of validation perplexity is below ``threshold``.
    """

    first: Any
    second: Any
    switch: str = "at"
    at: float = 0.5
    threshold: float = 1.0
    perplexities: list[float] = field(default_factory=list[float], init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_choice(self.switch, "masking.switch", ("at", "stairs", "mixed", "perplexity"))
        for name, part in (("first", self.first), ("second", self.second)):
            require(isinstance(part, Masking), f"masking.{name}", "a choice of the group masking", part)
            require(not part.alone, f"masking.{name}", "a strategy that hides bases, as masking=token does not", "it")
        for name, value, most in (("at", self.at, 1.0), ("threshold", self.threshold, float("inf"))):
            require(is_number(value) and 0 <= value <= most, f"masking.{name}", f"a number from 0 to {most:g}", value)
        self.counted_k = self.first.counted_k or self.second.counted_k

    def expected_tokens(self, bases_per_token: float) -> float:
        return self.first.expected_tokens(bases_per_token)

    def nominal_probability(self, bases_per_token: float) -> float:
        return self.center_probability or self.first.nominal_probability(bases_per_token)

    def tracks(self) -> tuple[str, ...]:
        return (*self.first.tracks(), *self.second.tracks())

    def second_share(self, progress: float) -> float:
        """Probability that a sequence is the second strategy's."""
        if self.switch == "perplexity":
            return float(self.smallest_change() < self.threshold)
        if self.switch == "stairs":
            return int(progress * STAIRS) / STAIRS
        return self.at if self.switch == "mixed" else float(progress >= self.at)

    def smallest_change(self) -> float:
        """Smallest change of perplexity from one validation to the next, so far."""
        return float(np.abs(np.diff(self.perplexities)).min(initial=np.inf))

    def choose(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"] | Choice:
        """Let one of the two choose."""
        drawn = uniform(sequence.key, stream=Stream.PARTS, count=1)[0]
        part = self.second if drawn < self.second_share(sequence.progress) else self.first
        scale = probability / self.first.nominal_probability(sequence.token_bases)
        return part.choose(sequence, min(scale * part.nominal_probability(sequence.token_bases), 1.0))

    def observe(self, validation: Validation) -> None:
        """Note the perplexity, and tell both."""
        self.perplexities.append(validation.perplexity)
        self.first.observe(validation)
        self.second.observe(validation)

    def state_dict(self) -> dict[str, Any]:
        """The perplexities so far, and the states of both; empty where validations change nothing."""
        parts = {"first": self.first.state_dict(), "second": self.second.state_dict()}
        learns = self.switch == "perplexity" or any(parts.values())
        return {"perplexities": list(self.perplexities), **parts} if learns else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.perplexities = list(state.get("perplexities", ()))
        self.first.load_state_dict(state.get("first", {}))
        self.second.load_state_dict(state.get("second", {}))
