"""The scores as LaTeX, in the shape of the paper's Tables 1 and 2 (booktabs)."""

from pathlib import Path

from genomask.reports.arms import NO_ENCODER, model_title
from genomask.reports.cells import MARKS, Cell, shots_order
from genomask.reports.collect import REQUIRED_SCORES as SCORES
from genomask.reports.document import ABSENT, spread
from genomask.reports.paper import TASKS
from genomask.reports.scores import paper_value

TABLES = ("table1.tex", "table2.tex")
SPECIAL = str.maketrans(
    {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "±": r"$\pm$", "†": r"\dag{}", "‡": r"\ddag{}"}
)
NEEDS = r"% needs \usepackage{booktabs,xcolor}; grey: as printed in the paper; bold: the best of ours"


def write_latex(cells: list[Cell], directory: Path) -> list[Path]:
    """Write ``table1.tex`` and ``table2.tex`` (PMI's ablation), where there is a row for them.

    PMI with HGA, or without WC, stands in Table 2 alone.
    """
    pmi = [cell for cell in cells if cell.kind == "pmi" and not cell.chosen]
    ablation = {id(cell) for cell in pmi if cell.result["hga"] == "on" or cell.result["wc"] != "on"}
    parts = dict(zip(TABLES, ([cell for cell in cells if id(cell) not in ablation], pmi), strict=True))
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
            values = [_value(row.get(task), score, list(rows.values())) for task in tasks for score in SCORES]
            lines.append(rf"{'' if place else shots} & {_text(name)} & {' & '.join(values)} \\")
            paper = [paper_value(row[task], score) if task in row else ABSENT for task in tasks for score in SCORES]
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
