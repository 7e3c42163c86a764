"""Where the rows of a benchmark lie in a genome, for those benchmarks of which that is known."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """A stretch of a record: ``start`` counts from 0, ``stop`` lies behind it, ``strand`` is ``+`` or ``-``.

    The negative of a promoter has its promoter's place, as the parts that it keeps lie there.
    """

    record: str
    start: int
    stop: int
    strand: str


def places_file(directory: Path, part: str) -> Path:
    """The file with the places of ``pool`` or ``test``; it is absent where they are not known."""
    return directory / f"{part}-places.csv"


def write_places(path: Path, places: Sequence[Place]) -> None:
    """Write one line a row, in the order of the rows."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(Place._fields)
        table.writerows(places)


def read_places(path: Path) -> list[Place]:
    """Read what ``write_places`` wrote."""
    with path.open(encoding="utf-8", newline="") as handle:
        rows = csv.DictReader(handle)
        return [Place(row["record"], int(row["start"]), int(row["stop"]), row["strand"]) for row in rows]
