"""The health of what a report shows: unfinished jobs, collapsed runs, and which runs repeat bit for bit."""

from collections import Counter
from typing import Final

from genomask.experiment.sweeps.status import Job
from genomask.reports.cells import Cell
from genomask.reports.collect import Results
from genomask.reports.document import ABSENT, Section, Table, number
from genomask.reports.scores import KEYS, keys_of, row_name

STATES: Final = ("failed", "running", "missing", "done")  # the most urgent first
UNTOLD: Final = "do not say (they were written before results did)"
READING: Final = (
    "A collapsed fine-tuning gave every test sequence one class, a known failure of few-shot fine-tuning. It is "
    "counted in all means; its accuracy is the share of that class."
)


def jobs_section(jobs: list[Job]) -> Section | None:
    """Every job that has no result, with the reason; None where all are done."""
    open_jobs = [job for job in _distinct(jobs) if job.state != "done"]
    if not open_jobs:
        return None
    open_jobs.sort(key=lambda job: (STATES.index(job.state), job.sweep, job.overrides))
    rows = [[job.state, job.sweep, _differing(job, jobs), job.error or ABSENT, job.artefact] for job in open_jobs]
    columns = ["<state", "<sweep", "<overrides", "<reason", "<artefact"]
    return Section("jobs", "Not finished", [], [Table("", columns, rows)])


def job_facts(jobs: list[Job]) -> list[tuple[str, str]]:
    """How many jobs of all sweeps stand where."""
    counts = Counter(job.state for job in _distinct(jobs))
    said = ", ".join(f"{counts[state]} {state}" for state in ("done", *STATES[:-1]) if counts[state])
    return [("jobs", said)] if said else []


def _distinct(jobs: list[Job]) -> list[Job]:
    """One job an artefact, though several sweeps may ask for it: the one that can say why it failed."""
    return list({job.artefact: job for job in sorted(jobs, key=lambda job: job.error is not None)}.values())


def _differing(job: Job, jobs: list[Job]) -> str:
    """The overrides of a job that not all jobs of its sweep have."""
    others = [set(other.overrides) for other in jobs if other.sweep == job.sweep]
    shared = set.intersection(*others) if len(others) > 1 else set()
    return " ".join(word for word in job.overrides if word not in shared) or ABSENT


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
    counts = [(cell, len(cell.runs), len(cell.collapsed)) for cell in hit]
    rows = [[*keys_of(cell), row_name(cell), str(n), str(of), number(of / n, 2)] for cell, n, of in counts]
    runs = {item.directory: item.result for cell in hit for item in cell.collapsed}
    each = [
        [name, str(result.get("seed", ABSENT)), number(result["accuracy"]), number(result["auc"])]
        for name, result in sorted(runs.items())
    ]
    tables = [
        Table("By cell", [*KEYS, "<row", "n", "collapsed", "share"], rows, len(KEYS)),
        Table("By run", ["<run", "seed", "accuracy", "AUC"], each),
    ]
    return Section("collapsed", "Collapsed fine-tunings", [READING], tables)
