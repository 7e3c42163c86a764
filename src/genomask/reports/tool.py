"""``genomask report RUNS``: whatever has finished so far, in the terminal and as a page, Markdown, CSV and LaTeX."""

import argparse
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from genomask.checks import require, require_packages
from genomask.console import say

if TYPE_CHECKING:
    from genomask.reports.build import Report

NEEDED = ("scipy", "jinja2", "plotly", "matplotlib")
WIDTH = 100  # characters of the chart, where the terminal has as many
MOST_LINES = 40  # of a table in the terminal
TABLES = {  # sections whose table the terminal shows, and its columns
    "ideas": ("idea", "control", "gain over control", "95 % interval", "in words", "seconds a step"),
    "scores": ("row", "AUC", "Accuracy", "draws", "Δ AUC", "95 % interval"),
}


def main(arguments: list[str]) -> None:
    """Write the report and print its answer; with ``--watch``, again whenever something has finished.

    FileNotFoundError if there is no such directory of runs; ValueError if nothing has finished in it, a library of the
    ``report`` extra is missing, or files that are not a report's would be written over.
    """
    chosen = _parser().parse_args(arguments)
    require(0 < chosen.equivalent < 1, "--equivalent", "a difference between 0 and 1", chosen.equivalent)
    require(chosen.watch is None or chosen.watch >= 1, "--watch", "at least 1 second", chosen.watch)
    require_packages("genomask report", *NEEDED, extra="report")
    from genomask.experiment.sweeps.status import read_jobs
    from genomask.reports.build import build_report
    from genomask.reports.write import check_folder, write_report

    out, runs = chosen.out or chosen.runs / "report", chosen.runs
    check_folder(out, overwrite=chosen.overwrite)
    last, refresh = None, chosen.watch
    while True:
        if not runs.is_dir():
            raise FileNotFoundError(f"A report needs a directory of runs; there is none at {runs}.")
        jobs = [(job.artefact, job.state) for job in read_jobs(runs)]
        state = jobs, sorted(path for kind in ("finetune", "encoder", "vocab") for path in (runs / kind).glob("*"))
        waits = refresh and any(job in ("running", "missing") for _, job in jobs)
        if state != last:
            report = build_report(runs, baseline=chosen.baseline, bound=chosen.equivalent)
            _say(report, write_report(report, out, refresh=refresh if waits else None))
            last = state
        if not (refresh and waits):
            return
        time.sleep(refresh)


def _say(report: "Report", paths: list[Path]) -> None:
    """The answer in words, as a chart and as tables, then what could not be read, and where it all stands."""
    from genomask.reports.answer import chart, gains
    from genomask.reports.ideas import ideas_gains

    figures = (ideas_gains(report.ideas), *map(gains, report.questions))
    width = min(shutil.get_terminal_size().columns, WIDTH)
    for line in (*report.document.answer, *chart(next(filter(None, figures), []), width)):
        say(line)
    for section in (section for section in report.document.sections if section.name in TABLES):
        (table,) = section.tables
        lines = table.lines(*TABLES[section.name])
        for line in (f"\n{table.title or section.title}", *lines[: MOST_LINES + 1]):
            say(line)
        if len(lines) > MOST_LINES + 1:
            say(f"... and {len(lines) - MOST_LINES - 1:,} rows more, in {paths[1]}", style="dim")
    for problem in report.results.problems:
        say(f"warning: {problem}", style="yellow")
    for path in paths:
        say(f"wrote  {path}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="genomask report",
        description="Say what the finished runs in RUNS show, and write it: one HTML page, Markdown, CSV, LaTeX "
        "tables in the paper's shape, and the perplexity figure.",
    )
    add = parser.add_argument
    add("runs", type=Path, metavar="RUNS", help="the directory that paths.runs named")
    add("--out", type=Path, metavar="DIR", help="where to write; RUNS/report if not given")
    add("--overwrite", action="store_true", help="write over files in DIR that no report wrote")
    baseline = "what rows are compared with: a masking (random, none, ...) or a classifier (gc, cnn, ...)"
    add("--baseline", default="random", metavar="MASKING", help=baseline)
    equivalent = "rows that differ by less than this are called the same; tested by two one-sided tests (0.01)"
    add("--equivalent", type=float, default=0.01, metavar="BOUND", help=equivalent)
    watch = "stay, and write again when jobs of the sweep have finished, until none is left; looks every 60 s"
    add("--watch", type=int, nargs="?", const=60, metavar="SECONDS", help=watch)
    return parser
