"""The health of what a report shows: unfinished jobs, collapsed runs, and which runs repeat bit for bit."""

from collections import Counter
from typing import Final

from genomask.experiment.sweeps.status import Job
from genomask.reports.cells import Cell
from genomask.reports.collect import Finetuning, Results
from genomask.reports.document import ABSENT, Section, Table, number
from genomask.reports.scores import KEYS, keys_of, row_name

STATES = ("failed", "running", "missing")


def jobs_section(jobs: list[Job]) -> Section | None:
    """Every job that has no result, with the reason; None where all are done."""
    open_jobs = sorted((job for job in _distinct(jobs) if job.state != "done"), key=_urgency)
    if not open_jobs:
        return None
    rows = [[job.state, job.sweep, _differing(job, jobs), job.error or ABSENT, job.artefact] for job in open_jobs]
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


def _differing(job: Job, jobs: list[Job]) -> str:
    """The overrides of a job that not all jobs of its sweep have."""
    others = [set(other.overrides) for other in jobs if other.sweep == job.sweep]
    shared = set.intersection(*others) if len(others) > 1 else set()
    return " ".join(word for word in job.overrides if word not in shared) or ABSENT


def _urgency(job: Job) -> tuple[int, str, tuple[str, ...]]:
    place = STATES.index(job.state) if job.state in STATES else len(STATES)
    return place, job.sweep, job.overrides


UNTOLD: Final = "do not say (they were written before results did)"
READING: Final = (
    "A collapsed fine-tuning gave every test sequence one class, a known failure of few-shot fine-tuning. It is "
    "counted in all means; its accuracy is the share of that class."
)


def repeatability_facts(results: Results) -> list[tuple[str, str]]:
    """How many fine-tunings repeat bit for bit, and why the others may not."""
    said = [item.result.get("repeatability") for item in results.finetunings]
    if not any(said):
        return []
    repeats = [each for each in said if each and each["bit_for_bit"]]
    others = Counter(each["why_not"] if each else UNTOLD for each in said if each not in repeats)
    given = f", given {repeats[0]['given']}" if repeats else ""
    parts = [f"{len(repeats)} of {len(said)} fine-tunings{given}"]
    parts += [f"{count} {reason}" for reason, count in others.items()]
    machines = {"{device}, {threads} thread(s), torch {torch}".format(**each) for each in said if each}
    return [("repeat bit for bit", "; ".join(parts)), ("computed on", "; ".join(sorted(machines)))]


def collapsed_section(cells: list[Cell]) -> Section | None:
    """Every collapsed fine-tuning by name, and how many there are in each cell; None without one."""
    hit = [cell for cell in cells if cell.collapsed and not cell.chosen]
    if not hit:
        return None
    columns = [*KEYS, "<row", "n", "collapsed", "share"]
    counts = [
        [*keys_of(cell), row_name(cell), str(len(cell.runs)), str(len(cell.collapsed)),
         number(len(cell.collapsed) / len(cell.runs), 2)]
        for cell in hit
    ]  # fmt: skip
    runs = {item.directory: item for cell in hit for item in cell.collapsed}
    rows = [_run(item) for _, item in sorted(runs.items())]
    tables = [
        Table("By cell", columns, counts, len(KEYS)),
        Table("By run", ["<run", "seed", "accuracy", "AUC"], rows),
    ]
    return Section("collapsed", "Collapsed fine-tunings", [READING], tables)


def _run(item: Finetuning) -> list[str]:
    scores = [number(item.result[score]) for score in ("accuracy", "auc")]
    return [item.directory, str(item.result.get("seed", ABSENT)), *scores]
