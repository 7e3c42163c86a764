"""``genomask bench``: measure rows of the benchmark on this machine, and write them up."""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.inputs import Inputs
from benchmarks.machine import machine
from benchmarks.measure import measure
from benchmarks.page import page, summary
from benchmarks.registry import ROWS
from genomask.checks import require, require_choice
from genomask.console import say
from genomask.files import write_json


def main(arguments: list[str]) -> int:
    """Measure the rows that are named, or all; 1 if contenders of a row computed different things."""
    asked = _parser().parse_args(arguments)
    for name in asked.rows:
        require_choice(name, "bench", tuple(ROWS))
    require(not asked.genome or asked.genome.is_file(), "--genome", "a FASTA file", str(asked.genome))
    require(asked.rounds is None or asked.rounds >= 1, "--rounds", "at least 1", asked.rounds)
    if asked.render:
        files = [_read(file) for file in asked.render]
        failed = False
    else:
        measured = asked.rows or list(ROWS)
        files = [_measure_all(measured, asked)]
        failed = any(row["status"] == "failed" and row["name"] in measured for row in files[0]["rows"])
    if asked.page:
        asked.page.write_text(page(files, list(ROWS)), encoding="utf-8")
    return int(failed)


def _measure_all(names: list[str], asked: argparse.Namespace) -> dict[str, Any]:
    """Measure rows; the file is written after each, so that an interrupted benchmark keeps what it found."""
    rounds = asked.rounds or (2 if asked.quick else 7)
    found = _read(asked.json) if asked.json and asked.json.is_file() else {"machine": machine(), "rows": []}
    with tempfile.TemporaryDirectory(prefix="genomask-bench-") as folder:
        inputs = Inputs(asked.genome, Path(folder), asked.quick)
        for name in names:
            result = measure(name, inputs, rounds=rounds)
            result |= {"input": inputs.name, "quick": asked.quick}
            found = merge(found, {"machine": machine(), "rows": [result]})
            if asked.json:
                write_json(asked.json, found)
            say(summary(result))
    return found


def merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Put newly measured rows in the place of older ones of the same name.

    Raises:
        ValueError: If the older ones were measured on another machine.
    """
    for part in ("processor", "instructions", "cores"):
        before, now = old["machine"].get(part), new["machine"].get(part)
        require(before == now, "--json", f"a file of this machine ({part}: {now})", before)
    rows = {row["name"]: row for row in (*old["rows"], *new["rows"])}
    ordered = sorted(rows.values(), key=lambda row: [*ROWS, row["name"]].index(row["name"]))
    return {"machine": new["machine"], "rows": ordered}


def _read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="genomask bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; all if none is named")
    parser.add_argument("--genome", type=Path, help="FASTA file to measure on, plain or gzip (default: simulated)")
    parser.add_argument("--rounds", type=int, help="how often every contender is timed (default 7)")
    parser.add_argument("--quick", action="store_true", help="little work, to see that all runs; means nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all times; replaces the same rows there")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write a Markdown page")
    parser.add_argument(
        "--render",
        type=Path,
        nargs="+",
        default=[],
        metavar="JSON",
        help="measure nothing: page of these files",
    )
    return parser


if __name__ == "__main__":
    import sys

    sys.exit(main(sys.argv[1:]))
