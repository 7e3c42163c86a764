"""Suites: every task that lies below a folder, as jobs of one sweep."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from genomask.checks import one_line
from genomask.console import say
from genomask.tasks.examples import Benchmark
from genomask.tasks.file_task import FileTask
from genomask.tasks.files import SPLITS
from genomask.tasks.records import kind_of

READABLE = ("table", "json", "parquet")  # kinds of files that may each be a task


@dataclass
class Suite:
    """Tasks below a folder; ``count`` is how many the suite has as it was published, if that is known."""

    name: str
    dir: str
    count: int | None = None


class Candidate(NamedTuple):
    """A task that may lie somewhere: the words that say where."""

    words: dict[str, Any]

    @property
    def path(self) -> str:
        """The file or folder."""
        return self.words.get("table") or self.words["dir"]

    def read(self) -> Benchmark:
        """Read the task.

        Raises:
            FileNotFoundError: If a file is not there.
            ValueError: If it cannot be read.
        """
        return FileTask(**self.words).read()


def candidates(path: Path) -> Iterator[Candidate]:
    """The tasks that lie at a path: one in a file; one in a folder with splits, or in each such folder below it.

    A folder without any is looked through for tables, each of them a task.
    """
    if path.is_file():
        yield Candidate({"name": name_of(Path(path.name)), "table": str(path)})
        return
    found = False
    for folder in sorted({path, *(inner for inner in path.rglob("*") if inner.is_dir())}):
        splits = _splits(folder)
        if "train" in splits and len(splits) > 1:
            found = True
            test = {} if "test" in splits else {"test": next(split for split in splits if split != "train")}
            name = name_of(folder.relative_to(path) if folder != path else Path(path.name))
            yield Candidate({"name": name, "dir": str(folder)} | test)
    for file in [] if found else sorted(path.iterdir()):
        if file.is_file() and kind_of(file) in READABLE:
            yield Candidate({"name": name_of(Path(file.name)), "table": str(file)})


def suite_jobs(suite: Suite, jobs: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Every job of a grid with every task of a suite; a task that cannot be read is named and left out.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If no task of it can be read.
    """
    folder = Path(suite.dir).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"suite.dir={suite.dir} is no folder.")
    readable: list[Candidate] = []
    for candidate in candidates(folder):
        try:
            candidate.read()
            readable.append(candidate)
        except (ValueError, OSError) as error:
            say(f"warning: {candidate.path} is left out of the suite: {one_line(str(error))}", style="yellow")
    if not readable:
        raise ValueError(f"suite.dir={suite.dir} holds no task that can be read; genomask tasks {suite.dir} says why.")
    whole = f" of {suite.count}" if suite.count else ""
    say(f"suite  {suite.name}: {len(readable)}{whole} tasks below {folder}")
    words = [tuple(f"task.{name}={_quoted(value)}" for name, value in task.words.items()) for task in readable]
    return [(*task, *job) for task in words for job in jobs]


def name_of(path: Path) -> str:
    """A task's name: that of its file without the endings, or of its folder, fit for the name of a folder."""
    parts = [*path.parts[:-1], path.name.partition(".")[0]] if path.suffix else path.parts
    return re.sub(r"[^\w.-]+", "_", "_".join(parts), flags=re.ASCII).strip("_-.") or "task"


def _quoted(value: str) -> str:
    """A value as Hydra reads it, whatever is in it."""
    escaped = value.replace("'", "\\'")
    return f"'{escaped}'"


def _splits(folder: Path) -> list[str]:
    """Splits that a folder has files or folders of."""
    names = {re.split(r"[.-]", entry.name)[0] for entry in folder.iterdir() if entry.is_dir() or kind_of(entry)}
    return [split for split in (*SPLITS, "valid", "validation") if split in names]
