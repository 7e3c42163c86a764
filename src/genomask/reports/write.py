"""Write every file of a report."""

from pathlib import Path

from genomask.analysis.figure_style import save
from genomask.files import whole
from genomask.reports.build import Report
from genomask.reports.latex import write_latex
from genomask.reports.markdown import markdown
from genomask.reports.page import page
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
    named = label_encoders(report.found.encoders)
    curves = {name: (masking(encoder), encoder.curve) for name, encoder in named.items() if encoder.curve}
    return save(draw_perplexity(curves), directory / "perplexity") if curves else []
