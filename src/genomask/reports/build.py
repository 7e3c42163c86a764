"""Put a report together: the answer, then what it rests on, in the order in which a reader asks."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Final, NamedTuple

from genomask.experiment.sweeps.status import Job, read_jobs
from genomask.reports.answer import answer
from genomask.reports.cells import Cell, make_cells
from genomask.reports.collect import Results, collect
from genomask.reports.compare import Questions, questions
from genomask.reports.document import ABSENT, Document, Section, Table
from genomask.reports.ideas import Idea, ideas, ideas_lines, ideas_section
from genomask.reports.plots import curves_section, embeddings_section
from genomask.reports.pretraining import pretraining_section, vocabularies_section
from genomask.reports.scores import (
    between_section,
    comparisons_section,
    gains_plots,
    scores_section,
    suite_section,
    targets_section,
)
from genomask.reports.statistics import BOUND

STATES: Final = ("failed", "running", "missing", "done")  # of jobs, the most urgent first


class Report(NamedTuple):
    """Everything that the files of a report are written from."""

    results: Results
    cells: list[Cell]
    questions: Questions
    ideas: list[Idea]
    document: Document


def build_report(runs: Path, *, baseline: str, bound: float = BOUND) -> Report:
    """Read a directory of runs and say what has come out so far; ``baseline`` and ``bound`` are those of ``questions``.

    FileNotFoundError if there is no such directory; ValueError if there is nothing in it that a report could show.
    """
    results, jobs = collect(runs), read_jobs(runs)
    if not any((*results[1:], jobs)):
        raise ValueError(f"{runs} holds no finished encoder, vocabulary or fine-tuning yet: nothing to report.")
    # One job an artefact, though several sweeps may plan it: the one that can say why it failed.
    distinct = {job.artefact: job for job in sorted(jobs, key=lambda job: job.error is not None)}
    cells = make_cells(results.finetunings, results.encoders)
    asked = questions(cells, baseline, bound=bound)
    contenders = ideas(asked, bound)
    named = {
        f"Against {baseline}": asked.masking,
        "Added by pretraining": asked.pretraining,
        "Beside the strongest classifier without an encoder": asked.encoder,
        "Against its control": asked.control,
    }
    gains = next((plots for title, pairs in named.items() if (plots := gains_plots(title, pairs))), [])
    sections = [
        ideas_section(contenders, baseline, bound),
        Section("gains", "Gain over the baseline", [], [], gains),
        suite_section(cells),
        targets_section(results.targets),
        curves_section(cells),
        scores_section(cells, asked.masking, baseline),
        comparisons_section(named, bound),
        between_section(asked.masking, baseline),
        pretraining_section(results.encoders),
        vocabularies_section(results.vocabularies),
        embeddings_section(results.embeddings),
        _jobs_section(list(distinct.values()), jobs),
        Section("problems", "Left out", [], [Table.of("", [{"<artefact": problem} for problem in results.problems])]),
    ]
    shown = [section.compact() for section in sections if section]
    shown = [section for section in shown if section.tables or section.plots]
    lines = [*ideas_lines(contenders, asked, bound), *answer(cells, asked, baseline=baseline, bound=bound)]
    facts = _facts(results, Counter(job.state for job in distinct.values()))
    document = Document(f"genomask: {runs.resolve().name}", lines, facts, _warnings(results), shown)
    return Report(results, cells, asked, contenders, document)


def _jobs_section(distinct: list[Job], jobs: list[Job]) -> Section:
    """Every job that has no result, with the reason and the overrides that not all jobs of its sweep have."""
    words: dict[str, list[set[str]]] = defaultdict(list)
    for job in jobs:
        words[job.sweep].append(set(job.overrides))
    shared = {sweep: set.intersection(*own) if len(own) > 1 else set() for sweep, own in words.items()}
    rows = [
        {
            "<state": job.state,
            "<sweep": job.sweep,
            "<overrides": " ".join(word for word in job.overrides if word not in shared[job.sweep]) or ABSENT,
            "<reason": job.error or ABSENT,
            "<artefact": job.artefact,
        }
        for job in sorted(distinct, key=lambda job: (STATES.index(job.state), job.sweep, job.overrides))
        if job.state != "done"
    ]
    return Section("jobs", "Not finished", [], [Table.of("", rows)])


def _facts(results: Results, jobs: Counter[str]) -> list[tuple[str, str]]:
    commits = sorted({str(item.manifest.get("commit"))[:8] for item in (*results.finetunings, *results.encoders)})
    seeds = {item.manifest["settings"]["seed"] for item in results.encoders}
    summaries = [item.summary for item in results.encoders if item.summary["max_steps"]]
    scales = {f"{s['max_steps']:,} steps of {s['sequences_per_step']:,} sequences" for s in summaries}
    facts = [
        ("fine-tunings", str(len(results.finetunings))),
        ("encoders", str(len(results.encoders))),
        ("pretraining seeds", str(len(seeds))),
        ("pretraining", "; ".join(sorted(scales))),
        ("commits", ", ".join(commits)),
        ("jobs", ", ".join(f"{jobs[state]} {state}" for state in ("done", *STATES[:-1]) if jobs[state])),
    ]
    return [(name, value) for name, value in facts if value]


def _warnings(results: Results) -> list[str]:
    warnings = []
    genomes = {encoder.manifest["inputs"]["genome"]["name"] for encoder in results.encoders}
    names = genomes | {str(item.result[kind]) for item in results.finetunings for kind in ("genome", "task")}
    synthetic = sorted(name for name in names if "synthetic" in name)
    if synthetic:
        warnings.append(f"Synthetic data: {', '.join(synthetic)}. These numbers say nothing about real DNA.")
    if results.problems:
        warnings.append(f"{len(results.problems)} artefact(s) could not be read and are left out; see the end.")
    return warnings
