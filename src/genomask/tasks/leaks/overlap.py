"""Rows that overlap in a genome, where it is known where they lie."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64

from genomask.genome.places import Place
from genomask.tasks.leaks.matches import Matches, no_matches


def overlaps(
    places: Sequence[Place],
    labels: Int64[np.ndarray, " rows"],
    others: Sequence[Place],
    other_labels: Int64[np.ndarray, " _others"],
) -> Matches:
    """Match every row with the rows of another set that share a base of the genome with it.

    The strand does not matter. The share is of the row's own bases.
    """
    found, by_record = no_matches(len(places)), _sorted_by_start(others)
    for row, place in enumerate(places):
        if place.record not in by_record:
            continue
        rows, starts, stops, longest = by_record[place.record]
        first, last = np.searchsorted(starts, (place.start - longest, place.stop))
        common = np.minimum(stops[first:last], place.stop) - np.maximum(starts[first:last], place.start)
        partners = rows[first:last][common > 0]
        if len(partners):
            best = np.lexsort((rows[first:last], -common))[0]
            found.partner[row], found.partner_count[row] = rows[first:last][best], len(partners)
            found.share[row] = common[best] / (place.stop - place.start)
            found.conflict[row] = (other_labels[partners] != labels[row]).any()
    return found


def _sorted_by_start(places: Sequence[Place]) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray, int]]:
    """Rows, starts and stops of every record in ascending order, and the longest stretch among them."""
    table: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for row, place in enumerate(places):
        table[place.record].append((place.start, place.stop, row))
    found = {}
    for record, stretches in table.items():
        starts, stops, rows = np.array(sorted(stretches), dtype=np.int64).T
        found[record] = rows, starts, stops, int((stops - starts).max())
    return found
