"""The scores of a sweep as a table for the terminal: a row for all seeds of one setting."""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev

from genomask.console import aligned
from genomask.experiment.sweeps.jobs import cell_of
from genomask.experiment.sweeps.status import Job

SCORES = ("accuracy", "auc", "auprc", "pearson", "spearman", "r2")  # those that any result has are shown


def score_lines(runs: Path, jobs: Sequence[Job]) -> list[str]:
    """Mean and standard deviation over the finished jobs of every cell, by the settings that differ between cells."""
    found: dict[tuple[str, ...], list[dict[str, float]]] = defaultdict(list)
    for job in jobs:
        file = runs / job.artefact / "result.json"
        if job.state == "done" and file.is_file():
            found[cell_of(job.overrides)].append(json.loads(file.read_text(encoding="utf-8")))
    if not found:
        return []
    settings = [{name: value for name, _, value in (word.partition("=") for word in cell)} for cell in found]
    names = [name for name in settings[0] if len({of.get(name) for of in settings}) > 1]
    scores = [score for score in SCORES if any(one.get(score) is not None for some in found.values() for one in some)]
    rows = [[*names, "n", *scores]]
    for of, results in zip(settings, found.values(), strict=True):
        rows.append([*(of.get(name, "") for name in names), str(len(results)), *(_mean(results, s) for s in scores)])
    return aligned(rows)


def _mean(results: Sequence[dict[str, float]], score: str) -> str:
    values = [result[score] for result in results if result.get(score) is not None]
    if not values:
        return "-"
    spread = f" ± {stdev(values):.3f}" if len(values) > 1 else ""
    return f"{fmean(values):.3f}{spread}"
