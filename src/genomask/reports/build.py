"""Put a report together: what is known, and what is not, in the order in which it is asked for."""

from pathlib import Path
from typing import Any, NamedTuple

from genomask.experiment.sweeps.status import read_jobs
from genomask.reports.between import between_section
from genomask.reports.cells import Cell, best_of_variants, make_cells, sorted_by
from genomask.reports.collect import Results, collect
from genomask.reports.compare import BaselineComparison, compare_cells
from genomask.reports.document import Document, Section
from genomask.reports.health import collapsed_section, job_facts, jobs_section, repeatability_facts
from genomask.reports.plots import differences, learning_curves
from genomask.reports.pretraining import encoder_table, label_encoders, masking_rates, perplexities, vocabulary_table
from genomask.reports.scores import comparison_tables, score_tables

READING = (
    "Mean ± standard deviation over n runs on the whole test set. “paper” is what Tables 1 and 2 print "
    "for the row of that name, at the paper's scale (10,000 steps); * means that the paper left FS out. Δ"
    " is the mean ± standard deviation of the paired differences to the baseline, draw by draw."
)
CHOSEN = (
    "† The better of two variants, chosen on the test set as the paper's PMI-best is: an optimistic "
    "number, which is compared with nothing. ‡ The same choice made run by run, by cross-validation "
    "within the shots."
)
COMPARED = (
    "Every row against {baseline}, over the draws that both met: the same task, model, shots and seed, "
    "several pretrainings of a draw averaged first. The interval is a BCa bootstrap of the mean "
    "difference. Holm's correction of the sign-flip p runs over all rows of a table. “ahead” is the share"
    " of draws won, ties counting half. “detectable Δ” is the smallest true difference that a paired t "
    "test finds with power 0.8 at this n and spread; the last power is against the difference that the "
    "paper prints."
)
ENCODERS = (
    "Draws share their encoders: these tests speak of the encoders at hand, and of a masking strategy "
    "only as far as there are several pretrainings."
)


class Report(NamedTuple):
    """Everything that the files of a report are written from."""

    results: Results
    cells: list[Cell]
    pairs: list[BaselineComparison]
    document: Document


def build_report(runs: Path, *, baseline: str) -> Report:
    """Read a directory of runs and say what has come out so far.

    Args:
        runs: The directory that ``paths.runs`` named.
        baseline: The masking or classifier that all rows are compared with.

    Raises:
        FileNotFoundError: If there is no such directory.
        ValueError: If there is nothing in it that a report could show.
    """
    found, jobs = collect(runs), read_jobs(runs)
    if not (found.finetunings or found.encoders or found.vocabularies or jobs or found.problems):
        raise ValueError(f"{runs} holds no finished encoder, vocabulary or fine-tuning yet: nothing to report.")
    cells = make_cells(found.finetunings, found.encoders)
    cells = sorted([*cells, *best_of_variants(cells)], key=sorted_by)
    pairs = compare_cells(cells, baseline)
    sections = [
        scores_section(cells, pairs),
        comparisons_section(pairs, baseline),
        between_section(pairs, baseline),
        collapsed_section(cells),
        _pretraining(found),
        _vocabularies(found),
        jobs_section(jobs),
        _problems(found),
    ]
    whole = [section for section in sections if section and (section.tables or section.plots or section.notes)]
    facts = [*_facts(found), *repeatability_facts(found), *job_facts(jobs)]
    return Report(found, cells, pairs, Document(f"genomask: {runs.resolve().name}", facts, _warnings(found), whole))


def _facts(found: Results) -> list[tuple[str, str]]:
    commits = sorted({str(item.manifest.get("commit"))[:8] for item in (*found.finetunings, *found.encoders)})
    seeds = {item.manifest["settings"]["seed"] for item in found.encoders}
    scales = sorted({_scale(item.summary) for item in found.encoders if item.summary["max_steps"]})
    facts = [
        ("fine-tunings", str(len(found.finetunings))),
        ("encoders", str(len(found.encoders))),
        ("pretraining seeds", str(len(seeds))),
        ("pretraining", "; ".join(scales)),
        ("commits", ", ".join(commits)),
    ]
    return [(name, value) for name, value in facts if value]


def _scale(summary: dict[str, Any]) -> str:
    return f"{summary['max_steps']:,} steps of {summary['sequences_per_step']:,} sequences"


def _warnings(found: Results) -> list[str]:
    warnings = []
    genomes = {encoder.manifest["inputs"]["genome"]["name"] for encoder in found.encoders}
    names = genomes | {str(item.result[kind]) for item in found.finetunings for kind in ("genome", "task")}
    synthetic = sorted(name for name in names if "synthetic" in name)
    if synthetic:
        warnings.append(f"Synthetic data: {', '.join(synthetic)}. These numbers say nothing about real DNA.")
    if found.problems:
        warnings.append(f"{len(found.problems)} artefact(s) could not be read and are left out; see the end.")
    return warnings


def _pretraining(found: Results) -> Section | None:
    if not found.encoders:
        return None
    named = label_encoders(found.encoders)
    notes = ["Realised masking is the share of tokens that the strategy hides, ± one standard error."]
    if any(not encoder.curve for encoder in found.encoders):
        notes.append("An encoder without a curve was pretrained without a CSV log.")
    rates = masking_rates(named)
    plots = [*perplexities(named), *([rates] if rates else [])]
    return Section("pretraining", "Pretraining (Figure 1)", notes, [encoder_table(named)], plots)


def _vocabularies(found: Results) -> Section | None:
    if not found.vocabularies:
        return None
    notes = ["Words of every length in the masking vocabulary. The paper's rows add up to 40,005, not 40,000."]
    return Section("vocabularies", "Masking vocabularies (Table 5)", notes, [vocabulary_table(found.vocabularies)])


def _problems(found: Results) -> Section | None:
    return Section("problems", "Left out", found.problems) if found.problems else None


def scores_section(cells: list[Cell], pairs: list[BaselineComparison]) -> Section | None:
    """Accuracy and AUC beside the paper's; None without a cell."""
    if not cells:
        return None
    notes = [READING, *([CHOSEN] if any(cell.chosen for cell in cells) else [])]
    collapsed = len({run.directory for cell in cells for run in cell.collapsed})
    if collapsed:
        notes.append(f"Fine-tunings that gave every test sequence one class: {collapsed}; they count.")
    return Section("scores", "Accuracy and AUC", notes, score_tables(pairs), learning_curves(cells))


def comparisons_section(pairs: list[BaselineComparison], baseline: str) -> Section | None:
    """Paired differences to the baseline; None while nothing can be paired."""
    tables, notes = comparison_tables(pairs), [COMPARED.format(baseline=baseline), ENCODERS]
    return Section("comparisons", "Paired comparisons", notes, tables, differences(pairs)) if tables else None
