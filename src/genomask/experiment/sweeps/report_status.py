"""``genomask status``: how many jobs of every sweep are done, running, failed and missing, since when, and why."""

import argparse
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from genomask.console import duration, say
from genomask.experiment.sweeps.status import Job, progress_line, read_encoders, read_jobs

STATES = ("done", "running", "failed", "missing")


def main(arguments: list[str]) -> int:
    """Print the status; returns 0 when every job is done, 1 when one has failed, else 2."""
    parser = argparse.ArgumentParser(
        "genomask status",
        description=__doc__,
        epilog="Exit code: 0 all done, 1 some failed, 2 some not done.",
    )
    parser.add_argument("runs", nargs="?", default="runs", type=Path, help="directory of runs (runs)")
    runs = parser.parse_args(arguments).runs
    jobs = read_jobs(runs)
    if not jobs:
        say("No sweep has been started here.")
    sweeps: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        sweeps[job.sweep].append(job)
    for name, members in sweeps.items():
        encoders = read_encoders(runs / "sweeps" / name)
        running = [job for job in (*encoders, *members) if job.state == "running"]
        for line in (*account(name, members), *map(_running, running)):
            say(line)
        if running:
            say(progress_line(members), style="dim")
    states = {job.state for job in jobs}
    return 1 if "failed" in states else 2 if states - {"done"} else 0


def _running(job: Job) -> str:
    if job.since is None:
        return f"runs   {job.artefact}"
    seconds = (datetime.now(UTC) - job.since).total_seconds()
    return f"runs   {job.artefact} since {job.since.astimezone():%H:%M}, for {duration(seconds)}"


def account(name: str, jobs: Sequence[Job]) -> list[str]:
    """One line of counts, and one for every reason of a failure."""
    counts = Counter(job.state for job in jobs)
    numbers = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    reasons: dict[str, list[str]] = defaultdict(list)
    for job in jobs:
        if job.state == "failed":
            reasons[str(job.error)].append(job.artefact)
    lines = [f"sweep  {name}: {numbers} of {len(jobs)} jobs"]
    for error, failed in reasons.items():
        more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        lines.append(f"failed {failed[0]}{more}: {error}")
    return lines
