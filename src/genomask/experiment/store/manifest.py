"""The manifest of an artefact: what it is, what is in it, and where it came from."""

import json
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

from genomask.experiment.store.artefact import Artefact, Count, Json, digest_of
from genomask.files import sha256, write_json

PACKAGES = ("genomask", "torch", "lightning", "transformers", "hydra-core", "numpy", "torchmetrics", "pyfastx")
MANIFEST = "manifest.json"
CHECKSUM = "sha256"  # of all else in a manifest
REBUILD = "Remove it to have it built again; `genomask check RUNS --remove` removes all that is damaged."
WANDB = "wandb"  # W&B ends its files up to a second after it says so, and `wandb sync` adds to them


def write_manifest(
    directory: Path, artefact: Artefact, *, seconds: float, config: Json, counts: Mapping[str, Count] | None = None
) -> None:
    """Describe a freshly built directory; every file but W&B's is listed with size and SHA-256."""
    files = {
        path.relative_to(directory).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256(path)}
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not path.is_symlink() and WANDB not in path.relative_to(directory).parts
    }
    manifest = {
        "kind": artefact.kind,
        "digest": artefact.digest,
        "settings": artefact.settings,
        "inputs": {source.kind: {"name": source.name, "digest": source.digest} for source in artefact.inputs},
        "files": files,
        "counts": {what: count._asdict() for what, count in (counts or {}).items()},
        "seconds": round(seconds, 3),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        **provenance(),
        "config": config,
    }
    write_json(directory / MANIFEST, manifest | {CHECKSUM: digest_of(manifest)})


def read_manifest(directory: Path) -> Json:
    """The manifest of an artefact, as it was written.

    Raises:
        ValueError: If there is none, or it has changed; those of early versions only say what shaped them.
    """
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        noted = manifest.pop(CHECKSUM, None)
        inputs = {kind: source["digest"] for kind, source in manifest["inputs"].items()}
        shaped = {"kind": manifest["kind"], "settings": manifest["settings"], "inputs": inputs}
        whole = noted in (None, digest_of(manifest)) and digest_of(shaped) == manifest["digest"]
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(directory, f"its {MANIFEST} cannot be read ({error})") from error
    if not whole:
        raise _damaged(directory, f"the content of {MANIFEST} has changed since it was written")
    return manifest


def seconds_of(directory: Path) -> float | None:
    """Seconds that the artefact took to build; None if it is not there."""
    file = directory / MANIFEST
    return json.loads(file.read_text(encoding="utf-8"))["seconds"] if file.is_file() else None


def verify(directory: Path, artefact: Artefact | None = None) -> None:
    """Check that no file of an artefact has changed since it was written, and whose directory it is; reads every byte.

    Raises:
        ValueError: Naming the file that is missing, has another size or other content.
    """
    manifest = read_manifest(directory)
    if artefact is not None and manifest["digest"] != artefact.digest:
        raise _damaged(directory, "its manifest belongs to other settings")
    renamed = artefact is not None and artefact.folder is not None  # by its owner, who named the folder
    if not renamed and not directory.name.endswith(manifest["digest"][:8]):
        raise _damaged(directory, f"it holds what belongs at a name that ends in {manifest['digest'][:8]}")
    for name, expected in manifest["files"].items():
        path = directory / name
        if not path.is_file():
            raise _damaged(directory, f"{name} is missing")
        if path.stat().st_size != expected["bytes"]:
            raise _damaged(directory, f"{name} has {path.stat().st_size} bytes instead of {expected['bytes']}")
        if sha256(path) != expected["sha256"]:
            raise _damaged(directory, f"the content of {name} has changed since it was written")


@cache
def provenance() -> Json:
    """Where the results of this process come from: package versions, git commit of the code, command."""
    return {
        "versions": {"python": platform.python_version()} | {package: version(package) for package in PACKAGES},
        "platform": platform.platform(),
        "commit": git_commit(),
        "command": shlex.join(sys.orig_argv),
    }


def git_commit() -> str | None:
    """Commit of the checkout this package runs from, with ``+`` when it has changes; None outside one."""
    package = Path(__file__).resolve().parents[2]
    try:
        lines = _git(package, "rev-parse", "HEAD", "--show-toplevel").splitlines()
        inside = Path(lines[1], "src", "genomask").resolve() == package
        return lines[0] + ("+" if _git(package, "status", "--porcelain") else "") if inside else None
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(folder: Path, *words: str) -> str:
    # Without locks: a process that is killed while git refreshes its index would leave index.lock behind.
    command = ["git", "--no-optional-locks", "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _damaged(directory: Path, reason: str) -> ValueError:
    return ValueError(f"{directory} is damaged: {reason}. {REBUILD}")
