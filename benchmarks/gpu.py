"""Every GPU row of the benchmark in one command, on a machine without this project's dependencies.

    PYTHONPATH=src python -m benchmarks.gpu --json gpu.json

needs nothing but the folder src, PyTorch, Transformers and NumPy: no network, no
installation. It was tried with PyTorch 2.13 and Transformers 5.23, on a CPU; other versions were
not. Where jaxtyping is missing, signatures go unchecked. Then, with the project installed, `genomask bench
--render gpu.json ... --page docs/performance.md` puts the figures on the page.
"""

import argparse
import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

SHAPES = ("Bool", "Float", "Float64", "Int", "Int8", "Int32", "Int64", "Shaped", "UInt8", "UInt32")


def main(arguments: list[str] | None = None) -> int:
    """Measure the GPU rows; 1 if contenders computed different things."""
    asked = _parser().parse_args(arguments)
    replace_missing()
    import torch

    from benchmarks.machine import machine
    from benchmarks.measure import measure
    from benchmarks.page import summary

    if not (torch.cuda.is_available() or asked.tiny):
        sys.exit("error: the GPU rows need a CUDA device; --tiny runs them on this machine, small, as a test.")
    rows = []
    with tempfile.TemporaryDirectory(prefix="genomask-gpu-") as folder:
        for name, inputs in _rows(Path(folder), asked):
            found = measure(name, inputs, rounds=asked.rounds)
            rows.append(found | {"input": "drawn at random", "quick": asked.tiny})
            _project(rows[-1])
            sys.stdout.write(summary(rows[-1]) + "\n")
            if asked.json:  # after every row: what is measured stays measured
                text = json.dumps({"machine": machine(), "rows": rows}, indent=2)
                asked.json.write_text(text + "\n", encoding="utf-8")
    return int(any(row["status"] == "failed" for row in rows))


def _rows(folder: Path, asked: argparse.Namespace):
    from benchmarks.inputs import Inputs
    from benchmarks.registry import ROWS

    names = [name for name in ROWS if name.startswith("gpu_")]
    chosen = [name for name in names if asked.compile or not name.endswith("_compiled")]
    return [(name, Inputs(None, folder, quick=asked.tiny)) for name in chosen]


def _project(row: dict[str, Any]) -> None:
    """Say how long 10,000 steps of the paper's size take at the measured speed."""
    if row["status"] != "measured" or "sequences" not in row["facts"]:
        return
    count, of = (int(number) for number in row["facts"]["sequences"].split(" of "))
    for name, taken in row["contenders"].items():
        if "alone" not in name:
            minutes = taken["best"] * of / count * 10_000 / 60
            row["facts"][f"10,000 steps of {of} sequences, {name}"] = f"{minutes:.3g} min"


def replace_missing() -> None:
    """Put a stand-in in jaxtyping's place where it is missing; nothing else of the project's is asked for."""
    if importlib.util.find_spec("jaxtyping") is None:
        sys.modules["jaxtyping"] = stand_in()


def stand_in() -> ModuleType:
    """A module in jaxtyping's place: every annotation stands for the array type that it is of."""
    module = ModuleType("jaxtyping")
    for name in SHAPES:
        setattr(module, name, _Shaped)
    return module


class _Shaped:
    def __class_getitem__(cls, item: tuple[Any, str]) -> Any:
        return item[0]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all times")
    parser.add_argument("--rounds", type=int, default=5, help="how often every contender is timed (default 5)")
    parser.add_argument("--compile", action="store_true", help="measure torch.compile too, which takes minutes")
    parser.add_argument("--tiny", action="store_true", help="a tiny model on any device, to see that all runs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
