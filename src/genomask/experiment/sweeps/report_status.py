"""``genomask status``: how many jobs of every sweep are done, running, failed and missing, and why."""

import argparse
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from genomask.console import say
from genomask.experiment.sweeps.status import Job, read_jobs

STATES = ("done", "running", "failed", "missing")


def main(arguments: list[str]) -> int:
    """Print the status; returns 0 when every job is done, 1 when one has failed, else 2."""
    parser = argparse.ArgumentParser(
        "genomask status",
        description=__doc__,
        epilog="Exit code: 0 all done, 1 some failed, 2 some not done.",
    )
    parser.add_argument("runs", nargs="?", default="runs", type=Path, help="directory of runs (runs)")
    jobs = read_jobs(parser.parse_args(arguments).runs)
    if not jobs:
        say("No sweep has been started here.")
    sweeps: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        sweeps[job.sweep].append(job)
    for name, members in sweeps.items():
        for line in account(name, members):
            say(line)
    states = {job.state for job in jobs}
    return 1 if "failed" in states else 2 if states - {"done"} else 0


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
