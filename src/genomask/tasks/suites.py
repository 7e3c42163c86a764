"""Suites: every task that lies below a folder, as jobs of one sweep."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from genomask.checks import one_line
from genomask.console import say
from genomask.tasks.file_task import FileTask
from genomask.tasks.files import SPLITS, files_of_split
from genomask.tasks.records import kind_of, read_records

TASK_COLUMN = "task"  # of files that hold several
READABLE = ("table", "json", "parquet")  # kinds of files that may each be a task


@dataclass
class Suite:
    """Tasks below a folder; ``tasks`` are their names, or ``count`` their number, as the suite was published."""

    name: str
    dir: str
    tasks: list[str] | None = None
    count: int | None = None


class Candidate(NamedTuple):
    """A task that may lie somewhere: the words that say where."""

    words: dict[str, Any]

    @property
    def path(self) -> str:
        """The file or folder."""
        return self.words.get("table") or self.words["dir"]

    @property
    def task(self) -> FileTask:
        """The task; it is read when it is asked to."""
        return FileTask(**self.words)


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
        if len(splits) > 1:
            found = True
            words = {"dir": str(folder)} | ({} if splits[0] == "train" else {"pool": splits[0]})
            words |= {} if "test" in splits else {"test": splits[1]}
            name = name_of(folder.relative_to(path) if folder != path else Path(path.name))
            several = _tasks_of(folder, splits[0])
            yield from [Candidate({"name": each, **words, "only": f"{TASK_COLUMN}:{each}"}) for each in several]
            yield from [] if several else [Candidate({"name": name} | words)]
    for file in [] if found else sorted(path.iterdir()):
        if file.is_file() and kind_of(file) in READABLE:
            yield Candidate({"name": name_of(Path(file.name)), "table": str(file)})


def suite_jobs(suite: Suite, jobs: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Every job of a grid with every task of a suite; a task whose first rows cannot be read is named and left out.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If no task of it can be read.
    """
    folder = Path(suite.dir).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"suite.dir={suite.dir} is no folder.")
    found, readable = list(candidates(folder)), list[Candidate]()
    for candidate in found:
        try:
            candidate.task.look()
            readable.append(candidate)
        except (ValueError, OSError) as error:
            say(f"warning: {candidate.path} is left out of the suite: {one_line(str(error))}", style="yellow")
    if not readable:
        raise ValueError(f"suite.dir={suite.dir} holds no task that can be read; genomask tasks {suite.dir} says why.")
    names = {candidate.words["name"] for candidate in found}
    absent = [name for name in suite.tasks or () if name_of(Path(name)) not in names]
    if absent:
        say(f"warning: suite {suite.name} lacks {', '.join(absent)}", style="yellow")
    count = len(suite.tasks) if suite.tasks else suite.count
    say(f"suite  {suite.name}: {len(readable)}{f' of {count}' if count else ''} tasks below {folder}")
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


def _tasks_of(folder: Path, split: str) -> list[str]:
    """The tasks of a folder whose rows say which task they are of; none if they do not."""
    try:
        files = files_of_split(folder, split, "task.pool")
        tables = [read_records(path) for path, label in files if label is None]
        rows = [table.rows for table in tables if TASK_COLUMN in table.columns]
    except (ValueError, OSError):
        return []  # which reading the task will say
    return sorted({record.cells[TASK_COLUMN] for table in rows for record in table if not record.problem})
