"""``genomask tasks`` and suites: what a file or folder holds, which task reads it, all of them as jobs of one sweep."""

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genomask.checks import one_line
from genomask.console import program, say
from genomask.tasks.alike import groups
from genomask.tasks.arrays import describe_part, summary
from genomask.tasks.file_task import SPLITS, FileTask, files_of_split
from genomask.tasks.records import KINDS, kind_of, read_records

TASK_COLUMN = "task"  # of files that hold several
READABLE = ("table", "json", "parquet")  # kinds of files that may each be a task
MOST_CLASSES = 12  # that are listed one by one


@dataclass
class Suite:
    """Tasks below a folder; ``tasks`` are their names, or ``count`` their number, as the suite was published."""

    name: str
    dir: str
    tasks: list[str] | None = None
    count: int | None = None


Words = dict[str, Any]  # settings of ``task`` that say where a task lies


def main(arguments: list[str]) -> int:
    """Look at what lies at a path, task by task; one that cannot be read is named with the reason."""
    parser = argparse.ArgumentParser("genomask tasks", description=__doc__)
    parser.add_argument("path", type=Path, help="a file or folder with labelled sequences")
    path = parser.parse_args(arguments).path.expanduser()
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder {path}.")
    read = tried = 0
    for tried, words in enumerate(candidates(path), start=1):  # noqa: B007  (said below)
        say(words.get("table") or words["dir"])
        try:
            lines = _describe(FileTask(**words))
        except (ValueError, OSError) as error:
            say(f"  cannot be read: {one_line(str(error))}", style="yellow")
            continue
        read += 1
        typed = " ".join(f"task.{name}={_for_a_shell(value)}" for name, value in words.items())
        for line in [*lines, f"{program()} stage=finetune classifier=gc task=csv {typed}"]:
            say(f"  {line}")
    if not tried:
        endings = ", ".join(ending for endings in KINDS.values() for ending in endings)
        raise ValueError(f"{path} holds no file of labelled sequences; known endings: {endings}.")
    if tried > 1:
        say(f"{read} of {tried} tasks can be read. All of them: {program()} suite=folder suite.dir={path}")
    return 0 if read else 1


def _describe(source: FileTask) -> list[str]:
    """Rows by class, lengths, the classes, and rows that are there twice."""
    task = source.read()
    lines = [str((task.origin or {})["note"])] if "note" in (task.origin or {}) else []
    classes = task.classes if task.kind == "classes" else ()
    lines += [f"{part}: {describe_part(summary(getattr(task, part), classes))}" for part in ("pool", "test")]
    more = ", ..." if len(task.classes) > MOST_CLASSES else ""
    lines.append(f"classes: {', '.join(task.classes[:MOST_CLASSES])}{more}")
    pool, test = (part.same for part in groups(task.pool, task.test))
    copies, shared = len(pool) - len(np.unique(pool)), int(np.isin(test, pool).sum())
    return [*lines, f"copies within the pool: {copies:,}; test rows that are in the pool: {shared:,}"]


def _for_a_shell(value: str) -> str:
    """A value as a shell passes it to Hydra."""
    return f"'\"{value}\"'" if set(value) & set(' "=,()[]{}~$&;|<>*?!') or not value.isascii() else value


def candidates(path: Path) -> Iterator[Words]:
    """The tasks that lie at a path: one in a file; one in a folder with splits, or in each such folder below it. A
    folder without any is looked through for tables, each of them a task."""
    if path.is_file():
        yield {"name": name_of(Path(path.name)), "table": str(path)}
        return
    found = False
    for folder in sorted({path, *(inner for inner in path.rglob("*") if inner.is_dir())}):
        names = {re.split(r"[.-]", entry.name)[0] for entry in folder.iterdir() if entry.is_dir() or kind_of(entry)}
        splits = [split for split in (*SPLITS, "valid", "validation") if split in names]
        if len(splits) > 1:
            found = True
            words = {"dir": str(folder)} | ({} if splits[0] == "train" else {"pool": splits[0]})
            words |= {} if "test" in splits else {"test": splits[1]}
            name = name_of(folder.relative_to(path) if folder != path else Path(path.name))
            several = _tasks_of(folder, splits[0])
            yield from ({"name": each, **words, "only": f"{TASK_COLUMN}:{each}"} for each in several)
            yield from [] if several else [{"name": name} | words]
    for file in [] if found else sorted(path.iterdir()):
        if file.is_file() and kind_of(file) in READABLE:
            yield from candidates(file)


def _tasks_of(folder: Path, split: str) -> list[str]:
    """The tasks of a folder whose rows say which task they are of; none if they do not."""
    try:
        files = files_of_split(folder, split, "task.pool")
        tables = [read_records(path) for path, label in files if label is None]
    except (ValueError, OSError):
        return []  # which reading the task will say
    rows = [table.rows for table in tables if TASK_COLUMN in table.columns]
    return sorted({record.cells[TASK_COLUMN] for table in rows for record in table if not record.problem})


def suite_jobs(suite: Suite, jobs: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Every job of a grid with every task of a suite; a task whose first rows cannot be read is named and left out.
    Raises FileNotFoundError if there is no such folder; ValueError if no task of it can be read."""
    folder = Path(suite.dir).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"suite.dir={suite.dir} is no folder.")
    found, readable = list(candidates(folder)), list[Words]()
    for words in found:
        try:
            FileTask(**words).look()
            readable.append(words)
        except (ValueError, OSError) as error:
            path = words.get("table") or words["dir"]
            say(f"warning: {path} is left out of the suite: {one_line(str(error))}", style="yellow")
    if not readable:
        raise ValueError(f"suite.dir={suite.dir} holds no task that can be read; genomask tasks {suite.dir} says why.")
    names = {words["name"] for words in found}
    absent = [name for name in suite.tasks or () if name_of(Path(name)) not in names]
    if absent:
        say(f"warning: suite {suite.name} lacks {', '.join(absent)}", style="yellow")
    count = len(suite.tasks) if suite.tasks else suite.count
    say(f"suite  {suite.name}: {len(readable)}{f' of {count}' if count else ''} tasks below {folder}")
    quoted = [{name: value.replace("'", "\\'") for name, value in words.items()} for words in readable]
    tasks = [tuple(f"task.{name}='{value}'" for name, value in words.items()) for words in quoted]
    return [(*task, *job) for task in tasks for job in jobs]


def name_of(path: Path) -> str:
    """A task's name: that of its file without the endings, or of its folder, fit for the name of a folder."""
    parts = [*path.parts[:-1], path.name.partition(".")[0]] if path.suffix else path.parts
    return re.sub(r"[^\w.-]+", "_", "_".join(parts), flags=re.ASCII).strip("_-.") or "task"
