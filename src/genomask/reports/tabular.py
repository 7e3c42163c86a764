"""The report as CSV: every run, every cell, every comparison, every curve, at full precision."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from genomask.reports.build import Report
from genomask.reports.cells import Cell
from genomask.reports.collect import SCORES, Finetuning
from genomask.reports.compare import BaselineComparison
from genomask.reports.pretraining import label_encoders

RUN_COLUMNS = (
    *("task", "model", "classifier", "masking", "ranking", "wc", "hga", "fs", "match_rate", "genome"),
    *("shots", "seed", "pretrain_seed", "n_train", "n_test", "epochs", "batch_size", "learning_rate"),
    *("accuracy", "auc", "f1", "mcc", "collapsed"),
)


def write_tables(report: Report, directory: Path) -> list[Path]:
    """Write ``runs.csv``, ``table.csv`` and ``perplexity.csv``; what is empty is not written."""
    tables = {
        "runs.csv": [_run(item) for item in report.results.finetunings],
        "table.csv": [_cell(pair) for pair in report.pairs],
        "perplexity.csv": list(_curves(report)),
    }
    return [_write(directory / name, rows) for name, rows in tables.items() if rows]


def _run(item: Finetuning) -> dict[str, Any]:
    result = {"classifier": "encoder"} | item.result
    return {name: result.get(name) for name in RUN_COLUMNS} | {"directory": item.directory}


def _cell(pair: BaselineComparison) -> dict[str, Any]:
    cell = pair.cell
    row: dict[str, Any] = {
        "task": cell.task,
        "model": cell.model,
        "shots": cell.shots,
        "row": cell.label,
        "chosen_by": cell.chosen,
        "n": len(cell.runs),
        "pretraining_seeds": cell.pretrainings,
        "collapsed": len(cell.collapsed),
        "against": pair.baseline.label if pair.baseline else None,
    }
    for score in SCORES:
        row |= {f"{score}_{name}": value for name, value in (_summary(cell, score) | _found(pair, score)).items()}
    return row


def _summary(cell: Cell, score: str) -> dict[str, Any]:
    found = cell.summary(score)
    mean, sd = getattr(cell.printed, score) if cell.printed else (None, None)
    low, high = cell.interval(score) or (None, None)
    return {
        "mean": found.mean,
        "sd": found.sd,
        "interquartile_mean": found.interquartile_mean,
        "low": low,
        "high": high,
        "paper_mean": mean,
        "paper_sd": sd,
    }


def _found(pair: BaselineComparison, score: str) -> dict[str, Any]:
    found = pair.comparisons.get(score)
    names = ("n", "difference", "difference_sd", "difference_low", "difference_high")
    names += ("wilcoxon_p", "sign_flip_p", "holm_p", "improvement", "detectable", "reason")
    if found is None:
        return dict.fromkeys(names) | {"reason": pair.reason}
    low, high = found.interval or (None, None)
    values = (found.n, found.difference, found.sd, low, high, found.wilcoxon, found.permutation)
    values += (pair.holm[score], found.improvement, found.detectable, found.reason)
    return dict(zip(names, values, strict=True))


def _curves(report: Report) -> Iterable[dict[str, Any]]:
    for name, encoder in label_encoders(report.results.encoders).items():
        for point in encoder.curve:
            yield {
                "encoder": name,
                "step": point.step,
                "perplexity_common": point.common,
                "perplexity_own": point.own,
                "directory": encoder.directory,
            }


def _write(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path
