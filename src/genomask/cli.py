"""The ``genomask`` command and ``train.py``: the first word may name a tool; anything else is a run."""

import os
import sys
from importlib import import_module

# Each module has main(arguments) and is imported only when its tool is asked for.
TOOLS: dict[str, str] = {
    "predict": "genomask.analysis.prediction.tool",
    "plan": "genomask.experiment.sweeps.plan",
    "status": "genomask.experiment.sweeps.report_status",
    "report": "genomask.reports.tool",
    "dashboard": "genomask.experiment.dashboards.tool",
    "check": "genomask.experiment.store.check",
    "completion": "genomask.experiment.config.completion",
}
PURPOSES: dict[str, str] = {
    "predict": "ask a fine-tuned classifier about FASTA, CSV or BED",
    "plan": "what a sweep will run, and how long it will take",
    "status": "what of all sweeps is done, running, failed",
    "report": "tables and figures of all results, as one page",
    "dashboard": "a Weights & Biases workspace for them",
    "check": "whether artefacts are as they were written",
    "completion": "completes words at the Tab key, in bash",
}


# How often an idle thread of GNU OpenMP, which torch is built with on Linux, looks for work before it sleeps.
# The default, some milliseconds of it, keeps the cores from the very threads that it waits for wherever other
# processes want them too: docs/sweeps.md.
SPINS = "10000"


def main() -> None:
    """Run the tool that the first word names, or a job or multirun of the configuration.

    A user's mistake costs one line; with HYDRA_FULL_ERROR set, its traceback is shown.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)  # read when torch is imported
    arguments = sys.argv[1:]
    if arguments and arguments[0] in TOOLS:
        _tool(arguments[0], arguments[1:])
        return
    from genomask.experiment.config.early import check_arguments

    if {"-h", "--help"} & set(arguments):
        from genomask.experiment.config.help import help_text

        try:
            sys.stdout.write(help_text(arguments, PURPOSES))
        except ValueError as error:
            sys.exit(f"error: {error}")
        return
    try:
        _check_words(arguments)
        check_arguments(arguments)
    except ValueError as error:
        sys.exit(f"error: {error}")
    from genomask.experiment.run import main as run

    run()


def _check_words(arguments: list[str]) -> None:
    """Refuse a word that neither names a tool nor sets anything."""
    if not arguments or arguments[0].startswith(("-", "~")) or "=" in arguments[0]:
        return
    from genomask.experiment.config.choices import groups
    from genomask.experiment.config.nearby import meant, question

    near = question(meant(arguments[0], [*TOOLS, *(f"{group}=..." for group in groups())]))
    raise ValueError(
        f"{arguments[0]} is no tool, and sets nothing.{near} Tools: {', '.join(TOOLS)}; "
        "a run takes group=choice and setting=value: python train.py --help"
    )


def _tool(name: str, arguments: list[str]) -> None:
    try:
        sys.exit(import_module(TOOLS[name]).main(arguments))
    except KeyboardInterrupt:
        sys.exit("Stopped.")
    except (ValueError, OSError) as error:
        if "HYDRA_FULL_ERROR" in os.environ:
            raise
        sys.exit(f"error: {error}")
