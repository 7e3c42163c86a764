"""``genomask runs`` and ``genomask prune``: what a directory of runs holds, and removing what nothing needs."""

import argparse
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from genomask.console import duration, say
from genomask.experiment.store.check import finished
from genomask.experiment.store.manifest import read_manifest
from genomask.experiment.store.store import BUILDING, is_held

# Made again in minutes from what the user has; all other kinds are results or trainings.
INTERMEDIATE: Final = ("genome", "rank", "vocab", "tokens", "task")


class Stored(NamedTuple):
    """An artefact on disk: its folder and size, when it was finished, and how many others were made of it."""

    folder: Path
    bytes: int
    finished: datetime
    used_by: int


def main(arguments: list[str]) -> int:
    """Print one line for every artefact, the newest of a kind first."""
    parser = argparse.ArgumentParser("genomask runs", description="List the artefacts of a directory of runs.")
    parser.add_argument("runs", nargs="?", default="runs", type=Path, help="directory of runs (runs)")
    for one in stored(parser.parse_args(arguments).runs):
        age = duration((datetime.now(UTC) - one.finished).total_seconds())
        say(f"{one.bytes / 1e6:9,.1f} MB   {age:>12} old   used by {one.used_by:<4} {_name(one.folder)}")
    return 0


def prune(arguments: list[str]) -> int:
    """Remove interrupted builds, and intermediate artefacts that no other artefact was made of, after asking."""
    parser = argparse.ArgumentParser("genomask prune", description=prune.__doc__)
    parser.add_argument("runs", nargs="?", default="runs", type=Path, help="directory of runs (runs)")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args(arguments)
    folders = needless(options.runs)
    for folder in folders:
        say(f"{_size(folder) / 1e6:9,.1f} MB   {folder}")
    if not folders:
        say("Nothing to remove.")
        return 0
    if not options.yes and input(f"Remove these {len(folders)}? [y/N] ").strip().lower() not in ("y", "yes"):
        return 1
    for folder in folders:
        shutil.rmtree(folder)
    return 0


def stored(runs: Path) -> list[Stored]:
    """The finished artefacts whose manifest can be read; ``genomask check`` names the others.

    Raises:
        FileNotFoundError: If there is no such directory of runs.
    """
    manifests = {}
    for folder in finished(runs):
        try:
            manifests[folder] = read_manifest(folder)
        except ValueError:
            continue
    inputs = (source for manifest in manifests.values() for source in manifest["inputs"].items())
    uses = Counter(f"{kind}/{source['name']}" for kind, source in inputs)
    found = [
        Stored(folder, _size(folder), datetime.fromisoformat(manifest["finished"]), uses[_name(folder)])
        for folder, manifest in manifests.items()
    ]
    return sorted(found, key=lambda one: (one.folder.parent.name, -one.finished.timestamp()))


def needless(runs: Path) -> list[Path]:
    """Folders that nothing needs: builds that no process works on, and intermediate artefacts without a use.

    An artefact that only needless ones were made of is needless once these are gone.
    """
    unused = [one.folder for one in stored(runs) if one.folder.parent.name in INTERMEDIATE and not one.used_by]
    abandoned = [
        folder
        for folder in sorted(runs.glob(f"*/*{BUILDING}"))
        if not is_held(runs, _name(folder).removesuffix(BUILDING))
    ]
    return [*abandoned, *unused]


def _name(folder: Path) -> str:
    """``KIND/NAME`` below the directory of runs."""
    return f"{folder.parent.name}/{folder.name}"


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
