"""What a pretraining run may vary."""

from dataclasses import dataclass, field

from genomask.checks import require, require_choice


@dataclass
class Warmup:
    """Warmup of the learning rate: a number of steps, or a share of all steps (WC, Sec. 5.4)."""

    steps: int | None = None
    share: float | None = None

    def __post_init__(self) -> None:
        require((self.steps is None) != (self.share is None), "wc", "either steps or share", self)
        require(self.steps is None or self.steps >= 0, "wc.steps", "at least 0", self.steps)
        require(self.share is None or 0 <= self.share <= 1, "wc.share", "a share from 0 to 1", self.share)

    def of(self, max_steps: int) -> int:
        """Warmup steps of a training of ``max_steps`` optimiser steps."""
        return self.steps if self.steps is not None else round((self.share or 0) * max_steps)


@dataclass
class Accumulation:
    """Gradient accumulation steps out of the full number (HGA, Sec. 5.4), which scale the batch."""

    steps: int
    full: int

    def __post_init__(self) -> None:
        require(1 <= self.steps <= self.full, "hga.steps", "1..hga.full", self.steps)

    def of(self, full_batch: int) -> int:
        """Sequences per optimiser step: 480 of 1,000 with 12 of 25 accumulation steps."""
        return max(1, full_batch * self.steps // self.full)


@dataclass
class PretrainSettings:
    """Budget and optimiser of a pretraining; none at all with 0 steps, which keeps the initial weights.

    ``batch`` is the number of sequences per optimiser step before HGA; None takes the model's own from the
    paper. ``micro_batch`` only says how many of them go through the encoder at once, which changes no result.
    Validation runs every ``validate_every`` steps on ``validation_segments`` sequences; ``calibration_segments``
    measure the realised masking rate, and calibrate it to ``match``.
    """

    max_steps: int
    batch: int | None
    micro_batch: int | None
    learning_rate: float
    beta1: float
    beta2: float
    epsilon: float
    weight_decay: float
    clip_norm: float
    precision: str
    validate_every: int
    validation_segments: int
    calibration_segments: int
    log_every: int
    checkpoint_every: int
    workers: int | None
    schedule: str = "linear"
    keep: list[int] = field(default_factory=list)
    step: int | None = None

    def __post_init__(self) -> None:
        require(self.max_steps >= 0, "pretrain.max_steps", "at least 0", self.max_steps)
        for name in ("validate_every", "validation_segments", "calibration_segments", "log_every", "checkpoint_every"):
            require(getattr(self, name) >= 1, f"pretrain.{name}", "at least 1", getattr(self, name))
        for name in ("batch", "micro_batch"):
            value = getattr(self, name)
            require(value is None or value >= 1, f"pretrain.{name}", "at least 1, or null", value)
        require(self.workers is None or self.workers >= 0, "pretrain.workers", "at least 0, or null", self.workers)
        require(self.learning_rate > 0, "pretrain.learning_rate", "a positive number", self.learning_rate)
        for name in ("beta1", "beta2"):
            require(0 <= getattr(self, name) < 1, f"pretrain.{name}", "a number in [0, 1)", getattr(self, name))
        for name in ("epsilon", "weight_decay", "clip_norm"):
            require(getattr(self, name) >= 0, f"pretrain.{name}", "at least 0", getattr(self, name))
        require_choice(self.precision, "pretrain.precision", ("auto", "32-true", "bf16-mixed"))
        require_choice(self.schedule, "pretrain.schedule", ("linear", "constant", "wsd"))
        for step in self.keep:
            fits = 0 < step < self.max_steps and step % self.validate_every == 0
            needed = f"steps below {self.max_steps} at which it validates (pretrain.validate_every"
            require(fits, "pretrain.keep", f"{needed}={self.validate_every})", step)
        kept = self.step is None or self.step in self.keep
        require(kept, "pretrain.step", f"one of the steps in pretrain.keep, {self.keep}", self.step)
