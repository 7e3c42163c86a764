"""Files that are either whole or absent, also after a power cut."""

import csv
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from genomask.checks import require


def shipped(folder: str) -> Path:
    """A folder that comes with the package, such as ``conf``: where it is in a checkout, else beside this module."""
    package = Path(__file__).resolve().parent
    checkout = package.parents[1] / folder
    return checkout if checkout.is_dir() else package / checkout.name


def sha256(path: Path) -> str:
    """Hex digest of a file's content, read once."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_csv(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a CSV; a Python float is written so that it reads back bit for bit."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def require_free(path: Path, *, inputs: Iterable[Path] = (), overwrite: bool = False, setting: str = "--out") -> None:
    """Refuse to write over an input, or over any other file unless that is allowed. Raises FileNotFoundError if
    there is no folder to write to; ValueError if the file is there, or the folder cannot be written to."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise FileNotFoundError(f"{setting} {path} needs a folder that exists; {path.parent} is none.")
    if not os.access(folder, os.W_OK):
        raise ValueError(f"{setting} {path}: the folder {folder} cannot be written to.")
    if not path.exists():
        return
    if any(given.exists() and path.samefile(given) for given in inputs):
        raise ValueError(f"{setting} {path} is an input; give another name.")
    if not overwrite:
        raise ValueError(f"{setting} {path} is there already: give another name, or --overwrite.")


def read_json(path: Path) -> Any:
    """Read what ``write_json`` wrote."""
    return json.loads(path.read_text(encoding="utf-8"))


def read_object(file: Path) -> dict[str, Any]:
    """A JSON file that holds one object. Raises FileNotFoundError if there is no such file; ValueError naming the
    file and the line, if it holds anything else."""
    if not file.is_file():
        raise FileNotFoundError(f"A model needs {file.name} beside its weights; {file.parent} holds none.")
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{file}, line {error.lineno}: no JSON ({error.msg}).") from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ValueError(f"{file}: no JSON ({type(error).__name__}).") from error
    require(isinstance(found, dict), str(file), "a JSON object", type(found).__name__)
    return found


def write_json(path: Path, value: object) -> None:
    """Write indented JSON; the file appears complete or not at all."""
    with whole(path) as part:
        part.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")


@contextmanager
def whole(path: Path, *kinds: type[Exception]) -> Iterator[Path]:
    """A path to write to beside this one, which takes its name when the block ends well and is gone when not. Errors
    are those of ``written``."""
    part = path.with_name(path.name + ".part")
    try:
        with written(part, *kinds):
            yield part
            sync(part)
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def written(path: Path, *kinds: type[Exception]) -> Iterator[None]:
    """A block that writes a file: if that fails, nothing of it stays, and the error names it. Raises OSError if the
    disk is full or refuses to be written to; ``kinds`` are what else the writing library raises."""
    try:
        yield
    except (OSError, *kinds) as error:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise OSError(f"{path}: {str(error).strip().splitlines()[0]}") from error


def sync(path: Path) -> None:
    """Ask the disk to keep a file, or the entries of a directory, through a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(directory: Path) -> None:
    """Sync every file and directory of a tree, leaves first."""
    for folder, _, names in os.walk(directory, topdown=False):
        for name in names:
            sync(Path(folder, name))
        sync(Path(folder))
