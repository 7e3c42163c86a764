"""``genomask check``: read every byte of every finished artefact, and say which of them are damaged."""

import argparse
import shutil
from pathlib import Path

from genomask.console import say
from genomask.experiment.store.manifest import MANIFEST, REBUILD, read_manifest, verify_files
from genomask.experiment.store.store import BUILDING


def main(arguments: list[str]) -> int:
    """Check a directory of runs; returns 0 when nothing is damaged, or nothing that was is left, else 1."""
    parser = argparse.ArgumentParser(
        "genomask check",
        description=__doc__,
        epilog="Exit code: 0 nothing is damaged, 1 something is. The next run builds what was removed.",
    )
    parser.add_argument("runs", nargs="?", default="runs", type=Path, help="directory of runs (runs)")
    parser.add_argument("--remove", action="store_true", help="remove what is damaged")
    options = parser.parse_args(arguments)
    folders = finished(options.runs)
    damaged = [(folder, reason) for folder in folders if (reason := damage(folder))]
    for folder, reason in damaged:
        if options.remove:
            shutil.rmtree(folder)
        say(f"{'removed' if options.remove else 'damaged'} {reason}")
    say(f"{len(folders)} artefacts checked, {len(damaged)} damaged")
    return 1 if damaged and not options.remove else 0


def finished(runs: Path) -> list[Path]:
    """The directories of all finished artefacts.

    Raises:
        FileNotFoundError: If there is no such directory of runs.
    """
    if not runs.is_dir():
        raise FileNotFoundError(f"A check needs a directory of runs; there is none at {runs}.")
    # An artefact is KIND/LABEL-HASH; one whose manifest is lost is recognised by its name.
    named = {path for path in runs.glob("*/*-????????") if path.is_dir() and path.parent.name != "sweeps"}
    whole = {path.parent for path in runs.glob(f"*/*/{MANIFEST}") if path.parent.suffix != BUILDING}
    return sorted(named | whole)


def damage(folder: Path) -> str | None:
    """What is wrong with a finished artefact; None if nothing is."""
    try:
        digest = read_manifest(folder)["digest"]
        verify_files(folder)
    except (ValueError, OSError) as error:
        return str(error).removesuffix(f". {REBUILD}")
    if not folder.name.endswith(digest[:8]):
        return f"{folder} holds what belongs at a name that ends in {digest[:8]}"
    return None
