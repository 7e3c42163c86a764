"""``genomask status``: how many jobs of every sweep are done, running, failed and missing, since when, and why."""

import argparse
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Final, NamedTuple

from genomask.console import aligned, duration, say
from genomask.experiment.store.artefact import MANIFEST
from genomask.experiment.store.store import is_held
from genomask.files import read_json, write_json

PLAN: Final = "plan.json"
STATES: Final = ("done", "running", "failed", "missing")
SCORES: Final = ("accuracy", "auc", "auprc", "pearson", "spearman", "r2")  # those that any result has are shown


class Job(NamedTuple):
    """One job of a sweep. ``state`` is ``done`` when its artefact is built, ``running`` while a living process holds
    the artefact's lock, ``failed`` when its last attempt ended in ``error``, else ``missing``, as of a job that was
    killed. ``seconds`` is how long its last attempt took, ``since`` when a running one began, if that is known."""

    sweep: str
    overrides: tuple[str, ...]
    artefact: str  # "KIND/NAME" below the runs
    state: str
    error: str | None = None
    seconds: float | None = None
    since: datetime | None = None


def main(arguments: list[str]) -> int:
    """Print the status; returns 0 when every job is done, 1 when one has failed, else 2."""
    codes = "Exit code: 0 all done, 1 some failed, 2 some not done."
    parser = argparse.ArgumentParser("genomask status", description=__doc__, epilog=codes)
    parser.add_argument("runs", nargs="?", default="runs", type=Path, help="directory of runs (runs)")
    runs = parser.parse_args(arguments).runs
    jobs = read_jobs(runs)
    if not jobs:
        say("No sweep has been started here.")
    for name, members in groupby(jobs, key=lambda job: job.sweep):
        of_sweep, sweep = list(members), runs / "sweeps" / name
        encoders = [state_of(runs, sweep, encoder) for encoder in read_json(sweep / PLAN).get("encoders", ())]
        running = [job for job in (*encoders, *of_sweep) if job.state == "running"]
        for line in account(of_sweep):
            say(line)
        for job in running:
            since = ""
            if job.since is not None:
                seconds = (datetime.now(UTC) - job.since).total_seconds()
                since = f" since {job.since.astimezone():%H:%M}, for {duration(seconds)}"
            say(f"runs   {job.artefact}{since}")
        if running:
            say(progress_line(of_sweep), style="dim")
    states = {job.state for job in jobs}
    return 1 if "failed" in states else 2 if states - {"done"} else 0


def read_jobs(runs: Path) -> list[Job]:
    """The jobs of every sweep below a directory of runs, sweep by sweep, each as it stands now. Raises
    FileNotFoundError if there is no such directory."""
    if not runs.is_dir():
        raise FileNotFoundError(f"The status of runs needs their directory; there is none at {runs}.")
    return [job for plan in sorted((runs / "sweeps").glob(f"*/{PLAN}")) for job in read_sweep(plan.parent)]


def read_sweep(sweep: Path) -> list[Job]:
    """All jobs of one sweep, by its folder, each as it stands now."""
    jobs = read_json(sweep / PLAN)["jobs"]
    return [state_of(sweep.parents[1], sweep, job["artefact"], overrides=tuple(job["overrides"])) for job in jobs]


def state_of(runs: Path, sweep: Path, artefact: str, *, overrides: tuple[str, ...] = ()) -> Job:
    """The job of this sweep that builds this artefact, as it stands now."""
    file, manifest = outcome_file(sweep, artefact), runs / artefact / MANIFEST
    job = Job(sweep.name, overrides, artefact, "missing")
    outcome: dict[str, Any] = read_json(file) if file.is_file() else {}
    error, seconds = outcome.get("error"), outcome.get("seconds")
    if manifest.parent.is_dir():
        seconds = seconds or (read_json(manifest)["seconds"] if manifest.is_file() else None)
        return job._replace(state="done", seconds=seconds)
    if is_held(runs, artefact):
        since = datetime.fromisoformat(outcome["started"]) if "started" in outcome else None
        return job._replace(state="running", since=since)
    return job._replace(state="failed" if error else "missing", error=error, seconds=seconds)


def outcome_file(sweep: Path, artefact: str) -> Path:
    """Where the last attempt at a job of this sweep is recorded."""
    return sweep / "jobs" / f"{artefact.replace('/', '-')}.json"


def record(sweep: Path, artefact: str, **facts: Any) -> None:
    """Record of the last attempt at a job when it ``started``, or its ``error`` and ``seconds`` when it has ended."""
    file = outcome_file(sweep, artefact)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, {"artefact": artefact, **facts})


def progress_line(jobs: Sequence[Job]) -> str:
    """How many jobs of a sweep have ended, and how long the others take one after the other."""
    seconds = [job.seconds for job in jobs if job.state == "done" and job.seconds is not None]
    left = sum(job.state in ("missing", "running") for job in jobs)
    time = f", about {duration(left * fmean(seconds))} left, one after the other" if left and seconds else ""
    return f"sweep  job {len(jobs) - left} of {len(jobs)}{time}"


def account(jobs: Sequence[Job]) -> list[str]:
    """One line of counts, and one for every reason of a failure."""
    counts = Counter(job.state for job in jobs)
    numbers = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    reasons: dict[str, list[str]] = defaultdict(list)
    for job in jobs:
        if job.state == "failed":
            reasons[str(job.error)].append(job.artefact)
    lines = [f"sweep  {jobs[0].sweep}: {numbers} of {len(jobs)} jobs"]
    for error, failed in reasons.items():
        more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        lines.append(f"failed {failed[0]}{more}: {error}")
    return lines


def cell_of(job: Sequence[str]) -> tuple[str, ...]:
    """The overrides that a job shares with the others of its cell."""
    return tuple(word for word in job if not word.startswith("seed="))


def score_lines(runs: Path, jobs: Sequence[Job]) -> list[str]:
    """Mean and standard deviation over the finished jobs of every cell, by the settings that differ between cells. A
    task of a suite is shown by its name alone, an encoder by that of its folder."""
    cells: dict[tuple[str, ...], list[dict[str, float]]] = defaultdict(list)
    for job in jobs:
        file = runs / job.artefact / "result.json"
        if job.state == "done" and file.is_file():
            cells[cell_of(job.overrides)].append(read_json(file))
    if not cells:
        return []
    settings = [{name: value.strip("'") for name, _, value in (word.partition("=") for word in cell)} for cell in cells]
    settings = [of | {"encoder": Path(of["encoder"]).name} if "encoder" in of else of for of in settings]
    names = [name for name in settings[0] if len({of.get(name) for of in settings}) > 1]
    if "task.name" in names:
        names = [name for name in names if name == "task.name" or not name.startswith("task.")]
    scores = [score for score in SCORES if any(one.get(score) is not None for some in cells.values() for one in some)]
    rows = [[*(name.removesuffix(".name") for name in names), "n", *scores]]
    for of, results in zip(settings, cells.values(), strict=True):
        columns = ([one[score] for one in results if one.get(score) is not None] for score in scores)
        rows.append([*(of.get(name, "") for name in names), str(len(results)), *map(_mean, columns)])
    return aligned(rows)


def _mean(values: Sequence[float]) -> str:
    spread = f" ± {stdev(values):.3f}" if len(values) > 1 else ""
    return f"{fmean(values):.3f}{spread}" if values else "-"
