"""A joblib launcher whose workers end with it, however it ends.

Those of hydra-joblib-launcher, which this extends, work on for hours when a sweep is told to stop.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.types import TaskFunction
from omegaconf import DictConfig

if TYPE_CHECKING or find_spec("hydra_plugins.hydra_joblib_launcher"):
    from hydra_plugins.hydra_joblib_launcher.config import JobLibLauncherConf
    from hydra_plugins.hydra_joblib_launcher.joblib_launcher import JoblibLauncher

    @dataclass
    class JoblibSettings(JobLibLauncherConf):
        """Joblib's settings."""

        _target_: str = "hydra_plugins.genomask_joblib.TidyJoblibLauncher"

    ConfigStore.instance().store(
        group="hydra/launcher", name="genomask_joblib", node=JoblibSettings, provider="genomask"
    )

    class TidyJoblibLauncher(JoblibLauncher):
        """The cores of one machine. Ctrl-C, SIGTERM and, on Linux, SIGKILL end all workers at once."""

        def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
            """Run all jobs; raises KeyboardInterrupt when told to stop, with no worker left."""
            from genomask.experiment.sweeps.stop import stoppable

            task = self.task_function
            assert task is not None, "Hydra sets a launcher up before it launches"
            self.task_function = partial(_work, os.getpid(), task)
            try:
                with stoppable(_end_workers):
                    return super().launch(job_overrides, initial_job_idx)
            finally:
                self.task_function = task


def _work(parent: int, task: TaskFunction, cfg: DictConfig) -> Any:
    """Do a job in a worker that ends with the process that started it."""
    from genomask.experiment.sweeps.stop import end_with

    end_with(parent)
    return task(cfg)


def _end_workers() -> None:
    from joblib.externals.loky import get_reusable_executor

    current: Any = True  # the executor that there is
    get_reusable_executor(reuse=current, kill_workers=True).shutdown(wait=True, kill_workers=True)
