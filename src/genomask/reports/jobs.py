"""Jobs of sweeps that have not finished, and why."""

from collections import Counter

from genomask.experiment.sweeps.status import Job
from genomask.reports.document import ABSENT, Section, Table

STATES = ("failed", "running", "missing")


def jobs_section(jobs: list[Job]) -> Section | None:
    """Every job that has no result, with the reason; None where all are done."""
    open_jobs = sorted((job for job in _distinct(jobs) if job.state != "done"), key=_urgency)
    if not open_jobs:
        return None
    rows = [[job.state, job.sweep, _telling(job, jobs), job.error or ABSENT, job.artefact] for job in open_jobs]
    columns = ["<state", "<sweep", "<overrides", "<reason", "<artefact"]
    return Section("jobs", "Not finished", [], [Table("", columns, rows)])


def job_facts(jobs: list[Job]) -> list[tuple[str, str]]:
    """How many jobs of all sweeps stand where."""
    if not jobs:
        return []
    counts = Counter(job.state for job in _distinct(jobs))
    return [("jobs", ", ".join(f"{counts[state]} {state}" for state in ("done", *STATES) if counts[state]))]


def _distinct(jobs: list[Job]) -> list[Job]:
    """One job an artefact, though several sweeps may ask for it: the one that can say why it failed."""
    return list({job.artefact: job for job in sorted(jobs, key=lambda job: job.error is not None)}.values())


def _telling(job: Job, jobs: list[Job]) -> str:
    """The overrides of a job that not all jobs of its sweep have."""
    others = [set(other.overrides) for other in jobs if other.sweep == job.sweep]
    shared = set.intersection(*others) if len(others) > 1 else set()
    return " ".join(word for word in job.overrides if word not in shared) or ABSENT


def _urgency(job: Job) -> tuple[int, str, tuple[str, ...]]:
    place = STATES.index(job.state) if job.state in STATES else len(STATES)
    return place, job.sweep, job.overrides
