"""Train and test sides of promoters: stratified, deterministic, and no sequence on both."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from genomask.genome.places import Place
from genomask.genome.sequences import reverse_complement
from genomask.seeds import generator


def draw_test_side(
    group: Int64[np.ndarray, " rows"], stratum: Sequence[str], *, share: float, seed: int
) -> Bool[np.ndarray, " rows"]:
    """Choose the promoters of the test set: ``share`` of every stratum, whole groups only.

    A group belongs to the stratum of its first promoter. The whole test set has ``round(share * rows)``
    promoters, unless groups of several leave a gap that no group fits.
    """
    first, sizes = np.unique(group, return_index=True, return_counts=True)[1:]
    names, of_group = np.unique(np.asarray(stratum)[first], return_inverse=True)
    wanted = share * np.bincount(of_group, weights=sizes, minlength=len(names))
    quota = np.floor(wanted).astype(int)
    short = round(share * len(group)) - quota.sum()
    quota[np.argsort(quota - wanted, kind="stable")[:short]] += 1
    chosen = np.zeros(len(sizes), dtype=bool)
    draw = generator(seed, "promoters", "split")
    for number, room in enumerate(quota.tolist()):
        for candidate in draw.permutation(np.flatnonzero(of_group == number)).tolist():
            if sizes[candidate] <= room:
                chosen[candidate] = True
                room -= int(sizes[candidate])  # noqa: PLW2901  (what is left of this quota)
    return chosen[np.unique(group, return_inverse=True)[1]]


def join_groups(keys: Iterable[Sequence[Hashable]], rows: int) -> Int64[np.ndarray, " rows"]:
    """Put rows that share any key into one group, named by its first row."""
    parent = list(range(rows))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = row = parent[parent[row]]
        return row

    for column in keys:
        seen: dict[Hashable, int] = {}
        for row, key in enumerate(column):
            low, high = sorted((root(seen.setdefault(key, row)), root(row)))
            parent[high] = low
    return np.array([root(row) for row in range(rows)], dtype=np.int64)


def canonical(sequences: UInt8[np.ndarray, "rows bases"]) -> list[bytes]:
    """A key that a sequence shares with its reverse complement and with no other sequence."""
    forward, back = np.ascontiguousarray(sequences), np.ascontiguousarray(reverse_complement(sequences))
    return [min(one.tobytes(), other.tobytes()) for one, other in zip(forward, back, strict=True)]


def overlapping(places: Sequence[Place]) -> list[int]:
    """A number that places share which a chain of overlaps connects, on whatever strand."""
    order = sorted(range(len(places)), key=lambda row: places[row][:3])
    number, record, reach = -1, "", 0
    numbers = [0] * len(places)
    for row in order:
        place = places[row]
        if place.record != record or place.start >= reach:
            number, record, reach = number + 1, place.record, 0
        reach = max(reach, place.stop)
        numbers[row] = number
    return numbers
