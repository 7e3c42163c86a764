"""Put a report together: the answer, then what it rests on, in the order in which a reader asks."""

from pathlib import Path
from typing import Any, NamedTuple

from genomask.experiment.sweeps.status import read_jobs
from genomask.reports.answer import answer
from genomask.reports.between import between_section
from genomask.reports.cells import Cell, make_cells
from genomask.reports.collect import Results, collect
from genomask.reports.compare import Questions, questions
from genomask.reports.document import Document, Section
from genomask.reports.embeddings import embeddings_section
from genomask.reports.health import collapsed_section, job_facts, jobs_section, repeatability_facts
from genomask.reports.ideas import Idea, ideas, ideas_lines, ideas_section
from genomask.reports.paired import BOUND
from genomask.reports.pretraining import pretraining_section, vocabularies_section
from genomask.reports.scores import comparisons_section, curves_section, gains_plots, scores_section
from genomask.reports.suite import suite_section, targets_section


class Report(NamedTuple):
    """Everything that the files of a report are written from."""

    results: Results
    cells: list[Cell]
    questions: Questions
    ideas: list[Idea]
    document: Document


def build_report(runs: Path, *, baseline: str, bound: float = BOUND) -> Report:
    """Read a directory of runs and say what has come out so far.

    Args:
        runs: The directory that ``paths.runs`` named.
        baseline: The masking or classifier that all rows are compared with.
        bound: Differences of a score within which two rows are called equivalent.

    Raises:
        FileNotFoundError: If there is no such directory.
        ValueError: If there is nothing in it that a report could show.
    """
    results, jobs = collect(runs), read_jobs(runs)
    if not any((*results[1:], jobs)):
        raise ValueError(f"{runs} holds no finished encoder, vocabulary or fine-tuning yet: nothing to report.")
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
        collapsed_section(cells),
        pretraining_section(results.encoders),
        vocabularies_section(results.vocabularies),
        embeddings_section(results.embeddings),
        jobs_section(jobs),
        Section("problems", "Left out", results.problems),
    ]
    shown = [
        section.compact() for section in sections if section and (section.tables or section.plots or section.notes)
    ]
    facts = [*_facts(results), *repeatability_facts(results), *job_facts(jobs)]
    lines = [*ideas_lines(contenders, asked, bound), *answer(cells, asked, baseline=baseline, bound=bound)]
    document = Document(f"genomask: {runs.resolve().name}", lines, facts, _warnings(results), shown)
    return Report(results, cells, asked, contenders, document)


def _facts(results: Results) -> list[tuple[str, str]]:
    commits = sorted({str(item.manifest.get("commit"))[:8] for item in (*results.finetunings, *results.encoders)})
    seeds = {item.manifest["settings"]["seed"] for item in results.encoders}
    scales = sorted({_scale(item.summary) for item in results.encoders if item.summary["max_steps"]})
    facts = [
        ("fine-tunings", str(len(results.finetunings))),
        ("encoders", str(len(results.encoders))),
        ("pretraining seeds", str(len(seeds))),
        ("pretraining", "; ".join(scales)),
        ("commits", ", ".join(commits)),
    ]
    return [(name, value) for name, value in facts if value]


def _scale(summary: dict[str, Any]) -> str:
    return f"{summary['max_steps']:,} steps of {summary['sequences_per_step']:,} sequences"


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
