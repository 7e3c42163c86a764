"""Leave rows out of a benchmark, and say which and why."""

import csv
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int64

from genomask.tasks.examples import Benchmark, Examples
from genomask.tasks.leaks.find import find_leaks
from genomask.tasks.leaks.settings import ACROSS, LeakSettings

DROPPED_FILE = "dropped.csv"


def dropped_rows(
    task: Benchmark, settings: LeakSettings, in_genome: Int64[np.ndarray, " _rows"] | None = None
) -> dict[str, Bool[np.ndarray, " rows"]]:
    """Which rows of the chosen side each of ``settings.drop`` leaves out.

    Args:
        task: The benchmark as it is.
        settings: What to leave out, and of which side.
        in_genome: Test rows that occur in the genome; needed where ``genome`` is to be dropped.

    Raises:
        ValueError: If places are to be dropped and the benchmark does not know any.
    """
    if "places" in settings.drop and task.places is None and len(settings.drop) == 1:
        raise ValueError("leaks.drop=[places] needs to know where the rows lie in a genome; this task does not.")
    across = tuple(name for name in ACROSS if name in settings.drop)
    found = find_leaks(task, settings, across=across, within="repeats" in settings.drop)
    rows = {}
    for name, part, other, matches in found:
        if part != settings.side:
            continue
        if part != other:
            rows[name] = matches.found
        elif name == "exact":
            earlier = matches.found & (matches.partner < np.arange(len(matches.partner)))
            rows["repeats"] = earlier | matches.conflict
    if "genome" in settings.drop:
        assert in_genome is not None
        rows["genome"] = np.isin(np.arange(len(task.test.labels)), in_genome)
    return rows


def without(task: Benchmark, side: str, rows: Bool[np.ndarray, " rows"]) -> Benchmark:
    """The benchmark without these rows of one side.

    Raises:
        ValueError: If nothing of a class would be left.
    """
    kept = np.flatnonzero(~rows)
    part: Examples = getattr(task, side)
    left = np.bincount(part.labels[kept], minlength=len(task.classes) if task.kind == "classes" else 1)
    if not left.all():
        empty = [name for name, count in zip(task.classes, left, strict=False) if not count]
        raise ValueError(
            f"leaks.drop would leave no {side} row of class {', '.join(empty)}; drop less, or drop from the "
            f"other side: leaks.side={'pool' if side == 'test' else 'test'}."
        )
    number, known = ("pool", "test").index(side), {}
    for name in ("places", "targets", "lines"):
        both = getattr(task, name)
        if both is not None:
            chosen = [both[number][row] for row in kept] if name == "places" else both[number][kept]
            known[name] = (chosen, both[1]) if side == "pool" else (both[0], chosen)
    return task._replace(**{side: part.take(kept)}, **known)


def write_dropped(path: Path, side: str, rows: dict[str, Bool[np.ndarray, " rows"]]) -> None:
    """Write one line for every row that is left out, with all the reasons."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(("part", "row", "reasons"))
        for row in np.flatnonzero(np.any(list(rows.values()), axis=0)):
            table.writerow((side, row, " ".join(name for name, left_out in rows.items() if left_out[row])))
