"""Find the files of a benchmark: one for each split, in any of the layouts that benchmarks are published in."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genomask.files import sha256
from genomask.tasks.records import kind_of, parts_of

SPLITS = ("train", "dev", "test")

Files = list[tuple[Path, str | None]]  # each with the label of its rows, if they do not say their own


def files_named(value: Any, setting: str) -> Files:
    """The files that a setting names: one, or one for each class in the order of the classes.

    Raises:
        FileNotFoundError: Naming the setting, if one is not there.
    """
    if isinstance(value, str):
        return [(existing(value, setting), None)]
    paths = [existing(path, setting) for path in value]
    unlabelled = len(paths) > 1 and all(kind_of(path) in ("fasta", "bed") for path in paths)
    return [(path, str(number) if unlabelled else None) for number, path in enumerate(paths)]


def files_of_split(folder: Path, split: str, setting: str) -> Files:
    """The files of one split in a folder, in one of these layouts.

    ``SPLIT.csv`` (or another format, packed or not), Hugging Face's parts ``SPLIT-*.parquet`` in the folder itself
    or in ``data/``, ``SPLIT/CLASS/*.txt``, and a file for each class, ``SPLIT/CLASS.csv``.

    Raises:
        FileNotFoundError: If there is no such file, or several could be meant.
    """
    found = [path for path in _files(folder) if path.name.partition(".")[0] == split and kind_of(path)]
    if len(found) == 1:
        return [(found[0], None)]
    parts = [path for home in (folder, folder / "data") for path in _files(home) if path.name.startswith(f"{split}-")]
    parts = [path for path in parts if kind_of(path) == "parquet"]
    inside = folder / split
    if not found and parts:
        return [(path, None) for path in sorted(parts)]
    if not found and inside.is_dir():
        texts = [(path, path.parent.name) for path in sorted(inside.glob("*/*.txt"))]
        of_class = [(path, path.name.partition(".")[0]) for path in parts_of(inside)]
        is_parts = all(kind_of(path) in ("parquet", "json") for path, _ in of_class)
        if texts or of_class:
            return [(path, None if is_parts and not texts else label) for path, label in texts or of_class]
    names = ", ".join(sorted(path.name for path in folder.iterdir())[:20]) if folder.is_dir() else "no such folder"
    others = [name for name in SPLITS if name != split and any(f.name.startswith(f"{name}.") for f in _files(folder))]
    other = f" Another split: {setting}={others[0]}." if others else ""
    raise FileNotFoundError(
        f"task.dir={folder} needs one file {split}.csv, .tsv, .jsonl, .parquet or .fa (packed or not), or a folder "
        f"{split} with a folder or file for each class; found: {names}.{other}"
    )


def task_folder(directory: str, name: str) -> Path:
    """Where the files of a task lie: ``dir/NAME``, ``dir/GUE/NAME``, or ``dir`` itself.

    Raises:
        FileNotFoundError: If the name is a path, as in GUE's ``tf/0``, and leads nowhere.
    """
    root = Path(directory).expanduser()
    for folder in (root / name, root / "GUE" / name):
        if folder.is_dir():
            return folder
    if "/" in name:
        tables = sorted({path.parent.relative_to(root).as_posix() for path in root.rglob("train.*")})
        raise FileNotFoundError(
            f"task.dir={directory} has no folder {name} (task.name); folders with tables: "
            f"{', '.join(tables[:60]) or 'none'}."
        )
    return root


def existing(path: str, setting: str) -> Path:
    """The path of a file that is there, or of a folder with the parts of one.

    Raises:
        FileNotFoundError: Naming the setting, if it is not.
    """
    found = Path(path).expanduser()
    if not found.is_file() and not (found.is_dir() and parts_of(found)):
        raise FileNotFoundError(f"{setting} needs a file; there is none at {path}.")
    return found


def checksum(files: Files) -> Any:
    """What identifies the content of files: a digest, or one for each class in the order of the classes."""
    if any(path.is_dir() for path, _ in files) or any(label and not label.isdecimal() for _, label in files):
        return digest([part for path, _ in files for part in (parts_of(path) if path.is_dir() else [path])])
    found = [sha256(path) for path, _ in files]
    return found[0] if len(found) == 1 else found


def digest(paths: Sequence[Path]) -> str:
    """One digest of the names and contents of files."""
    found = hashlib.sha256()
    for path in paths:
        found.update(f"{path.parent.name}/{path.name} {sha256(path)}\n".encode())
    return found.hexdigest()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
