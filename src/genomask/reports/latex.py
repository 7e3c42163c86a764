"""The scores as LaTeX, in the shape of the paper's Tables 1 and 2 (booktabs)."""

from pathlib import Path

from genomask.reports.arms import NO_ENCODER
from genomask.reports.cells import TEST_SET, Cell, model_title, shots_order
from genomask.reports.collect import REQUIRED_SCORES as SCORES
from genomask.reports.document import ABSENT, spread
from genomask.reports.paper import TASKS
from genomask.reports.scores import paper_value

TABLES = ("table1.tex", "table2.tex")
SPECIAL = {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "±": r"$\pm$", "†": r"\dag{}", "‡": r"\ddag{}"}
NEEDS = r"% needs \usepackage{booktabs,xcolor}; grey: as printed in the paper; bold: the best of ours"


def write_latex(cells: list[Cell], directory: Path) -> list[Path]:
    """Write ``table1.tex`` and ``table2.tex`` (PMI's ablation), where there is a row for them."""
    main = [cell for cell in cells if not is_ablation(cell)]
    parts = dict(zip(TABLES, (main, [cell for cell in cells if cell.kind == "pmi" and not cell.chosen]), strict=True))
    for name, chosen in parts.items():
        if chosen:
            (directory / name).write_text(latex(chosen), encoding="utf-8")
    return [directory / name for name, chosen in parts.items() if chosen]


def is_ablation(cell: Cell) -> bool:
    """Whether a row stands in Table 2 alone: PMI with HGA, or without WC."""
    result = cell.result
    return cell.kind == "pmi" and not cell.chosen and (result["hga"] == "on" or result["wc"] != "on")


def latex(cells: list[Cell]) -> str:
    """One tabular: accuracy and AUC of every task by shots and row, the paper's below ours in grey."""
    tasks = sorted({cell.task for cell in cells}, key=_task_order)
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
    lines: list[str] = []
    for shots in sorted({cell.shots for cell in cells}, key=shots_order):
        block = [cell for cell in cells if cell.shots == shots]
        lines += [r"\addlinespace"] if lines else []
        for place, name in enumerate(dict.fromkeys(_name(cell) for cell in block)):
            row = {cell.task: cell for cell in block if _name(cell) == name}
            values = [_value(row.get(task), score, block) for task in tasks for score in SCORES]
            lines.append(rf"{'' if place else shots} & {_text(name)} & {' & '.join(values)} \\")
            lines += _paper_row(row, tasks)
    return lines


def _name(cell: Cell) -> str:
    """The row's name, with its mark where it was chosen among variants."""
    return cell.label + {"": "", TEST_SET: " †"}.get(cell.chosen, " ‡")


def _paper_row(row: dict[str, Cell], tasks: list[str]) -> list[str]:
    values = [paper_value(row[task], score) if task in row else ABSENT for task in tasks for score in SCORES]
    if all(value == ABSENT for value in values):
        return []
    return [" & " + " & ".join(rf"\textcolor{{gray}}{{{_text(value)}}}" for value in ["paper", *values]) + r" \\"]


def _value(cell: Cell | None, score: str, block: list[Cell]) -> str:
    if cell is None:
        return ABSENT
    summary = cell.summary(score)
    best = max(other.summary(score).mean for other in block if other.task == cell.task)
    value = _text(spread(summary.mean, summary.sd))
    return rf"\textbf{{{value}}}" if summary.mean == best else value


def _task_order(task: str) -> tuple[int, str]:
    names = list(TASKS)
    return (names.index(task) if task in names else len(names)), task


def _text(value: str) -> str:
    return "".join(SPECIAL.get(letter, letter) for letter in value)
