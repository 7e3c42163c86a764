"""Hydra's way to genomask's sweeps; it imports what lies in ``hydra_plugins`` at every start."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class CellSweeperSettings:
    """``params`` are swept as in Hydra's own sweeper; ``max_batch_size`` is how many jobs start at once."""

    _target_: str = "hydra_plugins.genomask_sweeper.CellSweeper"
    max_batch_size: int | None = None
    params: dict[str, Any] = field(default_factory=dict)


ConfigStore.instance().store(group="hydra/sweeper", name="cells", node=CellSweeperSettings, provider="genomask")


class CellSweeper(Sweeper):
    """A grid search that hands the launcher cells instead of jobs; see ``genomask.experiment.sweeps``."""

    def __init__(self, max_batch_size: int | None, params: dict[str, Any]) -> None:
        self.at_once, self.params = max_batch_size, params

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Make the launcher that the configuration names."""
        from hydra.core.plugins import Plugins

        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=self.hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Plan the jobs, say so, and run those that are not done."""
        from genomask.experiment.sweeps.plan import make_plan, run_sweep

        assert self.config is not None, "Hydra sets a sweeper up before it sweeps"
        assert self.hydra_context is not None
        run_sweep(make_plan(self.config, self.hydra_context.config_loader, arguments), self._launch)

    def _launch(self, jobs: Sequence[Sequence[str]]) -> None:
        """Run every list of overrides as one job of the launcher; raises the first error when all ended."""
        assert self.launcher is not None
        size, errors = self.at_once or len(jobs), []
        for start in range(0, len(jobs), size):
            try:
                for job in self.launcher.launch(jobs[start : start + size], initial_job_idx=start):
                    _ = job.return_value  # raises what the job died of
            except Exception as error:  # of any kind: launchers have their own for a killed job
                errors.append(error)
        if errors:
            raise errors[0]
