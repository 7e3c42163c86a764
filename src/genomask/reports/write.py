"""Write every file of a report; its page needs nothing else: styles, tables, plots and plotly.js are inside."""

import gzip
import json
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from plotly.offline import get_plotlyjs

from genomask.analysis.figure_style import FORMATS, save
from genomask.files import require_free, whole
from genomask.reports.build import Report
from genomask.reports.document import Document, Entry, Table, markdown
from genomask.reports.pretraining import draw_perplexity
from genomask.reports.tables import CSV_TABLES, LATEX_TABLES, write_latex, write_tables

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
