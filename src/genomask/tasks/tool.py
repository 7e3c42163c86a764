"""``genomask tasks``: what a file or folder holds, which task reads it, and the command to type next."""

import argparse
from pathlib import Path

import numpy as np

from genomask.checks import one_line
from genomask.console import program, say
from genomask.tasks.arrays import describe_part, summary
from genomask.tasks.examples import Benchmark
from genomask.tasks.leaks.pairs import groups
from genomask.tasks.records import KINDS
from genomask.tasks.suites import Candidate, candidates

MOST_CLASSES = 12  # that are listed one by one


def main(arguments: list[str]) -> int:
    """Look at what lies at a path, task by task; one that cannot be read is named with the reason."""
    parser = argparse.ArgumentParser("genomask tasks", description=__doc__)
    parser.add_argument("path", type=Path, help="a file or folder with labelled sequences")
    path = parser.parse_args(arguments).path.expanduser()
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder {path}.")
    read = tried = 0
    for candidate in candidates(path):
        tried += 1
        say(candidate.path)
        try:
            lines = describe(candidate.task.read())
        except (ValueError, OSError) as error:
            say(f"  cannot be read: {one_line(str(error))}", style="yellow")
            continue
        read += 1
        for line in [*lines, command(candidate)]:
            say(f"  {line}")
    if not tried:
        endings = ", ".join(ending for endings in KINDS.values() for ending in endings)
        raise ValueError(f"{path} holds no file of labelled sequences; known endings: {endings}.")
    if tried > 1:
        say(f"{read} of {tried} tasks can be read. All of them: {program()} suite=folder suite.dir={path}")
    return 0 if read else 1


def describe(task: Benchmark) -> list[str]:
    """Rows by class, lengths, the classes, and rows that are there twice."""
    lines = [str((task.origin or {})["note"])] if "note" in (task.origin or {}) else []
    classes = task.classes if task.kind == "classes" else ()
    lines += [f"{part}: {describe_part(summary(getattr(task, part), classes))}" for part in ("pool", "test")]
    more = ", ..." if len(task.classes) > MOST_CLASSES else ""
    lines.append(f"classes: {', '.join(task.classes[:MOST_CLASSES])}{more}")
    pool, test = (part.same for part in groups(task.pool, task.test))
    copies, shared = len(pool) - len(np.unique(pool)), int(np.isin(test, pool).sum())
    return [*lines, f"copies within the pool: {copies:,}; test rows that are in the pool: {shared:,}"]


def command(candidate: Candidate) -> str:
    """The command that tries the task with a baseline."""
    words = " ".join(f"task.{name}={_quoted(value)}" for name, value in candidate.words.items())
    return f"{program()} stage=finetune classifier=gc task=csv {words}"


def _quoted(value: str) -> str:
    """A value as a shell passes it to Hydra."""
    return f"'\"{value}\"'" if set(value) & set(' "=,()[]{}~$&;|<>*?!') or not value.isascii() else value
