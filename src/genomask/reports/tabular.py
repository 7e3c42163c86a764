"""The report as CSV: every run, every cell, every comparison, every curve, at full precision."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from genomask.reports.build import Report
from genomask.reports.cells import Cell
from genomask.reports.collect import SCORES
from genomask.reports.compare import BaselineComparison
from genomask.reports.pretraining import label_encoders

Row = dict[str, Any]
TABLES = ("runs.csv", "table.csv", "comparisons.csv", "perplexity.csv")
RUN_COLUMNS = (
    "task", "model", "classifier", "tokens", "masking", "corrupt", "ranking", "wc", "hga", "fs", "match_rate", "genome",
    "shots", "seed", "pretrain_seed", "n_train", "n_test", "epochs", "batch_size", "learning_rate",
    "accuracy", "auc", "f1", "mcc", "collapsed",
)  # fmt: skip
SUMMARY_COLUMNS = ("mean", "sd", "interquartile_mean", "low", "high", "paper_mean", "paper_sd")
COMPARED_COLUMNS = (
    "n", "pretrainings", "difference", "difference_sd", "difference_low", "difference_high", "p", "holm_p",
    "equivalent_p", "sign_flip_p", "improvement", "detectable", "reason",
)  # fmt: skip


def write_tables(report: Report, directory: Path) -> list[Path]:
    """Write ``runs.csv``, ``table.csv``, ``comparisons.csv`` and ``perplexity.csv``; an empty one is not written."""
    runs = []
    for item in report.results.finetunings:
        result = {"classifier": "encoder"} | item.result
        runs.append({name: result.get(name) for name in RUN_COLUMNS} | {"directory": item.directory})
    curves = [
        {"encoder": name, **point._asdict(), "directory": encoder.directory}
        for name, encoder in label_encoders(report.results.encoders).items()
        for point in encoder.curve
    ]
    tables = (runs, list(map(_cell, report.questions.masking)), list(_comparisons(report)), curves)
    written = {directory / name: rows for name, rows in zip(TABLES, tables, strict=True) if rows}
    for path, rows in written.items():
        with path.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return list(written)


def _cell(pair: BaselineComparison) -> Row:
    cell = pair.cell
    row = _identity(cell) | {
        "chosen_by": cell.chosen,
        "n": len(cell.runs),
        "pretraining_seeds": cell.pretrainings,
        "collapsed": len(cell.collapsed),
        "against": pair.baseline.label if pair.baseline else None,
    }
    for score in SCORES:
        row |= {f"{score}_{name}": value for name, value in (_summary(cell, score) | _compared(pair, score)).items()}
    return row


def _comparisons(report: Report) -> Iterable[Row]:
    for pair in (pair for pairs in report.questions for pair in pairs):
        for score in pair.comparisons:
            against = {"question": pair.question, "against": pair.baseline.label if pair.baseline else None}
            yield _identity(pair.cell) | against | {"score": score} | _compared(pair, score)


def _identity(cell: Cell) -> Row:
    place = {"task": cell.task, "model": cell.model, "tokens": cell.result.get("tokens"), "shots": cell.shots}
    return place | {"row": cell.label, "short": cell.short}


def _summary(cell: Cell, score: str) -> Row:
    if score not in cell.scores:
        return dict.fromkeys(SUMMARY_COLUMNS)
    ends, printed = cell.interval(score) or (None, None), getattr(cell.printed, score, (None, None))
    return dict(zip(SUMMARY_COLUMNS, (*cell.summary(score)[1:], *ends, *printed), strict=True))


def _compared(pair: BaselineComparison, score: str) -> Row:
    item = pair.comparisons.get(score)
    if item is None:
        return dict.fromkeys(COMPARED_COLUMNS) | {"reason": pair.reason}
    values = (item.n, item.pretrainings, item.difference, item.sd, *(item.interval or (None, None)), item.p)
    values += (pair.holm[score], item.equivalent, item.permutation, item.improvement, item.detectable, item.reason)
    return dict(zip(COMPARED_COLUMNS, values, strict=True))
