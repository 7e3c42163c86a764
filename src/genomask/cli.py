"""The ``genomask`` command and ``train.py``: the first word may name a tool; anything else is a run."""

import os
import sys
from importlib import import_module

# Each module has main(arguments) and is imported only when its tool is asked for.
TOOLS: dict[str, str] = {
    "report": "genomask.reports.tool",
    "dashboard": "genomask.dashboards.tool",
    "plan": "genomask.sweeps.plan",
    "status": "genomask.sweeps.report_status",
    "check": "genomask.store.check",
    "bench": "genomask.bench.tool",
}


def main() -> None:
    """Run the tool that the first word names, or a job or multirun of the configuration.

    A user's mistake costs one line; with HYDRA_FULL_ERROR set, its traceback is shown.
    """
    if len(sys.argv) > 1 and sys.argv[1] in TOOLS:
        _tool(sys.argv[1], sys.argv[2:])
        return
    from genomask.config.choices import check_choices, help_text

    if {"-h", "--help"} & set(sys.argv[1:]):
        sys.stdout.write(help_text())
        return
    try:
        check_choices(sys.argv[1:])
    except ValueError as error:
        sys.exit(f"error: {error}")
    from genomask.run import main as run

    run()


def _tool(name: str, arguments: list[str]) -> None:
    try:
        sys.exit(import_module(TOOLS[name]).main(arguments))
    except KeyboardInterrupt:
        sys.exit("Stopped.")
    except (ValueError, OSError) as error:
        if "HYDRA_FULL_ERROR" in os.environ:
            raise
        sys.exit(f"error: {error}")
