"""``genomask runs``, ``prune`` and ``check``: what a directory of runs holds, what nothing needs, what is damaged."""

import argparse
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from genomask.console import aligned, duration, say
from genomask.experiment.store.artefact import MANIFEST, REBUILD, Json, read_manifest, verify
from genomask.experiment.store.store import BUILDING, is_held

# Made again in minutes from what the user has; all other kinds are results or trainings.
INTERMEDIATE: Final = ("genome", "rank", "vocab", "tokens", "task")
SEEDS: Final = re.compile(r"-seed=\d+-[0-9a-f]{8}$")  # ends the names of results that differ in their draw


class Stored(NamedTuple):
    """An artefact on disk: its folder and manifest, its size, its age in seconds, and how many others use it."""

    folder: Path
    manifest: Json
    bytes: int
    age: float
    used_by: int


def main(arguments: list[str]) -> int:
    """List the artefacts of a directory of runs, the newest of a kind first, and all draws of a result in one line."""
    runs = _runs_parser("runs", main).parse_args(arguments).runs
    groups: dict[str, list[Stored]] = defaultdict(list)
    for one in stored(runs):
        groups[SEEDS.sub("", _name(one.folder))].append(one)
    lines = [["     size", "newest", "used by", "", ""]]
    for name, members in groups.items():
        size, uses, newest = sum(one.bytes for one in members), sum(one.used_by for one in members), members[0]
        budget, trained = newest.manifest["settings"].get("pretrain", {}), ""
        if {"max_steps", "batch"} <= budget.keys():
            trained = f"{budget['max_steps']:,} steps of {budget['batch']:,}" if budget["max_steps"] else "not trained"
        shown = (name, f"{len(members)} results") if len(members) > 1 else (_name(newest.folder), trained)
        lines.append([f"{size / 1e6:6,.1f} MB", f"{duration(newest.age)} ago", str(uses or "-"), *shown])
    for line in aligned(lines):
        say(line)
    total, count = sum(one.bytes for some in groups.values() for one in some), sum(map(len, groups.values()))
    say(f"{total / 1e6:6,.1f} MB   {count:,} artefacts; genomask prune {runs} removes what nothing needs")
    return 0


def prune(arguments: list[str]) -> int:
    """Remove interrupted builds, and intermediate artefacts that no other artefact was made of, after asking."""
    parser = _runs_parser("prune", prune)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args(arguments)
    sizes = {folder: _size(folder) / 1e6 for folder in needless(options.runs)}
    for folder, size in sizes.items():
        say(f"{size:9,.1f} MB   {folder}")
    if not sizes:
        say(f"Nothing to remove: no interrupted build, and every {', '.join(INTERMEDIATE)} is used.")
        return 0
    question = f"Remove these {len(sizes)} ({sum(sizes.values()):,.1f} MB)? [y/N] "
    if not options.yes and input(question).strip().lower() not in ("y", "yes"):
        return 1
    for folder in sizes:
        shutil.rmtree(folder)
    return 0


def check(arguments: list[str]) -> int:
    """Read every byte of every finished artefact, and say which of them are damaged. Exit code: 0 nothing is
    damaged, 1 something is. The next run builds what was removed."""
    parser = _runs_parser("check", check)
    parser.add_argument("--remove", action="store_true", help="remove what is damaged")
    options = parser.parse_args(arguments)
    folders, damaged = finished(options.runs), 0
    for folder in folders:
        if reason := damage(folder):
            damaged += 1
            if options.remove:
                shutil.rmtree(folder)
            say(f"{'removed' if options.remove else 'damaged'} {reason}")
    say(f"{len(folders)} artefacts checked, {damaged} damaged")
    return 1 if damaged and not options.remove else 0


def stored(runs: Path) -> list[Stored]:
    """The finished artefacts whose manifest can be read, by kind and age; ``genomask check`` names the others."""
    manifests: dict[Path, Json] = {}
    for folder in finished(runs):
        try:
            manifests[folder] = read_manifest(folder)
        except ValueError:
            continue
    inputs = (source for manifest in manifests.values() for source in manifest["inputs"].items())
    uses = Counter(f"{kind}/{source['name']}" for kind, source in inputs)
    # A probe reads the embeddings of its encoder and its task, which its manifest does not name.
    probes = Counter(
        _encoder_and_task(manifest)
        for manifest in manifests.values()
        if manifest["kind"] == "finetune" and "classifier" in manifest["settings"]
    )
    now, found = datetime.now(UTC), []
    for folder, manifest in manifests.items():
        used_by = probes[_encoder_and_task(manifest)] if manifest["kind"] == "embed" else uses[_name(folder)]
        age = (now - datetime.fromisoformat(manifest["finished"])).total_seconds()
        found.append(Stored(folder, manifest, _size(folder), age, used_by))
    return sorted(found, key=lambda one: (one.folder.parent.name, one.age))


def _encoder_and_task(manifest: Json) -> tuple[str | None, ...]:
    return tuple(manifest["inputs"].get(kind, {}).get("name") for kind in ("encoder", "task"))


def finished(runs: Path) -> list[Path]:
    """The directories of all finished artefacts; without a directory of runs, a FileNotFoundError."""
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
    """Folders that nothing needs: builds that no process works on, and intermediate artefacts without a use. An
    artefact that only needless ones were made of is needless once these are gone."""
    building = sorted(runs.glob(f"*/*{BUILDING}"))
    abandoned = [folder for folder in building if not is_held(runs, _name(folder).removesuffix(BUILDING))]
    unused = [one.folder for one in stored(runs) if one.folder.parent.name in INTERMEDIATE and not one.used_by]
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
