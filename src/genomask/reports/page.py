"""The report as one HTML page that needs nothing else: styles, plots and plotly.js are inside."""

import json
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from genomask.reports.document import Document


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
