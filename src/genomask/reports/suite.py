"""Many tasks at once: mean scores, mean ranks and wins of every row, and a small curve for every task."""

from collections import defaultdict

import numpy as np
from scipy.stats import rankdata

from genomask.reports.cells import Cell, shots_order
from genomask.reports.collect import Finetuning, Json
from genomask.reports.document import Entry, Section, Table, spread
from genomask.reports.statistics import summarise
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
    lines = [{"<task": task} | {name: _scores(task, rows[name]) for name in names[:MOST_ROWS]} for task in tasks]
    return Section("suite", f"{len(tasks)} tasks at a glance", notes, [*tables, Table.of("Task by task", lines)])


def _summary(rows: dict[str, list[Cell]]) -> Table:
    """Mean, mean rank and wins of every row over the same blocks, the best row first."""
    means = np.array([[cell.summary("auc").mean for cell in cells] for cells in rows.values()])
    ranks = rankdata(-means, axis=0, method="average").mean(axis=1)
    wins = (means == means.max(axis=0)).sum(axis=1)
    table = [
        [Entry(name, full=cells[0].label), f"{mean:.3f}", f"{rank:.2f}", str(won)]
        for (name, cells), mean, rank, won in zip(rows.items(), means.mean(axis=1), ranks, wins, strict=True)
    ]
    best_first = [table[place] for place in np.argsort(ranks, kind="stable")]
    return Table("Over all tasks", ["<row", "mean AUC", "mean rank", "wins"], best_first)


def _scores(task: str, own: dict[Block, Cell]) -> str:
    """A row's mean AUC on a task at its largest number of shots, with the others as a small curve."""
    cells = sorted((cell for (name, _), cell in own.items() if name == task), key=lambda cell: shots_order(cell.shots))
    means = [cell.summary("auc").mean for cell in cells]
    full = ", ".join(f"{cell.shots} shots: {mean:.3f}" for cell, mean in zip(cells, means, strict=True))
    return Entry(f"{means[-1]:.3f}", full=full, spark=means) if means else ""


def targets_section(items: list[Finetuning]) -> Section:
    """Tasks of regression and of several labels: a table for each kind, a row for all seeds of one setting."""
    kinds: dict[str, dict[tuple[str, ...], list[Json]]] = defaultdict(lambda: defaultdict(list))
    keys = ("task", "classifier", "model", "masking", "shots")
    for item in items:
        kinds[item.result["kind"]][tuple(str(item.result[key]) for key in keys)].append(item.result)
    tables = []
    for kind, rows in kinds.items():
        lines = []
        for row, results in sorted(rows.items()):
            line = {key if key == "shots" else f"<{key}": value for key, value in zip(keys, row, strict=True)}
            summaries = {head: summarise(np.array([r[s] for r in results])) for s, head in TARGET_SCORES[kind].items()}
            means = {head: spread(found.mean, found.sd) for head, found in summaries.items()}
            lines.append(line | {"n": str(len(results)), **means})
        tables.append(Table.of(kind, lines, keys=len(keys)))
    return Section("targets", "Regression and several labels", [TARGETS], tables)
