"""The manifest of an artefact: what it is, what is in it, and where it came from."""

import json
from datetime import UTC, datetime
from pathlib import Path

from genomask.store.artefact import Artefact, Json
from genomask.store.files import sha256, write_json
from genomask.store.provenance import provenance

MANIFEST = "manifest.json"
WANDB = "wandb"  # W&B ends its files up to a second after it says so, and `wandb sync` adds to them


def write_manifest(directory: Path, artefact: Artefact, *, seconds: float, config: Json) -> None:
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
        "seconds": round(seconds, 3),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        **provenance(),
        "config": config,
    }
    write_json(directory / MANIFEST, manifest)


def verify(directory: Path, artefact: Artefact) -> None:
    """Check that a directory is the artefact it is named after, and that no file of it has changed.

    Raises:
        ValueError: Naming the file that is missing, has another size or other content.
    """
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        digest, files = manifest["digest"], manifest["files"].items()
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(directory, f"its {MANIFEST} cannot be read ({error})") from error
    if digest != artefact.digest:
        raise _damaged(directory, "its manifest belongs to other settings")
    for name, expected in files:
        path = directory / name
        if not path.is_file():
            raise _damaged(directory, f"{name} is missing")
        if path.stat().st_size != expected["bytes"]:
            raise _damaged(
                directory, f"{name} has {path.stat().st_size} bytes instead of {expected['bytes']}"
            )
        if sha256(path) != expected["sha256"]:
            raise _damaged(directory, f"the content of {name} has changed since it was written")


def _damaged(directory: Path, reason: str) -> ValueError:
    return ValueError(f"{directory} is damaged: {reason}. Remove the directory to have it built again.")
