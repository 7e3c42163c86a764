"""Write every file of a report; its page needs nothing else: styles, plots and plotly.js are inside."""

import json
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from genomask.analysis.figure_style import save
from genomask.files import whole
from genomask.reports.build import Report
from genomask.reports.document import Document, markdown
from genomask.reports.latex import write_latex
from genomask.reports.perplexity_figure import draw_perplexity
from genomask.reports.pretraining import label_encoders, masking
from genomask.reports.tabular import write_tables


def write_report(report: Report, directory: Path) -> list[Path]:
    """Write the page, Markdown, CSV, LaTeX and the perplexity figure; returns the paths, the page first."""
    directory.mkdir(parents=True, exist_ok=True)
    texts = {"report.html": page(report.document), "report.md": markdown(report.document)}
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


def page(document: Document) -> str:
    """Render the page. plotly.js (4.8 MB) is written once, and not at all where there is no plot."""
    loader = PackageLoader("genomask.reports", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["script_json"] = script_json
    templates = files("genomask.reports") / "templates"
    has_plots = any(section.plots for section in document.sections)
    return environment.get_template("report.html").render(
        document=document,
        style=Markup((templates / "report.css").read_text(encoding="utf-8")),  # ours
        script=Markup((templates / "report.js").read_text(encoding="utf-8")),
        plotly=Markup(get_plotlyjs()) if has_plots else "",
    )


def script_json(value: object) -> Markup:
    """JSON that cannot end the script it stands in, whatever the names in it."""
    text = json.dumps(value, allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
