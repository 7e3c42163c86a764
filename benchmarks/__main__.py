"""Measure whole runs of genomask on this machine, beside plain references, and write the results up."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from benchmarks.inputs import Inputs
from benchmarks.machine import machine, moment
from benchmarks.page import page, summary
from benchmarks.row import Row, measure
from genomask.checks import require, require_choice
from genomask.console import say
from genomask.files import require_free, write_json

# Module and function of every row; the function gets the inputs and returns the row, or raises NotMeasured.
ROWS: Final[dict[str, str]] = {
    "default_run": "runs:default_run",
    "cell": "runs:cell",
    "pretrain_logo": "pretrain:logo",
    "pretrain_logo_bf16": "pretrain:logo_bf16",
    "pretrain_dnabert": "pretrain:dnabert",
    "kshot": "runs:kshot",
    "masking": "pretrain:masking",
    "fasta": "genomes:plain",
    "fasta_gz": "genomes:packed",
    "counts": "genomes:counts",
}


def main(arguments: list[str]) -> int:
    """Measure the rows that are named, or all; 1 if contenders of a row computed different things."""
    words = _parser().parse_args(arguments)
    for name in words.rows:
        require_choice(name, "benchmarks", tuple(ROWS))
    require(not words.genome or words.genome.is_file(), "--genome", "a FASTA file", str(words.genome))
    require(words.rounds is None or words.rounds >= 1, "--rounds", "at least 1", words.rounds)
    if words.page:
        require_free(words.page, overwrite=words.overwrite, setting="--page")
    if words.render:
        records, failed = [_read(file) for file in words.render], False
    else:
        names = words.rows or list(ROWS)
        records = [_measure_all(names, words)]
        failed = any(row["status"] == "failed" for row in records[0]["rows"] if row["name"] in names)
    if words.page:
        words.page.write_text(page(records, _read(words.gpu) if words.gpu else None), encoding="utf-8")
    return int(failed)


def prepare(name: str, inputs: Inputs) -> Row:
    """Import a row's module, and make the row ready to be measured."""
    module, _, function = ROWS[name].partition(":")
    make: Callable[[Inputs], Row] = getattr(import_module(f"benchmarks.{module}"), function)
    return make(inputs)


def _measure_all(names: list[str], words: argparse.Namespace) -> dict[str, Any]:
    """Measure rows; the file is written after each, so that an interrupted benchmark keeps its results."""
    rounds = words.rounds or (2 if words.quick else 5)
    record = _read(words.json) if words.json and words.json.is_file() else {"machine": machine(), "rows": []}
    with tempfile.TemporaryDirectory(prefix="genomask-bench-") as folder:
        inputs = Inputs(words.genome, Path(folder), words.quick)
        for name in names:
            result = {"name": name, **moment(), "input": inputs.name, "quick": words.quick}
            result |= measure(lambda name=name: prepare(name, inputs), rounds=rounds)
            record = merge(record, {"machine": machine(), "rows": [result]})
            if words.json:
                write_json(words.json, record)
            say(summary(result))
    return record


def merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Put newly measured rows in the place of older ones of the same name.

    Raises:
        ValueError: If the older ones were measured on another machine.
    """
    for part in ("processor", "instructions", "cores"):
        before, now = old["machine"].get(part), new["machine"].get(part)
        require(before == now, "--json", f"a file of this machine ({part}: {now})", before)
    rows = {row["name"]: row for row in (*old["rows"], *new["rows"])}
    return {"machine": new["machine"], "rows": [rows[name] for name in ROWS if name in rows]}


def _read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; all by default")
    parser.add_argument("--genome", type=Path, help="FASTA file to measure on, plain or gzip (default: simulated)")
    parser.add_argument("--rounds", type=int, help="how often every contender is timed (default 5)")
    parser.add_argument("--quick", action="store_true", help="little work, to see that all runs; figures mean nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all times; replaces the same rows there")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write a Markdown page")
    parser.add_argument("--overwrite", action="store_true", help="write over the page if it is there already")
    parser.add_argument("--render", type=Path, nargs="+", metavar="JSON", help="measure nothing: page of these files")
    parser.add_argument("--gpu", type=Path, metavar="JSON", help="what benchmarks/gpu.py wrote, for the page")
    return parser


def command(arguments: list[str]) -> None:
    """Run, and say what is wrong with the words in one line."""
    try:
        sys.exit(main(arguments))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    command(sys.argv[1:])
