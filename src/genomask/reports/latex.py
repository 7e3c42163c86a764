"""The scores as LaTeX, in the shape of the paper's Tables 1 and 2 (booktabs)."""

from pathlib import Path

from genomask.reports.cells import Cell
from genomask.reports.collect import SCORES
from genomask.reports.paper import MODELS, TASKS
from genomask.reports.scores import model_title, paper_value, row_name
from genomask.reports.document import ABSENT, spread

SPECIAL = {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "±": r"$\pm$", "†": r"\dag", "‡": r"\ddag"}


def write_latex(cells: list[Cell], directory: Path) -> list[Path]:
    """Write ``table1.tex`` (all rows) and ``table2.tex`` (the ablation of PMI), where there is a row for them."""
    parts = {
        "table1.tex": [cell for cell in cells if not is_ablation(cell)],
        "table2.tex": [cell for cell in cells if cell.label.startswith("PMI") and _masking(cell) == "pmi" and not cell.chosen],
    }
    written = []
    for name, chosen in parts.items():
        if chosen:
            (directory / name).write_text(latex(chosen), encoding="utf-8")
            written.append(directory / name)
    return written


def is_ablation(cell: Cell) -> bool:
    """Whether a row stands in Table 2 alone: PMI with HGA, or without WC."""
    if _masking(cell) != "pmi" or cell.chosen:
        return False
    result = next(iter(cell.runs.values())).result
    return result["hga"] == "on" or result["wc"] != "on"


def _masking(cell: Cell) -> str:
    return next(iter(cell.runs.values())).result["masking"]


def latex(cells: list[Cell]) -> str:
    """One tabular: shots and row, then accuracy and AUC of every task; ours above, the paper's below in grey."""
    tasks = sorted({cell.task for cell in cells}, key=lambda task: (list(TASKS).index(task) if task in TASKS else len(TASKS), task))
    heads = " & ".join(rf"\multicolumn{{2}}{{c}}{{{_text(TASKS.get(task, task))}}}" for task in tasks)
    rules = " ".join(rf"\cmidrule(lr){{{3 + 2 * place}-{4 + 2 * place}}}" for place in range(len(tasks)))
    lines = [
        r"% needs \usepackage{booktabs} and \usepackage{xcolor}; grey: as the paper prints it",
        rf"\begin{{tabular}}{{ll{'cc' * len(tasks)}}}",
        r"\toprule",
        rf"Data & Model & {heads} \\",
        rules,
        rf"per class & type & {' & '.join(['Accuracy & AUC'] * len(tasks))} \\",
    ]
    for model in dict.fromkeys(cell.model for cell in cells):
        own = [cell for cell in cells if cell.model == model]
        title = f"{MODELS.get(model, model_title(model))} as Base model"
        lines += [r"\midrule", rf"\multicolumn{{{2 + 2 * len(tasks)}}}{{c}}{{{_text(title)}}} \\", r"\midrule"]
        lines += _model_rows(own, tasks)
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _model_rows(cells: list[Cell], tasks: list[str]) -> list[str]:
    lines = []
    shots_seen = dict.fromkeys(cell.shots for cell in sorted(cells, key=lambda cell: float(cell.shots) if isinstance(cell.shots, int) else float("inf")))
    for place, shots in enumerate(shots_seen):
        block = [cell for cell in cells if cell.shots == shots]
        best = {(task, score): _best(block, task, score) for task in tasks for score in SCORES}
        lines += [r"\addlinespace"] if place else []
        for number, name in enumerate(dict.fromkeys(row_name(cell) for cell in block)):
            row = {cell.task: cell for cell in block if row_name(cell) == name}
            ours = [_ours(row.get(task), score, best[task, score]) for task in tasks for score in SCORES]
            lines.append(rf"{shots if not number else ''} & {_text(name)} & {' & '.join(ours)} \\")
            theirs = [paper_value(row[task], score) if task in row else ABSENT for task in tasks for score in SCORES]
            if any(value != ABSENT for value in theirs):
                grey = " & ".join(rf"\textcolor{{gray}}{{{_text(value)}}}" for value in theirs)
                lines.append(rf" & \textcolor{{gray}}{{\quad paper}} & {grey} \\")
    return lines


def _best(cells: list[Cell], task: str, score: str) -> float:
    return max((cell.summary(score).mean for cell in cells if cell.task == task), default=0.0)


def _ours(cell: Cell | None, score: str, best: float) -> str:
    if cell is None:
        return ABSENT
    found = cell.summary(score)
    value = _text(spread(found.mean, found.sd))
    return rf"\textbf{{{value}}}" if found.mean == best else value


def _text(value: str) -> str:
    return "".join(SPECIAL.get(letter, letter) for letter in value)
