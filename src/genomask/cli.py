"""The ``genomask`` command and ``train.py``: the first word may name a tool; anything else is a run."""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import Final, NamedTuple


class Tool(NamedTuple):
    """A module, imported only when its tool is used, the tool's line on the help page, and its function."""

    module: str
    purpose: str
    function: str = "main"

    def load(self) -> Callable[[list[str]], int]:
        """Import the tool's function, which takes its arguments and returns an exit code."""
        return getattr(import_module(self.module), self.function)


TOOLS: Final = {
    "predict": Tool("genomask.analysis.prediction.tool", "predict FASTA, CSV or BED with a fine-tuned classifier"),
    "score": Tool("genomask.api.score", "score a fine-tuning, probe or baseline on another labelled file"),
    "plan": Tool("genomask.experiment.sweeps.plan", "list what a sweep will run, and how long it will take"),
    "status": Tool("genomask.experiment.sweeps.status", "list what is done, running and failed of all sweeps"),
    "report": Tool("genomask.reports.tool", "write tables and figures of all results, as one page"),
    "dashboard": Tool("genomask.experiment.dashboard", "make a Weights & Biases workspace for them"),
    "tasks": Tool("genomask.tasks.suites", "what labelled files hold, and which task reads them"),
    "runs": Tool("genomask.experiment.store.runs", "list artefacts with their sizes, ages and uses"),
    "prune": Tool("genomask.experiment.store.runs", "remove what nothing needs, after asking", "prune"),
    "check": Tool("genomask.experiment.store.runs", "check that no artefact has changed since it was written", "check"),
}

# How often an idle thread of GNU OpenMP, which torch is built with on Linux, looks for work before it sleeps.
# The default, some milliseconds of it, keeps the cores from the very threads that it waits for wherever other
# processes want them too: docs/sweeps.md.
SPINS = "10000"


def main() -> None:
    """Run the tool that the first word names, or a job or multirun of the configuration. A user's mistake costs one
    line; with HYDRA_FULL_ERROR set, its traceback is shown."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)  # read when torch is imported
    arguments = sys.argv[1:]
    try:
        if arguments and arguments[0] in TOOLS:
            sys.exit(TOOLS[arguments[0]].load()(arguments[1:]))
        if "--version" in arguments:
            sys.stdout.write(f"genomask {version('genomask')}\n")
            return
        if {"-h", "--help"} & set(arguments):
            from genomask.experiment.config.choices import help_text

            sys.stdout.write(help_text(arguments, {name: tool.purpose for name, tool in TOOLS.items()}))
            return
        _check_first_word(arguments)
    except KeyboardInterrupt:
        sys.exit("Stopped.")
    except (ValueError, OSError) as error:
        if "HYDRA_FULL_ERROR" in os.environ:
            raise
        sys.exit(f"error: {error}")
    from genomask.experiment.run import main as run

    run()


def _check_first_word(arguments: list[str]) -> None:
    """Refuse a first word that neither names a tool nor sets anything."""
    if not arguments or arguments[0].startswith(("-", "~")) or "=" in arguments[0]:
        return
    from genomask.console import program
    from genomask.experiment.config.choices import did_you_mean, groups

    near = did_you_mean(arguments[0], [*TOOLS, *(f"{group}=..." for group in groups())])
    raise ValueError(
        f"unknown tool {arguments[0]}.{near} Tools: {', '.join(TOOLS)}; "
        f"a run takes group=choice and setting=value: {program()} --help"
    )
