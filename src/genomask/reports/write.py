"""Write every file of a report; its page needs nothing else: styles, tables, plots and plotly.js are inside."""

import gzip
import json
from base64 import b64encode
from functools import cache
from importlib.resources import files
from itertools import chain
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from genomask.analysis.figure_style import save
from genomask.files import whole
from genomask.reports.build import Report
from genomask.reports.document import Document, Entry, Table, markdown
from genomask.reports.latex import write_latex
from genomask.reports.perplexity_figure import draw_perplexity
from genomask.reports.pretraining import label_encoders, masking
from genomask.reports.tabular import write_tables

SPARK = (64, 16)  # width and height of a small curve, in pixels


def write_report(report: Report, directory: Path, *, refresh: int | None = None) -> list[Path]:
    """Write the page, Markdown, CSV, LaTeX and the perplexity figure.

    Args:
        report: What is written.
        directory: Where to.
        refresh: Seconds after which an open page reads itself again; None for never.

    Returns:
        The paths, the page first.
    """
    directory.mkdir(parents=True, exist_ok=True)
    texts = {"report.html": page(report.document, refresh=refresh), "report.md": markdown(report.document)}
    for name, text in texts.items():
        with whole(directory / name) as part:
            part.write_text(text, encoding="utf-8")
    return [
        *(directory / name for name in texts),
        *write_tables(report, directory),
        *write_latex(report.cells, directory),
        *_figure(report, directory),
    ]


def _figure(report: Report, directory: Path) -> list[Path]:
    named = label_encoders(report.results.encoders)
    curves = {name: (masking(encoder), encoder.curve) for name, encoder in named.items() if encoder.curve}
    return save(draw_perplexity(curves), directory / "perplexity") if curves else []


def page(document: Document, *, refresh: int | None = None) -> str:
    """Render the page. plotly.js is written once, compressed (2 of its 4.8 MB), and not at all without a plot."""
    loader = PackageLoader("genomask.reports", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "script_json": script_json,
        "spark": spark,
        "full": lambda value: getattr(value, "full", ""),
    }
    templates = files("genomask.reports") / "templates"
    return environment.get_template("report.html").render(
        document=document,
        refresh=refresh,
        style=Markup((templates / "report.css").read_text(encoding="utf-8")),  # ours
        script=Markup((templates / "report.js").read_text(encoding="utf-8")),
        plotly=_plotly() if any(section.plots for section in document.sections) else "",
    )


def _full(value: str) -> str:
    return value.full if isinstance(value, Entry) else ""


@cache
def _plotly() -> str:
    return b64encode(gzip.compress(get_plotlyjs().encode(), mtime=0)).decode()


def spark(entry: str, table: Table) -> Markup:
    """An entry's small curve as SVG, on the scale of its table; empty without one."""
    values = entry.spark if isinstance(entry, Entry) else ()
    if len(values) < 2:
        return Markup("")
    others = chain.from_iterable(other.spark for row in table.rows for other in row if isinstance(other, Entry))
    scale = [value for value in others if value is not None]
    low, span = min(scale), (max(scale) - min(scale)) or 1
    width, height = SPARK
    points = " ".join(
        f"{2 + place * (width - 4) / (len(values) - 1):.1f},{height - 2 - (value - low) / span * (height - 4):.1f}"
        for place, value in enumerate(values)
        if value is not None
    )
    return Markup('<svg class="spark" width="{}" height="{}"><polyline points="{}"/></svg>').format(*SPARK, points)


def script_json(value: object) -> Markup:
    """JSON that cannot end the script it stands in, whatever the names in it."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
