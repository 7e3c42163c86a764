"""What the user sees while work goes on: lines that stay, and bars that leave again."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

console = Console(highlight=False, soft_wrap=True)


def say(line: str, *, style: str | None = None) -> None:
    """Print one line that stays, in a terminal as in a log file."""
    console.print(line, style=style, markup=False)
    sys.stdout.flush()


@contextmanager
def progress(title: str, total: int | float) -> Iterator[Callable[[int | float], None]]:
    """Show a bar while the block runs; the yielded function advances it. Silent in a log file."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda amount: bar.advance(task, amount)
