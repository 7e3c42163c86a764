"""Submitit launchers that wait for every job, also when one of them is killed.

The launchers of hydra-submitit-launcher, which these extend, give up at the first job that was killed, and
start all jobs of a machine at once.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, setup_globals
from hydra.types import TaskFunction
from omegaconf import DictConfig

PATIENCE = 30  # seconds for a job to save where it is
PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>

if TYPE_CHECKING or find_spec("hydra_plugins.hydra_submitit_launcher"):
    from hydra_plugins.hydra_submitit_launcher.config import BaseQueueConf, LocalQueueConf, SlurmQueueConf
    from hydra_plugins.hydra_submitit_launcher.submitit_launcher import BaseSubmititLauncher

    @dataclass
    class LocalSettings(LocalQueueConf):
        """Submitit's settings, and how many jobs this machine runs at once; None is one for every core."""

        _target_: str = "hydra_plugins.genomask_submitit.PatientLocalLauncher"
        at_once: int | None = None
        max_num_timeout: int = 0

    @dataclass
    class SlurmSettings(SlurmQueueConf):
        """Submitit's settings."""

        _target_: str = "hydra_plugins.genomask_submitit.PatientSlurmLauncher"

    store = ConfigStore.instance().store
    store(group="hydra/launcher", name="genomask_local", node=LocalSettings, provider="genomask")
    store(group="hydra/launcher", name="genomask_slurm", node=SlurmSettings, provider="genomask")

    class PatientLocalLauncher(BaseSubmititLauncher):
        """Run every job in a process of this machine, ``at_once`` of them at a time."""

        _EXECUTOR = "local"

        def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[JobReturn]:
            """Run all jobs; those that were lost have failed. Ctrl-C and SIGTERM end them all at once."""
            from genomask.experiment.sweeps.cell import stoppable

            setup_globals()
            settings = dict(self.params)
            at_once = settings.pop("at_once") or _cores()
            assert self.task_function is not None, "Hydra sets a launcher up before it launches"
            if not isinstance(self.task_function, partial):  # at the second launch of a sweep it is one
                self.task_function = partial(_work, self.task_function)
            executor, jobs = _executor(self._EXECUTOR, settings), []
            with stoppable(lambda: _cancel(jobs)):
                for number, overrides in enumerate(job_overrides, start=initial_job_idx):
                    while sum(not job.done() for job in jobs) >= at_once:
                        time.sleep(0.2)
                    with _ignore_sigint():
                        jobs.append(executor.submit(self, *_arguments(number, overrides)))
                return [_ending(job) for job in jobs]

    class PatientSlurmLauncher(BaseSubmititLauncher):
        """One job array of a SLURM cluster."""

        _EXECUTOR = "slurm"

        def __call__(self, *arguments: Any) -> JobReturn:
            """Run one job, on its node."""
            from submitit.slurm.slurm import SlurmJobEnvironment

            SlurmJobEnvironment._requeue = _requeue  # pyright: ignore[reportAttributeAccessIssue]
            # A job that was requeued while it wrote its result finds half of it, which submitit refuses.
            result = SlurmJobEnvironment().paths.result_pickle
            result.with_suffix(f"{result.suffix}.save_tmp").unlink(missing_ok=True)
            return super().__call__(*arguments)

        def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[JobReturn]:
            """Run all jobs; those that were lost have failed."""
            setup_globals()
            arguments = [
                _arguments(number, overrides) for number, overrides in enumerate(job_overrides, start=initial_job_idx)
            ]
            jobs = _executor(self._EXECUTOR, dict(self.params)).map_array(self, *zip(*arguments, strict=True))
            return [_ending(job) for job in jobs]

    def _cores() -> int:
        return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1

    def _work(task: TaskFunction, cfg: DictConfig) -> Any:
        """Run a job in a process that SIGTERM ends, unlike submitit's own, and that ends with its controller."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _end_with(os.getppid())
        return task(cfg)

    def _end_with(parent: int) -> None:
        """Have the system end this process when the one that started it ends, however that ends. Linux alone."""
        if sys.platform != "linux":
            return
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before
            os.kill(os.getpid(), signal.SIGKILL)

    def _cancel(jobs: Sequence[Any]) -> None:
        """End all jobs and wait for them: their controllers pass SIGTERM on."""
        controllers = [job._process for job in jobs if job._process is not None]
        for controller in controllers:
            controller.terminate()
        for controller in controllers:
            try:
                controller.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                controller.kill()

    @contextmanager
    def _ignore_sigint() -> Iterator[None]:
        """Start processes that ignore Ctrl-C: the sweep gets it and ends them."""
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _requeue(environment: Any, countdown: int) -> None:  # noqa: ARG001 - submitit's signature
        """Ask SLURM to start this job again; it may end the messenger with the job, once it has heard."""
        command = ["scontrol", "requeue", environment.job_id]
        ending = subprocess.run(command, timeout=60, check=False, start_new_session=True).returncode
        if ending not in {0, -signal.SIGTERM, -signal.SIGKILL}:
            raise subprocess.CalledProcessError(ending, command)

    def _executor(cluster: str, settings: dict[str, Any]) -> Any:
        import submitit  # submitit takes a second to import

        folder, timeouts = settings.pop("submitit_folder"), settings.pop("max_num_timeout")
        settings.pop("_target_", None)
        common = set(BaseQueueConf.__dataclass_fields__)
        executor = submitit.AutoExecutor(folder, cluster=cluster, **{f"{cluster}_max_num_timeout": timeouts})
        executor.update_parameters(
            **{name if name in common else f"{cluster}_{name}": value for name, value in settings.items()}
        )
        return executor

    def _arguments(number: int, overrides: Sequence[str]) -> tuple[Any, ...]:
        return list(overrides), "hydra.sweep.dir", number, f"job_{number}", Singleton.get_state()

    def _ending(job: Any) -> JobReturn:
        """What the job returned, or the reason why it returned nothing."""
        from submitit.core.utils import FailedJobError, FailedSubmissionError, UncompletedJobError

        try:
            return job.results()[0]
        except (FailedJobError, FailedSubmissionError, UncompletedJobError) as error:
            ending = JobReturn(status=JobStatus.FAILED)
            ending.return_value = error
            return ending
