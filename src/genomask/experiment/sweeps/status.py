"""What became of the jobs of every sweep below a directory of runs."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from genomask.experiment.store.manifest import MANIFEST
from genomask.experiment.store.store import is_held
from genomask.files import write_json

PLAN = "plan.json"


class Job(NamedTuple):
    """One job of a sweep.

    ``state`` is ``"done"`` when its artefact is built, ``"running"`` while a living process holds the
    artefact's lock, ``"failed"`` when its last attempt ended in ``error``, else ``"missing"``, which a
    job that was killed is too. ``seconds`` is how long its last attempt took, None while there is none.
    """

    sweep: str
    overrides: tuple[str, ...]
    artefact: str  # "KIND/NAME" below the runs
    state: str
    error: str | None = None
    seconds: float | None = None


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


def write_outcome(sweep: Path, artefact: str, *, error: str | None, seconds: float) -> None:
    """Record how an attempt at a job ended; the file appears complete or not at all."""
    file = outcome_file(sweep, artefact)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, {"artefact": artefact, "error": error, "seconds": round(seconds, 3)})


def outcome_file(sweep: Path, artefact: str) -> Path:
    """Where the last attempt at a job of this sweep is recorded."""
    return sweep / "jobs" / f"{artefact.replace('/', '-')}.json"


def state_of(runs: Path, sweep: Path, artefact: str, *, overrides: tuple[str, ...] = ()) -> Job:
    """The job of this sweep that builds this artefact, as it stands now."""
    outcome = _outcome(outcome_file(sweep, artefact))
    error, seconds = outcome.get("error"), outcome.get("seconds")
    if (runs / artefact).is_dir():
        state, error, seconds = "done", None, seconds or _seconds(runs / artefact / MANIFEST)
    elif is_held(runs, artefact):
        state, error, seconds = "running", None, None
    else:
        state = "failed" if error else "missing"
    return Job(sweep.name, overrides, artefact, state, error, seconds)


def _outcome(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _seconds(manifest: Path) -> float | None:
    return json.loads(manifest.read_text(encoding="utf-8"))["seconds"] if manifest.is_file() else None
