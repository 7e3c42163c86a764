"""The scores as files: CSV at full precision, and LaTeX in the shape of the paper's Tables 1 and 2 (booktabs)."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from genomask.reports.arms import NO_ENCODER, model_title
from genomask.reports.build import Report
from genomask.reports.cells import MARKS, Cell, shots_order
from genomask.reports.collect import REQUIRED_SCORES, SCORES
from genomask.reports.compare import BaselineComparison
from genomask.reports.document import ABSENT, spread
from genomask.reports.paper import TASKS
from genomask.reports.pretraining import label_encoders
from genomask.reports.scores import paper_value

Row = dict[str, Any]
CSV_TABLES = ("runs.csv", "table.csv", "comparisons.csv", "perplexity.csv")
LATEX_TABLES = ("table1.tex", "table2.tex")
SPECIAL = str.maketrans(
    {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "±": r"$\pm$", "†": r"\dag{}", "‡": r"\ddag{}"}
)
NEEDS = r"% needs \usepackage{booktabs,xcolor}; grey: as printed in the paper; bold: the best of ours"
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
    written = {directory / name: rows for name, rows in zip(CSV_TABLES, tables, strict=True) if rows}
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


def write_latex(cells: list[Cell], directory: Path) -> list[Path]:
    """Write ``table1.tex`` and ``table2.tex`` (PMI's ablation), where there is a row for them.

    PMI with HGA, or without WC, stands in Table 2 alone.
    """
    pmi = [cell for cell in cells if cell.kind == "pmi" and not cell.chosen]
    ablation = {id(cell) for cell in pmi if cell.result["hga"] == "on" or cell.result["wc"] != "on"}
    parts = dict(zip(LATEX_TABLES, ([cell for cell in cells if id(cell) not in ablation], pmi), strict=True))
    for name, chosen in parts.items():
        if chosen:
            (directory / name).write_text(latex(chosen), encoding="utf-8")
    return [directory / name for name, chosen in parts.items() if chosen]


def latex(cells: list[Cell]) -> str:
    """One tabular: accuracy and AUC of every task by shots and row, the paper's below ours in grey."""
    known = list(TASKS)
    tasks = sorted({cell.task for cell in cells}, key=lambda t: (known.index(t) if t in known else len(known), t))
    heads = " & ".join(rf"\multicolumn{{2}}{{c}}{{{_text(TASKS.get(task, task))}}}" for task in tasks)
    rules = " ".join(rf"\cmidrule(lr){{{3 + 2 * place}-{4 + 2 * place}}}" for place in range(len(tasks)))
    lines = [
        NEEDS,
        rf"\begin{{tabular}}{{ll{'cc' * len(tasks)}}}",
        r"\toprule",
        rf"Data & Model & {heads} \\",
        rules,
        rf"per class & type & {' & '.join(['Accuracy & AUC'] * len(tasks))} \\",
    ]
    for model in dict.fromkeys(cell.model for cell in cells):
        head = "Without an encoder" if model == NO_ENCODER else f"{model_title(model)} as base model"
        title = rf"\multicolumn{{{2 + 2 * len(tasks)}}}{{c}}{{{_text(head)}}} \\"
        lines += [r"\midrule", title, r"\midrule"]
        lines += _model_rows([cell for cell in cells if cell.model == model], tasks)
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _model_rows(cells: list[Cell], tasks: list[str]) -> list[str]:
    """Rows by their label, with their mark where they were chosen among variants; the paper's below."""
    lines: list[str] = []
    for shots in sorted({cell.shots for cell in cells}, key=shots_order):
        rows: dict[str, dict[str, Cell]] = {}
        for cell in (cell for cell in cells if cell.shots == shots):
            rows.setdefault(cell.label + MARKS[cell.chosen], {})[cell.task] = cell
        lines += [r"\addlinespace"] if lines else []
        for place, (name, row) in enumerate(rows.items()):
            values = [_value(row.get(task), score, list(rows.values())) for task in tasks for score in REQUIRED_SCORES]
            lines.append(rf"{'' if place else shots} & {_text(name)} & {' & '.join(values)} \\")
            paper = [
                paper_value(row[task], score) if task in row else ABSENT for task in tasks for score in REQUIRED_SCORES
            ]
            if set(paper) != {ABSENT}:
                grey = (rf"\textcolor{{gray}}{{{_text(value)}}}" for value in ("paper", *paper))
                lines.append(rf" & {' & '.join(grey)} \\")
    return lines


def _value(cell: Cell | None, score: str, rows: list[dict[str, Cell]]) -> str:
    if cell is None:
        return ABSENT
    summary = cell.summary(score)
    best = max(row[cell.task].summary(score).mean for row in rows if cell.task in row)
    value = _text(spread(summary.mean, summary.sd))
    return rf"\textbf{{{value}}}" if summary.mean == best else value


def _text(value: str) -> str:
    return value.translate(SPECIAL)
