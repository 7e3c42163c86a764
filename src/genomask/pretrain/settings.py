"""What a pretraining run may vary."""

from dataclasses import dataclass, field

from genomask.checks import require, require_choice, require_each
from genomask.training.settings import OptimiserSettings


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
class PretrainSettings(OptimiserSettings):
    """Budget and optimiser of a pretraining; none at all with 0 steps, which keeps the initial weights.

    ``batch`` is the number of sequences per step before HGA, None the paper's; ``micro_batch`` of them go through the
    encoder at once, which changes no result. Validation runs every ``validate_every`` steps on ``validation_segments``
    sequences; ``calibration_segments`` measure the realised masking rate, and calibrate it to ``match``.
    """

    max_steps: int
    batch: int | None
    micro_batch: int | None
    learning_rate: float
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
        self.check("pretrain")
        require_choice(self.precision, "pretrain.precision", ("auto", "32-true", "bf16-mixed"))
        counts = "validate_every validation_segments calibration_segments log_every checkpoint_every"
        require_each(self, "pretrain", counts, lambda count: count >= 1, "at least 1")
        require_each(
            self, "pretrain", "batch micro_batch", lambda count: count is None or count >= 1, "at least 1, or null"
        )
        require_each(self, "pretrain", "workers", lambda count: count is None or count >= 0, "at least 0, or null")
        require_each(self, "pretrain", "max_steps", lambda count: count >= 0, "at least 0")
        require_each(self, "pretrain", "learning_rate", lambda rate: rate > 0, "a positive number")
        require_choice(self.schedule, "pretrain.schedule", ("linear", "constant", "wsd"))
        for step in self.keep:
            fits = 0 < step < self.max_steps and step % self.validate_every == 0
            needed = f"steps below {self.max_steps} at which it validates (pretrain.validate_every"
            require(fits, "pretrain.keep", f"{needed}={self.validate_every})", step)
        kept = self.step is None or self.step in self.keep
        require(kept, "pretrain.step", f"one of the steps in pretrain.keep, {self.keep}", self.step)
