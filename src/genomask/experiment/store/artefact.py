"""An artefact: a name that follows from everything that shaped it; its manifest: what it is, holds and came from."""

import hashlib
import json
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

from genomask.files import read_json, sha256, write_json

Json = dict[str, Any]  # JSON values only; json.dumps below refuses the rest
PACKAGES: Final = ("genomask", "torch", "lightning", "transformers", "hydra-core", "numpy", "torchmetrics", "pyfastx")
MANIFEST: Final = "manifest.json"
CHECKSUM: Final = "sha256"  # of all else in a manifest
REBUILD: Final = "Remove it to have it built again; `genomask check RUNS --remove` removes all that is damaged."
WANDB: Final = "wandb"  # W&B ends its files up to a second after it says so, and `wandb sync` adds to them


class Count(NamedTuple):
    """How many of something a build has read, and how many of them it refused, by reason; it used the others."""

    read: int
    refused: Mapping[str, int] = {}

    @property
    def used(self) -> int:
        """How many were not refused."""
        return self.read - sum(self.refused.values())

    def line(self, what: str) -> str:
        """The count as a person reads it."""
        reasons = ", ".join(f"{count:,} {why}" for why, count in self.refused.items() if count)
        return f"{self.read:,} {what} read, {self.used:,} used" + (f"; refused: {reasons}" if reasons else "")


def digest_of(value: object) -> str:
    """SHA-256 of a JSON value, independent of key order and white space."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class Artefact:
    """A directory yet to be built, or built already: its kind, and the settings and inputs that shape it. The code's
    version is absent: a change of code that changes bytes raises the ``format`` in the settings. An artefact that
    exists elsewhere has its ``folder``, and its digest is ``known``."""

    kind: str
    label: str
    settings: Json
    inputs: tuple["Artefact", ...] = field(default=())
    folder: Path | None = None
    known: str | None = None

    @cached_property
    def digest(self) -> str:
        """Hash of kind, settings and inputs; equal digests mean equal artefacts."""
        inputs = {artefact.kind: artefact.digest for artefact in self.inputs}
        return self.known or digest_of({"kind": self.kind, "settings": self.settings, "inputs": inputs})

    @property
    def name(self) -> str:
        """Directory name: readable first, then enough of the hash to tell two settings apart."""
        return f"{self.label}-{self.digest[:8]}"

    @property
    def place(self) -> str:
        """``KIND/NAME`` below the directory of runs."""
        return f"{self.kind}/{self.name}"


def write_manifest(
    directory: Path, artefact: Artefact, *, seconds: float, config: Json, counts: Mapping[str, Count]
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
        "counts": {what: {**count._asdict(), "used": count.used} for what, count in counts.items()},
        "seconds": round(seconds, 3),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        **provenance(),
        "config": config,
    }
    write_json(directory / MANIFEST, manifest | {CHECKSUM: digest_of(manifest)})


def read_manifest(directory: Path) -> Json:
    """The manifest of an artefact, as it was written. Raises ValueError if there is none, or it has changed; those
    of early versions only say what shaped them."""
    try:
        manifest = read_json(directory / MANIFEST)
        noted = manifest.pop(CHECKSUM, None)
        inputs = {kind: source["digest"] for kind, source in manifest["inputs"].items()}
        shaped = {"kind": manifest["kind"], "settings": manifest["settings"], "inputs": inputs}
        whole = noted in (None, digest_of(manifest)) and digest_of(shaped) == manifest["digest"]
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(directory, f"its {MANIFEST} cannot be read ({error})") from error
    if not whole:
        raise _damaged(directory, f"the content of {MANIFEST} has changed since it was written")
    return manifest


def verify(directory: Path, artefact: Artefact | None = None) -> None:
    """Check that no file of an artefact has changed since it was written, and whose directory it is; reads every
    byte. Raises ValueError naming the file that is missing, has another size or other content."""
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
    # Without locks: a process that is killed while git refreshes its index would leave index.lock behind.
    git = ["git", "--no-optional-locks", "-C", str(package)]
    try:
        head, changes = (
            subprocess.run([*git, *words], check=True, capture_output=True, text=True).stdout.strip()
            for words in (("rev-parse", "HEAD", "--show-toplevel"), ("status", "--porcelain"))
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    commit, root = head.splitlines()
    return commit + "+" * bool(changes) if Path(root, "src", "genomask").resolve() == package else None


def _damaged(directory: Path, reason: str) -> ValueError:
    return ValueError(f"{directory} is damaged: {reason}. {REBUILD}")
