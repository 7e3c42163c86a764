"""A launcher for a Ray cluster that is running: one task per cell; one that is lost with its node starts elsewhere.

hydra-ray-launcher 1.2.2 refuses a cluster that is running, ends a sweep at the first process that is lost, and cannot
be installed beside submitit's cloudpickle 3.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict


@dataclass
class RaySettings:
    """The cluster, what a cell takes of it, and how often a cell is started again that was lost."""

    _target_: str = "hydra_plugins.genomask_ray.RayLauncher"
    address: str = "auto"
    num_cpus: float = 1
    num_gpus: float = 0
    resources: dict[str, float] = field(default_factory=dict)
    max_retries: int = 3


if find_spec("ray"):
    ConfigStore.instance().store(group="hydra/launcher", name="genomask_ray", node=RaySettings, provider="genomask")


class RayLauncher(Launcher):
    """Run every job as a task of a Ray cluster, whose nodes share this one's folders."""

    def __init__(self, address: str, max_retries: int, resources: DictConfig, **shares: float) -> None:
        self.address = address
        self.options = {"max_retries": max_retries, "resources": dict(resources), **shares}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what a job consists of."""
        self.job = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[JobReturn]:
        """Run all jobs; those that were lost too often have failed. What stops this process ends them all."""
        os.environ.setdefault("RAY_DEDUP_LOGS", "0")  # else Ray leaves lines out that look alike
        import ray  # pyright: ignore[reportMissingImports]  (an extra; it takes a second)

        setup_globals()
        ray.init(self.address, logging_level="WARNING")
        try:
            task = ray.remote(**self.options)(_work)
            place = Path.cwd(), Singleton.get_state()
            jobs = [
                task.remote(self.job, list(overrides), number, *place)
                for number, overrides in enumerate(job_overrides, start=initial_job_idx)
            ]
            return [_ending(job) for job in jobs]
        finally:
            ray.shutdown()


def _work(
    job: tuple[HydraContext, TaskFunction, DictConfig],
    overrides: list[str],
    number: int,
    folder: Path,
    singletons: dict[Any, Any],
) -> JobReturn:
    """Run one job, in a process of the cluster."""
    os.chdir(folder)
    hydra_context, task, config = job
    Singleton.set_state(singletons)
    setup_globals()
    cfg = hydra_context.config_loader.load_sweep_config(config, overrides)
    with open_dict(cfg.hydra.job):
        cfg.hydra.job.id, cfg.hydra.job.num = f"job_{number}", number
    return run_job(
        task_function=task,
        config=cfg,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
        hydra_context=hydra_context,
    )


def _ending(job: Any) -> JobReturn:
    """What the job returned, or the reason why it returned nothing."""
    import ray  # pyright: ignore[reportMissingImports]

    try:
        return ray.get(job)
    except ray.exceptions.RayError as error:
        ending = JobReturn(status=JobStatus.FAILED)
        ending.return_value = error
        return ending
