"""A row of the benchmark: contenders that do the same work, and how fast one must be beside another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class NotMeasured(Exception):  # noqa: N818  # no fault of anyone
    """A row that this machine cannot measure; the message says why, and what would help."""


class Contender(NamedTuple):
    """One way to do a row's work.

    Attributes:
        call: Does the work once and returns what came out, for the row's check; waits for its device.
        share: Part of the work that one call does: a slow reference path may do a part of it, and its times
            are divided by the share.
        clear: Called before every turn, untimed: takes away what the turn before has left on the disk.
    """

    call: Callable[[], Any]
    share: float = 1.0
    clear: Callable[[], Any] = lambda: None


class Comparison(NamedTuple):
    """``ours`` beside ``beside``: the ratio is the time of ``beside`` over the time of ``ours``.

    Attributes:
        ours: Name of a contender.
        beside: Name of another; None compares with the clock.
        goal: The ratio to reach (0.77 for "within 1.3 times its time"), or the most seconds a call may take
            if ``beside`` is None; None for a ratio that is only of interest.
    """

    ours: str
    beside: str | None
    goal: float | None = None


def _nothing_to_check(_: Mapping[str, Any]) -> str:
    return "the contenders compute different things"


def _no_facts() -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class Row:
    """What is measured together, in turns.

    Attributes:
        title: What the work is, in a line.
        work: How much of it one call does, with its unit: ``(64.4, "Mb")``.
        contenders: By name.
        comparisons: Ratios to show.
        check: Gets what the first, untimed call of every contender returned. Says what was found equal, or
            raises ``ValueError`` for what differs, which fails the row.
        clock: ``wall`` or ``cpu`` (processor time of the process and of the children that it waited for): by
            which of them a goal is judged. Use ``cpu`` only where all contenders are single-threaded.
        facts: Further figures, taken after the rounds: memory, fill of a batch, utilisation.
        missing: Contenders that this machine lacks: name, and what would make them measurable.
        note: What a reader must know, in a sentence or two.
        most_rounds: How many rounds are enough for work that takes minutes.
    """

    title: str
    work: tuple[float, str]
    contenders: Mapping[str, Contender]
    comparisons: tuple[Comparison, ...]
    check: Callable[[Mapping[str, Any]], str] = _nothing_to_check
    clock: str = "wall"
    facts: Callable[[], Mapping[str, str]] = _no_facts
    missing: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    most_rounds: int | None = None
