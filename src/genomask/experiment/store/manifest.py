"""The manifest of an artefact: what it is, what is in it, and where it came from."""

import json
from datetime import UTC, datetime
from pathlib import Path

from genomask.experiment.store.artefact import Artefact, Json, digest_of
from genomask.experiment.store.provenance import provenance
from genomask.files import sha256, write_json

MANIFEST = "manifest.json"
CHECKSUM = "sha256"  # of all else in a manifest
REBUILD = "Remove it to have it built again; `genomask check RUNS --remove` removes all that is damaged."
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


def verify(directory: Path, artefact: Artefact) -> None:
    """Check that a directory is the artefact it is named after, and that no file of it has changed.

    Raises:
        ValueError: Naming the file that is missing, has another size or other content.
    """
    if read_manifest(directory)["digest"] != artefact.digest:
        raise _damaged(directory, "its manifest belongs to other settings")
    verify_files(directory)


def verify_files(directory: Path) -> None:
    """Check that no file of an artefact has changed since it was written; reads every byte.

    Raises:
        ValueError: Naming the file that is missing, has another size or other content.
    """
    for name, expected in read_manifest(directory)["files"].items():
        path = directory / name
        if not path.is_file():
            raise _damaged(directory, f"{name} is missing")
        if path.stat().st_size != expected["bytes"]:
            raise _damaged(directory, f"{name} has {path.stat().st_size} bytes instead of {expected['bytes']}")
        if sha256(path) != expected["sha256"]:
            raise _damaged(directory, f"the content of {name} has changed since it was written")


def _damaged(directory: Path, reason: str) -> ValueError:
    return ValueError(f"{directory} is damaged: {reason}. {REBUILD}")
