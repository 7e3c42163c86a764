"""What became of the jobs of every sweep below a directory of runs."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from genomask.console import duration
from genomask.experiment.store.manifest import MANIFEST
from genomask.experiment.store.store import is_held
from genomask.files import write_json

PLAN = "plan.json"


class Job(NamedTuple):
    """One job of a sweep.

    ``state`` is ``"done"`` when its artefact is built, ``"running"`` while a living process holds the
    artefact's lock, ``"failed"`` when its last attempt ended in ``error``, else ``"missing"``, which a
    job that was killed is too. ``seconds`` is how long its last attempt took, None while there is none;
    ``since`` is when a running one began, if that is known.
    """

    sweep: str
    overrides: tuple[str, ...]
    artefact: str  # "KIND/NAME" below the runs
    state: str
    error: str | None = None
    seconds: float | None = None
    since: datetime | None = None


def read_jobs(runs: Path) -> list[Job]:
    """All jobs that the plans of ``runs/sweeps`` list, each as it stands now.

    Raises:
        FileNotFoundError: If there is no such directory.
    """
    if not runs.is_dir():
        raise FileNotFoundError(f"The status of runs needs their directory; there is none at {runs}.")
    return [job for plan in sorted((runs / "sweeps").glob(f"*/{PLAN}")) for job in read_sweep(plan.parent)]


def read_sweep(sweep: Path) -> list[Job]:
    """All jobs of one sweep, by its folder, each as it stands now."""
    plan = json.loads((sweep / PLAN).read_text(encoding="utf-8"))
    return [
        state_of(sweep.parents[1], sweep, job["artefact"], overrides=tuple(job["overrides"])) for job in plan["jobs"]
    ]


def read_encoders(sweep: Path) -> list[Job]:
    """The pretrainings of a sweep, each as it stands now."""
    plan = json.loads((sweep / PLAN).read_text(encoding="utf-8"))
    return [state_of(sweep.parents[1], sweep, encoder) for encoder in plan.get("encoders", ())]


def progress_line(jobs: Sequence[Job]) -> str:
    """How many jobs of a sweep have ended, and how long the others take one after the other."""
    seconds = [job.seconds for job in jobs if job.state == "done" and job.seconds is not None]
    left = sum(job.state in ("missing", "running") for job in jobs)
    line = f"sweep  job {len(jobs) - left} of {len(jobs)}"
    if not left or not seconds:
        return line
    return f"{line}, about {duration(left * fmean(seconds))} left, one after the other"


def write_start(sweep: Path, artefact: str) -> None:
    """Record that an attempt at a job begins now."""
    _write(sweep, artefact, {"started": datetime.now(UTC).isoformat(timespec="seconds")})


def write_outcome(sweep: Path, artefact: str, *, error: str | None, seconds: float) -> None:
    """Record how an attempt at a job ended; the file appears complete or not at all."""
    _write(sweep, artefact, {"error": error, "seconds": round(seconds, 3)})


def _write(sweep: Path, artefact: str, facts: dict[str, Any]) -> None:
    file = outcome_file(sweep, artefact)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, {"artefact": artefact, **facts})


def outcome_file(sweep: Path, artefact: str) -> Path:
    """Where the last attempt at a job of this sweep is recorded."""
    return sweep / "jobs" / f"{artefact.replace('/', '-')}.json"


def state_of(runs: Path, sweep: Path, artefact: str, *, overrides: tuple[str, ...] = ()) -> Job:
    """The job of this sweep that builds this artefact, as it stands now."""
    outcome = _outcome(outcome_file(sweep, artefact))
    error, seconds, since = outcome.get("error"), outcome.get("seconds"), None
    if (runs / artefact).is_dir():
        state, error, seconds = "done", None, seconds or _seconds(runs / artefact / MANIFEST)
    elif is_held(runs, artefact):
        state, error, seconds = "running", None, None
        since = datetime.fromisoformat(outcome["started"]) if "started" in outcome else None
    else:
        state = "failed" if error else "missing"
    return Job(sweep.name, overrides, artefact, state, error, seconds, since)


def _outcome(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _seconds(manifest: Path) -> float | None:
    return json.loads(manifest.read_text(encoding="utf-8"))["seconds"] if manifest.is_file() else None
