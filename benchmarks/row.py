"""A row of the benchmark: contenders that do the same work, checked for equality first, then timed in turns."""

import gc
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple


class NotMeasured(Exception):  # noqa: N818  # not an error: the page says why
    """A row that this machine cannot measure; the message says why, and what would help."""


class Contender(NamedTuple):
    """One way to do a row's work.

    Attributes:
        call: Does the work once and returns the result for the row's check.
        share: Part of the work that one call does: a slow reference may do a part, and its times are divided by it.
        clear: Called before every turn, untimed: removes what the turn before has left on the disk.
    """

    call: Callable[[], Any]
    share: float = 1.0
    clear: Callable[[], Any] = lambda: None


class Times(NamedTuple):
    """Seconds for the whole of a row's work, one entry per round; ``cpu`` includes child processes that ended."""

    wall: list[float]
    cpu: list[float]


def _not_checked(_: Mapping[str, Any]) -> str:
    return "not checked: nothing to compare with"


@dataclass(frozen=True)
class Row:
    """Contenders that are measured together. The first is genomask; the others stand beside it.

    Attributes:
        title: The work, in a line.
        work: How much of it one call does, with its unit: ``(64.4, "Mb")``.
        contenders: By name.
        check: Gets the result of every contender's first, untimed call. Says what is equal, or raises ``ValueError``.
        missing: Contenders that are not installed here: name, and how to install them.
        note: What a reader must know, in a sentence or two.
        most_rounds: How many rounds are enough for work that takes minutes.
    """

    title: str
    work: tuple[float, str]
    contenders: Mapping[str, Contender]
    check: Callable[[Mapping[str, Any]], str] = _not_checked
    missing: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    most_rounds: int | None = None


def measure(make: Callable[[], Row], *, rounds: int) -> dict[str, Any]:
    """Prepare a row, call every contender once, check the results, then time the rounds.

    Returns:
        A record for JSON: ``status`` is "measured" with times and ratios, or "not measured" or "failed" with ``why``.
    """
    result: dict[str, Any] = {}
    try:
        row = make()
        result = {"title": row.title, "work": list(row.work), "note": row.note, "missing": dict(row.missing)}
        checked = row.check({name: contender.call() for name, contender in row.contenders.items()})
        times = time_in_turns(row.contenders, rounds=min(rounds, row.most_rounds or rounds))
    except NotMeasured as reason:
        return result | {"status": "not measured", "why": str(reason)}
    except ValueError as difference:
        return result | {"status": "failed", "why": str(difference)}
    ours, *_ = times.values()
    contenders = {
        name: {"wall": taken.wall, "cpu": taken.cpu, "ratio": ratio(ours, taken)} for name, taken in times.items()
    }
    return result | {"status": "measured", "check": checked, "contenders": contenders}


def time_in_turns(contenders: Mapping[str, Contender], *, rounds: int, at_least: float = 0.1) -> dict[str, Times]:
    """Time every contender once per round, so that the load of a shared machine falls on all of them alike.

    Args:
        contenders: By name; each has been called once before, so that nothing is compiled any more.
        rounds: How many rounds.
        at_least: Seconds that a turn lasts; a short call is repeated.
    """
    times = {name: Times([], []) for name in contenders}
    order = list(contenders)
    for _ in range(rounds):
        for name in order:
            wall, cpu = _turn(contenders[name], at_least)
            times[name].wall.append(wall)
            times[name].cpu.append(cpu)
        order = order[1:] + order[:1]  # no contender always follows the same one
    return times


def ratio(ours: Times, other: Times) -> dict[str, dict[str, float]]:
    """The other's time over ours, taken within each round, by both clocks: minimum, median and maximum."""
    spreads = {}
    for clock in Times._fields:
        pairs = zip(getattr(other, clock), getattr(ours, clock), strict=True)
        values = [theirs / max(own, 1e-9) for theirs, own in pairs]  # a clock may not have moved
        spreads[clock] = {"min": min(values), "median": median(values), "max": max(values)}
    return spreads


def _turn(contender: Contender, at_least: float) -> tuple[float, float]:
    contender.clear()
    gc.collect()
    calls, start, start_cpu = 0, time.perf_counter(), _processor_seconds()
    while calls == 0 or time.perf_counter() - start < at_least:
        contender.call()
        calls += 1
    wall, cpu = time.perf_counter() - start, _processor_seconds() - start_cpu
    return wall / calls / contender.share, cpu / calls / contender.share


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
