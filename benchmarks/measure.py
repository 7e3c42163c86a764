"""Measure a row, and put what was found into a form that JSON can carry."""

from statistics import median
from typing import Any

from benchmarks.clock import Times, time_in_turns
from benchmarks.inputs import Inputs
from benchmarks.machine import moment
from benchmarks.registry import prepare
from benchmarks.row import Comparison, NotMeasured, Row


def measure(name: str, inputs: Inputs, *, rounds: int) -> dict[str, Any]:
    """Run one row: its contenders once each, the check of what they returned, then the timed rounds.

    Returns:
        Title and, with ``status`` "measured", all times, ratios and facts; with "not measured" or "failed"
        the reason as ``why``.
    """
    result: dict[str, Any] = {"name": name, "title": name, **moment()}
    try:
        row = prepare(name, inputs)
        result |= {"title": row.title, "work": list(row.work), "clock": row.clock, "note": row.note}
        result |= {"missing": dict(row.missing)}
        checked = row.check({name: contender.call() for name, contender in row.contenders.items()})
        times = time_in_turns(row.contenders, rounds=min(rounds, row.most_rounds or rounds))
        return result | {"status": "measured", "check": checked, **_figures(row, times)}
    except NotMeasured as reason:
        return result | {"status": "not measured", "why": str(reason)}
    except ValueError as difference:
        return result | {"status": "failed", "why": str(difference)}


def _figures(row: Row, times: dict[str, Times]) -> dict[str, Any]:
    return {
        "contenders": {
            name: {"best": min(taken.wall), "best_cpu": min(taken.cpu), "wall": taken.wall, "cpu": taken.cpu}
            for name, taken in times.items()
        },
        "comparisons": [
            compare(comparison, times, row.clock)
            for comparison in row.comparisons
            if comparison.ours in times and (comparison.beside is None or comparison.beside in times)
        ],
        "facts": dict(row.facts()),
    }


def compare(comparison: Comparison, times: dict[str, Times], clock: str) -> dict[str, Any]:
    """The ratio of every round, by both clocks, as minimum, median and maximum, beside the goal."""
    ours, goal = times[comparison.ours], comparison.goal
    found: dict[str, Any] = {**comparison._asdict()}
    for name in Times._fields:
        own = getattr(ours, name)
        others = getattr(times[comparison.beside], name) if comparison.beside else None
        values = own if others is None else [_ratio(*pair) for pair in zip(others, own, strict=True)]
        found[name] = {"min": min(values), "median": median(values), "max": max(values)}
    if goal is not None:
        value = found[clock]["median"]
        found["met"] = value >= goal if comparison.beside else value <= goal
    return found


def _ratio(other: float, own: float) -> float:
    return other / max(own, 1e-9)  # a clock may not have moved
