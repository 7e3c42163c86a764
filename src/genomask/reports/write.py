"""Write every file of a report: a page that needs nothing else, CSV at full precision, the paper's tables as LaTeX."""

import gzip
import json
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from plotly.offline import get_plotlyjs

from genomask.analysis.figure_style import FORMATS, save
from genomask.files import require_free, whole, write_csv
from genomask.reports.arms import NO_ENCODER, model_title
from genomask.reports.build import Report
from genomask.reports.cells import MARKS, Cell, shots_order
from genomask.reports.collect import REQUIRED_SCORES, SCORES
from genomask.reports.compare import BaselineComparison
from genomask.reports.document import ABSENT, Document, Entry, Table, markdown, spread
from genomask.reports.paper import TASKS
from genomask.reports.pretraining import draw_perplexity, label_encoders
from genomask.reports.scores import paper_value

Row = dict[str, Any]
CSV_TABLES = ("runs.csv", "table.csv", "comparisons.csv", "perplexity.csv")
LATEX_TABLES = ("table1.tex", "table2.tex")
SPECIAL = str.maketrans(
    {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "±": r"$\pm$", "†": r"\dag{}", "‡": r"\ddag{}"}
)
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
PAGES = ("report.html", "report.md")
PERPLEXITY = "perplexity"
FILES = (*PAGES, *CSV_TABLES, *LATEX_TABLES, *(f"{PERPLEXITY}.{kind}" for kind in FORMATS))
GENERATOR = '<meta name="generator" content="genomask report">'  # in the head of a page; the folder is a report's
LONG = 44  # characters that a cell may have in one line
SPARK = (64, 16)  # width and height of a small curve, in pixels


def check_folder(directory: Path, *, overwrite: bool) -> None:
    """Raise ValueError for the first file that a report would write over, unless a report wrote it."""
    old = directory / PAGES[0]
    if not overwrite and not (old.is_file() and GENERATOR in old.read_text(encoding="utf-8", errors="replace")):
        for file in filter(Path.exists, (directory / name for name in FILES)):
            require_free(file)


def write_report(report: Report, directory: Path, *, refresh: int | None = None) -> list[Path]:
    """Write the page, Markdown, CSV, LaTeX and the perplexity figure, and return their paths, the page first.

    An open page reads itself again every ``refresh`` seconds.
    """
    directory.mkdir(parents=True, exist_ok=True)
    texts = page(report.document, refresh=refresh), markdown(report.document)
    for name, text in zip(PAGES, texts, strict=True):
        with whole(directory / name) as part:
            part.write_text(text, encoding="utf-8")
    pages, figure = [directory / name for name in PAGES], draw_perplexity(report.results.encoders)
    tables = [*write_tables(report, directory), *write_latex(report.cells, directory)]
    return [*pages, *tables, *(save(figure, directory / PERPLEXITY) if figure else [])]


def page(document: Document, *, refresh: int | None = None) -> str:
    """Render the page. plotly.js is written once, compressed (2 of its 4.8 MB), and not at all without a plot."""
    environment = Environment(
        loader=PackageLoader("genomask.reports", "templates"),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update({"script_json": script_json, "rows": rows, "classes": classes})  # pyright: ignore
    templates = files("genomask.reports") / "templates"
    return environment.get_template("report.html").render(
        document=document,
        refresh=refresh,
        generator=Markup(GENERATOR),
        style=Markup((templates / "report.css").read_text(encoding="utf-8")),  # ours
        script=Markup((templates / "report.js").read_text(encoding="utf-8")),
        plotly=_plotly() if any(section.plots for section in document.sections) else "",
    )


@cache
def _plotly() -> str:
    return b64encode(gzip.compress(get_plotlyjs().encode(), mtime=0)).decode()


def classes(table: Table) -> list[str]:
    """CSS classes of every column: text or number, where a row belongs, the row's name."""
    kinds = ["text" if column.startswith("<") else "" for column in table.columns]
    places = [" key" if n < table.keys else " label" if n == table.keys else "" for n in range(len(kinds))]
    return [kind + place for kind, place in zip(kinds, places, strict=True)]


def rows(table: Table) -> Markup:
    """The rows of a table as HTML; by hand, as a template takes ten times as long over thousands of them."""
    scale = [value for row in table.rows for entry in row for value in getattr(entry, "spark", ()) if value is not None]
    kinds = classes(table)
    lines: list[str] = []
    for row in table.rows:
        lines.append("<tr>")
        for place, value in enumerate(row):
            full = f' title="{escape(value.full)}"' if isinstance(value, Entry) and value.full else ""
            if place == table.keys and place:
                full += f' data-keys="{escape(", ".join(filter(None, row[:place])))}"'
            long = " long" if len(value) > LONG else ""
            spark = _spark(getattr(value, "spark", ()), scale)
            lines.append(f'<td class="{kinds[place]}{long}"{full}>{escape(str(value))}{spark}</td>')
        lines.append("</tr>")
    return Markup("".join(lines))  # every value in it is escaped


def _spark(values: Sequence[float | None], scale: list[float]) -> str:
    """A small curve as SVG, on the scale of its table; empty below two values."""
    if len(values) < 2:
        return ""
    low, span = min(scale), (max(scale) - min(scale)) or 1
    width, height = SPARK
    points = " ".join(
        f"{2 + place * (width - 4) / (len(values) - 1):.1f},{height - 2 - (value - low) / span * (height - 4):.1f}"
        for place, value in enumerate(values)
        if value is not None
    )
    return f'<svg class="spark" width="{width}" height="{height}"><polyline points="{points}"/></svg>'


def script_json(value: object) -> Markup:
    """JSON that cannot end the script it stands in, whatever the names in it."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def write_tables(report: Report, directory: Path) -> list[Path]:
    """Write ``runs.csv``, ``table.csv``, ``comparisons.csv`` and ``perplexity.csv``; an empty one is not written."""
    runs = [
        {name: item.result.get(name) for name in RUN_COLUMNS} | {"directory": item.directory}
        for item in report.results.finetunings
    ]
    curves = [
        {"encoder": name, **point, "directory": encoder.directory}
        for name, encoder in label_encoders(report.results.encoders).items()
        for point in encoder.curve
    ]
    tables = (runs, list(map(_cell, report.questions.masking)), list(_comparisons(report)), curves)
    written = {directory / name: rows for name, rows in zip(CSV_TABLES, tables, strict=True) if rows}
    for path, rows in written.items():
        write_csv(path, rows[0], (row.values() for row in rows))
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
    for question, pairs in report.questions._asdict().items():
        for pair in pairs:
            asked = {"question": question, "against": pair.baseline.label if pair.baseline else None}
            for score in pair.comparisons:
                yield _identity(pair.cell) | asked | {"score": score} | _compared(pair, score)


def _identity(cell: Cell) -> Row:
    place = {"task": cell.task, "model": cell.model, "tokens": cell.result.get("tokens"), "shots": cell.shots}
    return place | {"row": cell.label, "short": cell.short}


def _summary(cell: Cell, score: str) -> Row:
    if score not in cell.scores:
        return dict.fromkeys(SUMMARY_COLUMNS)
    found, printed = cell.summary(score), getattr(cell.printed, score, (None, None))
    values = (found.mean, found.sd, found.interquartile_mean, *(found.interval or (None, None)), *printed)
    return dict(zip(SUMMARY_COLUMNS, values, strict=True))


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
    tables = ([cell for cell in cells if id(cell) not in ablation], pmi)
    written = {directory / name: chosen for name, chosen in zip(LATEX_TABLES, tables, strict=True) if chosen}
    for path, chosen in written.items():
        path.write_text(latex(chosen), encoding="utf-8")
    return list(written)


def latex(cells: list[Cell]) -> str:
    """One tabular: accuracy and AUC of every task by shots and row, the paper's below ours in grey."""
    known = list(TASKS)
    tasks = sorted({cell.task for cell in cells}, key=lambda t: (known.index(t) if t in known else len(known), t))
    blocks: dict[tuple[str, int | str], list[Cell]] = defaultdict(list)
    for cell in sorted(cells, key=lambda cell: shots_order(cell.shots)):
        blocks[cell.model, cell.shots].append(cell)
    models: dict[str, dict[int | str, list[Row]]] = defaultdict(dict)
    for (model, shots), block in blocks.items():
        head = "Without an encoder" if model == NO_ENCODER else f"{model_title(model)} as base model"
        models[head][shots] = _rows(block, tasks)
    environment = Environment(
        loader=PackageLoader("genomask.reports", "templates"), undefined=StrictUndefined, trim_blocks=True,
        block_start_string="<%", block_end_string="%>", variable_start_string="<<", variable_end_string=">>",
        finalize=lambda value: str(value).translate(SPECIAL), keep_trailing_newline=True,
    )  # fmt: skip
    named = [TASKS.get(task, task) for task in tasks]
    return environment.get_template("table.tex").render(tasks=named, models=models, absent=ABSENT)


def _rows(block: list[Cell], tasks: list[str]) -> list[Row]:
    """Rows of one model and number of shots by their label, with their mark; the best of ours are bold."""
    rows: dict[str, dict[str, Cell]] = defaultdict(dict)
    for cell in block:
        rows[cell.label + MARKS[cell.chosen]][cell.task] = cell
    shown = {name: Row(name=name, ours=[], paper=[]) for name in rows}
    for task, score in product(tasks, REQUIRED_SCORES):
        summaries = {name: row[task].summary(score) for name, row in rows.items() if task in row}
        best = max((summary.mean for summary in summaries.values()), default=None)
        for name, row in rows.items():
            value = spread(*summaries[name][1:3]) if task in row else ABSENT
            is_best = task in row and summaries[name].mean == best
            shown[name]["ours"].append(rf"\textbf{{{value}}}" if is_best else value)
            shown[name]["paper"].append(paper_value(row[task], score) if task in row else ABSENT)
    return list(shown.values())
