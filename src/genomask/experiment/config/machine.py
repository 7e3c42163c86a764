"""Settings of a run that belong to no step of the work: its stages, machine, loggers, seeds and folders."""

from dataclasses import dataclass

from genomask.checks import require, require_choice
from genomask.experiment.stages.registry import STAGES


@dataclass
class Stage:
    """Which stages to run; each builds the inputs that it lacks."""

    name: str
    run: list[str]

    def __post_init__(self) -> None:
        for stage in self.run:
            require_choice(stage, "stage.run", tuple(STAGES))


@dataclass
class SweepSettings:
    """The seeds that one job of a sweep runs, in place of ``seed``, and the sweep's folder; the sweeper sets both."""

    name: str | None = None
    seeds: list[int] | None = None


@dataclass
class Paths:
    """Where artefacts and results are written."""

    runs: str = "runs"


def check_run(
    *,
    shots: int | str,
    seed: int,
    pretrain_seed: int,
    folds: int | None,
) -> None:
    """Refuse values outside of groups that are out of range or do not fit together.

    Args:
        shots: Examples per class, or ``full``.
        seed: Of the episode.
        pretrain_seed: Of the pretraining.
        folds: Of ``finetune.cross_validate``.

    Raises:
        ValueError: If a value is out of its range, or two do not fit together.
    """
    whole = isinstance(shots, int) and shots >= 1
    require(whole or shots == "full", "shots", "a number from 1, or full", shots)
    if folds is not None and isinstance(shots, int):
        require(folds <= shots, "finetune.cross_validate", f"at most shots = {shots} folds", folds)
    require(seed >= 0, "seed", "at least 0", seed)
    require(pretrain_seed >= 0, "pretrain_seed", "at least 0", pretrain_seed)
