"""Many tasks at once: mean scores, mean ranks and wins of every row, and a small curve for every task."""

from collections import defaultdict

import numpy as np
from scipy.stats import rankdata

from genomask.reports.cells import Cell, shots_order
from genomask.reports.collect import Finetuning, Json
from genomask.reports.document import Entry, Section, Table, spread
from genomask.tasks.examples import TARGET_SCORES

MANY_TASKS = 3
MOST_ROWS = 8  # that a table of tasks shows beside each other
READING = (
    "AUC over {blocks} combinations of task and shots in which all {rows} rows were scored{left}. Rank 1 is the best; "
    "a win is the best mean, a shared one counts for each. Combinations share encoders and test sequences, so this is "
    "a summary and not a test."
)
TARGETS = "Mean ± standard deviation over seeds; AUROC and AUPRC are means over labels. Shots are rows in all."
CURVES = "AUC at the largest number of shots that a row has there; the curve beside it runs over all numbers of shots."
Block = tuple[str, int | str]  # task and shots


def suite_section(cells: list[Cell]) -> Section | None:
    """A summary over tasks and one line a task; None for fewer than three tasks."""
    tasks = list(dict.fromkeys(cell.task for cell in cells))
    if len(tasks) < MANY_TASKS:
        return None
    rows: dict[str, dict[Block, Cell]] = defaultdict(dict)
    for cell in cells:
        if not cell.chosen:
            rows[cell.name][cell.task, cell.shots] = cell
    complete = dict(rows)  # rows with the fewest blocks go until two blocks are left in which all were scored
    while len(complete) > 1 and len(set.intersection(*map(set, complete.values()))) < 2:
        del complete[min(complete, key=lambda name: len(complete[name]))]
    notes, tables, names = [CURVES], [], list(rows)
    if len(complete) > 1:
        blocks = sorted(set.intersection(*map(set, complete.values())), key=str)
        left = len(rows) - len(complete)
        said = f"; {left} rows that were scored in fewer are left out" if left else ""
        notes.insert(0, READING.format(blocks=len(blocks), rows=len(complete), left=said))
        tables.append(_summary({name: [own[block] for block in blocks] for name, own in complete.items()}))
        names = [row[0] for row in tables[0].rows]
    tables.append(_by_task(tasks, {name: rows[name] for name in names[:MOST_ROWS]}))
    return Section("suite", f"{len(tasks)} tasks at a glance", notes, tables)


def _summary(rows: dict[str, list[Cell]]) -> Table:
    """Mean, mean rank and wins of every row over the same blocks, the best row first."""
    means = np.array([[cell.summary("auc").mean for cell in cells] for cells in rows.values()])
    ranks = rankdata(-means, axis=0, method="average").mean(axis=1)
    wins = (means == means.max(axis=0)).sum(axis=1)
    table = [
        [Entry(name, full=cells[0].label), f"{mean:.3f}", f"{rank:.2f}", str(won)]
        for (name, cells), mean, rank, won in zip(rows.items(), means.mean(axis=1), ranks, wins, strict=True)
    ]
    best_first = np.argsort(ranks, kind="stable")
    return Table("Over all tasks", ["<row", "mean AUC", "mean rank", "wins"], [table[place] for place in best_first])


def _by_task(tasks: list[str], rows: dict[str, dict[Block, Cell]]) -> Table:
    lines = []
    for task in tasks:
        line: list[str] = [task]
        for own in rows.values():
            cells = sorted((c for (name, _), c in own.items() if name == task), key=lambda c: shots_order(c.shots))
            means = [cell.summary("auc").mean for cell in cells]
            full = ", ".join(f"{cell.shots} shots: {mean:.3f}" for cell, mean in zip(cells, means, strict=True))
            line.append(Entry(f"{means[-1]:.3f}", full=full, spark=means) if means else "")
        lines.append(line)
    return Table("Task by task", ["<task", *rows], lines)


def targets_section(items: list[Finetuning]) -> Section | None:
    """Tasks of regression and of several labels: a table for each kind, a row for all seeds of one setting."""
    found: dict[str, dict[tuple[str, ...], list[Json]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        row = tuple(str(item.result[name]) for name in ("task", "classifier", "model", "masking", "shots"))
        found[item.result["kind"]][row].append(item.result)
    tables = []
    for kind, rows in found.items():
        scores, lines = TARGET_SCORES[kind], []
        for row, results in sorted(rows.items()):
            values = [np.array([result[score] for result in results]) for score in scores]
            sds = [float(own.std(ddof=1)) if len(own) > 1 else None for own in values]
            means = [spread(float(own.mean()), sd) for own, sd in zip(values, sds, strict=True)]
            lines.append([*row, str(len(results)), *means])
        columns = ["<task", "<classifier", "<model", "<masking", "shots", "n", *scores.values()]
        tables.append(Table(kind, columns, lines, keys=5))
    return Section("targets", "Regression and several labels", [TARGETS], tables) if tables else None
