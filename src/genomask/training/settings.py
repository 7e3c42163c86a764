"""The machine that Lightning's Trainer runs on, and where curves are logged."""

from dataclasses import dataclass

from genomask.checks import require, require_choice

PROFILERS = ("simple", "advanced", "pytorch")  # Lightning's, by its own names


@dataclass
class TrainerSettings:
    """The machine: what Lightning's Trainer runs on. Nothing here changes a result beyond rounding.

    ``tf32`` lets a GPU round the factors of float32 products to 10 bits, which is faster.
    """

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
        require(self.devices >= 1, "trainer.devices", "at least 1", self.devices)
        require(self.nodes >= 1, "trainer.nodes", "at least 1", self.nodes)
        require(self.threads is None or self.threads >= 1, "trainer.threads", "at least 1", self.threads)


@dataclass
class LoggerSettings:
    """Where curves go. ``wandb: auto`` is online with a key and offline without."""

    wandb: str
    csv: bool
    tensorboard: bool
    project: str

    def __post_init__(self) -> None:
        require_choice(self.wandb, "logger.wandb", ("auto", "online", "offline", "never"))
