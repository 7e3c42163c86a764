"""The ``genomask`` command and ``train.py``: the first word may name a tool; anything else is a run."""

import os
import sys
from importlib import import_module

# Each module has main(arguments) and is imported only when its tool is asked for.
TOOLS: dict[str, str] = {
    "plan": "genomask.sweeps.plan",
    "status": "genomask.sweeps.report_status",
}


def main() -> None:
    """Run the tool that the first word names, or a job or multirun of the configuration.

    A user's mistake costs one line; with HYDRA_FULL_ERROR set, its traceback is shown.
    """
    if len(sys.argv) > 1 and sys.argv[1] in TOOLS:
        _tool(sys.argv[1], sys.argv[2:])
        return
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
