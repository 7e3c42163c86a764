"""Time contenders in turns, round by round, so that a shared machine's load falls on all of them alike."""

import gc
import resource
import time
from collections.abc import Mapping
from typing import NamedTuple

from benchmarks.row import Contender


class Times(NamedTuple):
    """Seconds for the whole of a row's work, one entry a round."""

    wall: list[float]
    cpu: list[float]


def time_in_turns(contenders: Mapping[str, Contender], *, rounds: int, at_least: float = 0.1) -> dict[str, Times]:
    """Time every contender once a round; a call that is over quickly is repeated within its turn.

    Args:
        contenders: By name; each has been called once before, so that nothing is compiled any more.
        rounds: How many rounds.
        at_least: Seconds that a turn lasts.

    Returns:
        Times by name. Processor time includes that of child processes that have ended.
    """
    times = {name: Times([], []) for name in contenders}
    order = list(contenders)
    for _ in range(rounds):
        for name in order:
            wall, cpu = _turn(contenders[name], at_least)
            times[name].wall.append(wall)
            times[name].cpu.append(cpu)
        order = order[1:] + order[:1]  # nobody always follows the same neighbour
    return times


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
