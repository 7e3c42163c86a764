"""``genomask report RUNS``: whatever has finished so far, as Markdown, CSV, LaTeX and one HTML page."""

import argparse
from pathlib import Path

from genomask.console import say

NEEDS = {"scipy": "scipy", "jinja2": "jinja2", "plotly": "plotly", "matplotlib": "matplotlib"}


def main(arguments: list[str]) -> None:
    """Write the report.

    Raises:
        FileNotFoundError: If there is no such directory of runs.
        ValueError: If nothing has finished in it, or a library of the ``report`` extra is missing.
    """
    chosen = _parser().parse_args(arguments)
    try:
        from genomask.reports.build import build_report
        from genomask.reports.write import write_report
    except ModuleNotFoundError as error:
        if error.name not in NEEDS:
            raise
        raise ValueError(f"genomask report needs {error.name}: pip install 'genomask[report]'.") from error
    report = build_report(chosen.runs, baseline=chosen.baseline)
    for problem in report.results.problems:
        say(f"warning: {problem}", style="yellow")
    for path in write_report(report, chosen.out or chosen.runs / "report"):
        say(f"wrote  {path}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="genomask report",
        description="Write what has finished so far in RUNS: one HTML page, Markdown, CSV, LaTeX tables in "
        "the paper's shape, and the perplexity figure.",
    )
    parser.add_argument("runs", type=Path, metavar="RUNS", help="the directory that paths.runs named")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write; RUNS/report if not given")
    parser.add_argument(
        "--baseline",
        default="random",
        metavar="MASKING",
        help="what rows are compared with: a masking (random, none, ...) or a classifier (gc, cnn, ...)",
    )
    return parser
