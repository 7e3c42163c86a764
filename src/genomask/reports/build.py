"""Put a report together: the answer, then what it rests on, in the order in which a reader asks."""

from pathlib import Path
from typing import Any, NamedTuple

from genomask.experiment.sweeps.status import read_jobs
from genomask.reports.answer import Questions, answer
from genomask.reports.between import between_section
from genomask.reports.cells import Cell, make_cells
from genomask.reports.collect import Results, collect
from genomask.reports.compare import BaselineComparison, added_by_pretraining, beside_classifiers, compare_cells
from genomask.reports.document import Document, Section
from genomask.reports.health import collapsed_section, job_facts, jobs_section, repeatability_facts
from genomask.reports.plots import forest
from genomask.reports.pretraining import curves, encoder_table, label_encoders, masking_rates, vocabulary_table
from genomask.reports.scores import TITLES, comparisons_section, curves_section, scores_section
from genomask.reports.statistics.paired import BOUND
from genomask.reports.suite import suite_section


class Report(NamedTuple):
    """Everything that the files of a report are written from."""

    results: Results
    cells: list[Cell]
    questions: Questions
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
    if not (results.finetunings or results.encoders or results.vocabularies or jobs or results.problems):
        raise ValueError(f"{runs} holds no finished encoder, vocabulary or fine-tuning yet: nothing to report.")
    cells = make_cells(results.finetunings, results.encoders)
    questions = Questions(
        compare_cells(cells, baseline, bound=bound),
        added_by_pretraining(cells, bound=bound) if baseline != "none" else [],
        beside_classifiers(cells, bound=bound),
    )
    named = {
        f"Against {baseline}": questions.masking,
        "Added by pretraining": questions.pretraining,
        "Beside the strongest classifier without an encoder": questions.encoder,
    }
    sections = [
        _gains(named),
        suite_section(cells),
        curves_section(cells),
        scores_section(cells, questions.masking, baseline),
        comparisons_section(named, bound),
        between_section(questions.masking, baseline),
        collapsed_section(cells),
        _pretraining(results),
        _vocabularies(results),
        jobs_section(jobs),
        _problems(results),
    ]
    shown = [
        _compact(section) for section in sections if section and (section.tables or section.plots or section.notes)
    ]
    facts = [*_facts(results), *repeatability_facts(results), *job_facts(jobs)]
    lines = answer(cells, questions, baseline=baseline, bound=bound)
    document = Document(f"genomask: {runs.resolve().name}", lines, facts, _warnings(results), shown)
    return Report(results, cells, questions, document)


def _compact(section: Section) -> Section:
    return section._replace(tables=[table.compact() for table in section.tables if table.rows])


def _gains(named: dict[str, list[BaselineComparison]]) -> Section | None:
    """The figure of the answer: the first question that has one."""
    plots = next((made for title, pairs in named.items() if (made := forest(title, pairs, TITLES))), [])
    return Section("gains", "Gain over the baseline", [], [], plots) if plots else None


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


def _pretraining(results: Results) -> Section | None:
    if not results.encoders:
        return None
    named = label_encoders(results.encoders)
    notes = ["Realised masking is the share of tokens that the strategy hides, ± one standard error."]
    if any(not encoder.curve for encoder in results.encoders):
        notes.append("An encoder without a curve was pretrained without a CSV log.")
    rates = masking_rates(named)
    plots = [*curves(named), *([rates] if rates else [])]
    return Section("pretraining", "Pretraining (Figure 1)", notes, [encoder_table(named)], plots)


def _vocabularies(results: Results) -> Section | None:
    if not results.vocabularies:
        return None
    notes = ["Words of every length in the masking vocabulary. The paper's rows add up to 40,005, not 40,000."]
    return Section("vocabularies", "Masking vocabularies (Table 5)", notes, [vocabulary_table(results.vocabularies)])


def _problems(results: Results) -> Section | None:
    return Section("problems", "Left out", results.problems) if results.problems else None
