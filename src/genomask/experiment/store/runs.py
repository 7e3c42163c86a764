"""``genomask runs``, ``prune`` and ``check``: what a directory of runs holds, what nothing needs, what is damaged."""

import argparse
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from genomask.console import duration, say
from genomask.experiment.store.manifest import MANIFEST, REBUILD, read_manifest, verify
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
    """List the artefacts of a directory of runs, the newest of a kind first."""
    for one in stored(_runs_parser("runs", main).parse_args(arguments).runs):
        age = duration((datetime.now(UTC) - one.finished).total_seconds())
        say(f"{one.bytes / 1e6:9,.1f} MB   {age:>12} old   used by {one.used_by:<4} {_name(one.folder)}")
    return 0


def prune(arguments: list[str]) -> int:
    """Remove interrupted builds, and intermediate artefacts that no other artefact was made of, after asking."""
    parser = _runs_parser("prune", prune)
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


def check(arguments: list[str]) -> int:
    """Read every byte of every finished artefact, and say which of them are damaged.

    Exit code: 0 nothing is damaged, 1 something is. The next run builds what was removed.
    """
    parser = _runs_parser("check", check)
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
        verify(folder)
    except (ValueError, OSError) as error:
        return str(error).removesuffix(f". {REBUILD}")
    return None


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


def _runs_parser(tool: str, main: Callable[[list[str]], int]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(f"genomask {tool}", description=main.__doc__)
    parser.add_argument("runs", nargs="?", default="runs", type=Path, help="directory of runs (runs)")
    return parser


def _name(folder: Path) -> str:
    """``KIND/NAME`` below the directory of runs."""
    return f"{folder.parent.name}/{folder.name}"


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
