"""Turn a bedGraph track into a BigWig file; a program of its own (see ``sinks``).

Takes the track's path and the file's, and from standard input the bases of every chromosome, as JSON.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

AT_ONCE: Final = 65_536  # lines in memory


def main() -> None:
    """Write the file, and look whether all of the track is in it."""
    track, file = Path(sys.argv[1]), sys.argv[2]
    lengths: dict[str, int] = json.load(sys.stdin)
    covered = _write(track, file, lengths)
    import pyBigWig

    with pyBigWig.open(file) as written:
        found = written.header()["nBasesCovered"]
    if found != covered:
        sys.exit(f"{found:,} of {covered:,} bases arrived")


def _write(track: Path, file: str, lengths: dict[str, int]) -> int:
    """Write every bin; returns the bases in all of them."""
    import pyBigWig

    covered = 0
    bigwig: Any = pyBigWig.open(file, "w")
    bigwig.addHeader(list(lengths.items()))
    with track.open(encoding="utf-8") as lines:
        for rows in _chunks(lines):
            names, starts, stops, values = zip(*(line.rstrip("\n").split("\t") for line in rows), strict=True)
            first, last = list(map(int, starts)), list(map(int, stops))
            bigwig.addEntries(list(names), first, ends=last, values=list(map(float, values)))
            covered += sum(last) - sum(first)
    bigwig.close()
    return covered


def _chunks(lines: Iterable[str]) -> Iterator[list[str]]:
    left = iter(lines)
    while rows := list(islice(left, AT_ONCE)):
        yield rows


if __name__ == "__main__":
    main()
