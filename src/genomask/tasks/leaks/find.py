"""Every relation between the rows of a benchmark's pool and of its test set."""

from typing import Final, NamedTuple

import numpy as np

from genomask.tasks.examples import Benchmark
from genomask.tasks.leaks.matches import Groups, Matches, groups, matches
from genomask.tasks.leaks.near import Pairs, near_pairs, overlaps, pairs_of
from genomask.tasks.leaks.settings import ACROSS, SIDES, LeakSettings

WITHIN: Final = ("exact", "reverse")  # relations that are looked for within a set too


class Relation(NamedTuple):
    """How the rows of one set match those of another, or of the same set.

    Attributes:
        name: One of ``ACROSS``.
        part: The set whose rows match: ``pool`` or ``test``.
        other: The set that holds what they match.
    """

    name: str
    part: str
    other: str
    matches: Matches

    @property
    def within(self) -> bool:
        """Whether both are one set."""
        return self.part == self.other


def find_leaks(
    task: Benchmark, settings: LeakSettings, *, across: tuple[str, ...] = ACROSS, within: bool = True
) -> list[Relation]:
    """Find the relations that are asked for; ``places`` only where the benchmark knows its places."""
    numbers: dict[str, Groups] = dict(zip(SIDES, groups(task.pool, task.test), strict=True))
    found = []
    if within:
        found += [_duplicates(task, numbers, name, part, part) for name in WITHIN for part in numbers]
    for name in ("exact", "reverse"):
        if name in across:
            found += [_duplicates(task, numbers, name, *pair) for pair in (("pool", "test"), ("test", "pool"))]
    labels = np.asarray(task.pool.labels), np.asarray(task.test.labels)
    alike: dict[str, tuple[Pairs, Pairs]] = {}
    if "near" in across:
        near = pairs_of(near_pairs(task.pool, task.test, k=settings.k, share=settings.share))
        alike["near"] = near, near.turned
    if "places" in across and task.places is not None:
        alike["places"] = overlaps(*task.places), overlaps(*task.places[::-1])
    for name, (of_pool, of_test) in alike.items():
        found.append(Relation(name, "pool", "test", of_pool.matches(*labels)))
        found.append(Relation(name, "test", "pool", of_test.matches(*labels[::-1])))
    return found


def _duplicates(task: Benchmark, numbers: dict[str, Groups], name: str, part: str, other: str) -> Relation:
    labels = {"pool": np.asarray(task.pool.labels), "test": np.asarray(task.test.labels)}
    wanted = numbers[part].same if name == "exact" else numbers[part].mirrored
    within = part == other and name == "exact"  # no sequence is a mirror of another that it equals
    found = matches(wanted, labels[part], numbers[other].same, labels[other], within=within)
    return Relation(name, part, other, found)
