"""Row ``help``: how long a person waits for the help text, or for what is wrong with a command."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from benchmarks.inputs import Inputs
from benchmarks.row import Comparison, Contender, Row

COMMAND = [sys.executable, "-c", "from genomask.cli import main; main()"]
LIGHTNING = "python: import lightning"


def start(inputs: Inputs) -> Row:
    """Processes from start to end."""
    runs = f"paths.runs={inputs.folder}"
    words = {
        "--help": [*COMMAND, "--help"],
        "a misspelt choice": [*COMMAND, "masking=pni", runs],
        "a value out of range": [*COMMAND, "shots=-3", runs],
        LIGHTNING: [sys.executable, "-c", "import lightning"],
    }
    quick = [name for name in words if name != LIGHTNING]
    return Row(
        "`--help` and a wrong setting",
        (1.0, "commands"),
        {name: Contender(_running(command)) for name, command in words.items()},
        (*(Comparison(name, None, 0.5) for name in quick), *(Comparison(name, LIGHTNING) for name in quick)),
        _check,
        clock="cpu",
    )


def _running(command: list[str]):
    return lambda: subprocess.run(command, capture_output=True, text=True, check=False)


def _check(results: Mapping[str, Any]) -> str:
    expected = {"--help": 0, "a misspelt choice": 1, "a value out of range": 1, LIGHTNING: 0}
    for name, status in expected.items():
        if results[name].returncode != status:
            raise ValueError(f"{name} ended with {results[name].returncode}: {results[name].stderr[-200:]}")
    return "every command ends as it should"
