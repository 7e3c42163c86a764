"""The optimiser, the machine that Lightning's Trainer runs on, and where curves are logged."""

from dataclasses import dataclass

from genomask.checks import require_choice, require_each

PROFILERS = ("simple", "advanced", "pytorch")  # Lightning's, by its own names


@dataclass
class OptimiserSettings:
    """AdamW, the norm that gradients are clipped to, and the precision."""

    weight_decay: float
    beta1: float
    beta2: float
    epsilon: float
    clip_norm: float
    precision: str

    def check(self, group: str) -> None:
        """Refuse values out of range; ``group`` is that of the settings, such as ``pretrain``."""
        require_each(self, group, "beta1 beta2", lambda beta: 0 <= beta < 1, "a number in [0, 1)")
        require_each(self, group, "epsilon weight_decay clip_norm", lambda value: value >= 0, "at least 0")


@dataclass
class TrainerSettings:
    """The machine: no result depends on it beyond rounding. ``tf32`` rounds factors of GPU products to 10 bits."""

    accelerator: str
    devices: int
    nodes: int
    strategy: str
    threads: int | None
    profile: str | None = None
    tf32: bool = False

    def __post_init__(self) -> None:
        if self.profile is not None:
            require_choice(self.profile, "trainer.profile", PROFILERS)
        require_each(self, "trainer", "devices nodes", lambda count: count >= 1, "at least 1")
        require_each(self, "trainer", "threads", lambda count: count is None or count >= 1, "at least 1")


@dataclass
class LoggerSettings:
    """Where curves go. ``wandb: auto`` is online with a key and offline without."""

    wandb: str
    csv: bool
    tensorboard: bool
    project: str

    def __post_init__(self) -> None:
        require_choice(self.wandb, "logger.wandb", ("auto", "online", "offline", "never"))
