"""What the user sees while work goes on: lines that stay, and bars that leave again."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console

# FORCE_COLOR, which notebooks set for what they start, must not put bars into what is no terminal.
console = Console(highlight=False, soft_wrap=True, force_terminal=None if sys.stdout.isatty() else False)

DAY: Final = 86_400  # seconds
SAY_EVERY: Final = 30.0  # seconds between lines on progress where there is no terminal
_Advance = Callable[[int | float], None]
_shown: list[str] = []  # bars that are open now


def say(line: str, *, style: str | None = None) -> None:
    """Print one line that stays, in a terminal as in a log file."""
    console.print(line, style=style, markup=False)
    sys.stdout.flush()


def note(line: str) -> None:
    """Print what belongs to the line before: indented and dim, or yellow where it is a warning."""
    say(f"       {line}", style="yellow" if line.startswith("warning") else "dim")


def program() -> str:
    """What people type to start this program: ``python train.py`` or ``genomask``."""
    name = Path(sys.argv[0]).name
    return {"train.py": "python train.py", "__main__.py": "python -m genomask"}.get(name, "genomask")


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of text as lines whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


@contextmanager
def progress(title: str, total: int | float, *, unit: str = "") -> Iterator[_Advance]:
    """Show how far the block is and how long it still takes; the yielded function advances it, up to ``total``. In a
    terminal that is a bar, which leaves again; a bar within another one stays hidden. In a log file it is a line
    every half minute, which counts in ``unit``, such as windows; bytes and the like need none."""
    if not console.is_terminal:
        yield _lines(title, total, unit)
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=bool(_shown)) as bar:
        task = bar.add_task(title, total=total)
        _shown.append(title)
        try:
            yield lambda amount: bar.advance(task, amount)
        finally:
            _shown.pop()


def duration(seconds: int | float) -> str:
    """A length of time as a person says it: ``12 s``, ``3 min``, ``2 h 05 min``, ``3.1 days``."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    if seconds > 2 * DAY:
        return f"{seconds / DAY:,.1f} days"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _lines(title: str, total: int | float, unit: str) -> _Advance:
    started = said = time.monotonic()
    done = 0.0

    def advance(amount: int | float) -> None:
        nonlocal done, said
        done += amount
        now = time.monotonic()
        if now - said > SAY_EVERY and 0 < done < total:
            said = now
            left = duration((now - started) * (total - done) / done)
            counted = f"{done:,.0f} of {total:,.0f} {unit}, " if unit else ""
            say(f"       {title.lower()}: {counted}{done / total:.0%}, {left} left", style="dim")

    return advance
