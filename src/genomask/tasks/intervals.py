"""Benchmarks that are published as coordinates: tables of genomic-benchmarks, and what they cut."""

import csv
import gzip
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from genomask.alphabet import decode
from genomask.genome.encoded import EncodedGenome
from genomask.tasks.assembly import cut
from genomask.tasks.examples import Benchmark, benchmark
from genomask.tasks.places import Place
from genomask.tasks.readers import Row, open_text

SPLIT_NAMES: Final = ("train", "test")
CLASSES: Final = ("negative", "positive")  # class 0 and class 1
COLUMNS: Final = ("region", "start", "end", "strand")

Held = dict[str, list[tuple[int, int]]]  # by split, for every class: sequences found, and of how many


def read_intervals(path: Path) -> list[Place]:
    """Read a table of genomic-benchmarks: region, start (counted from 0), end (behind it), strand.

    Raises:
        ValueError: Naming file and line, for anything else.
    """
    try:
        with open_text(path) as handle:
            table = csv.DictReader(handle)
            missing = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            if missing:
                raise ValueError(f"{path} line 1 needs the columns {', '.join(COLUMNS)}; it lacks {missing}.")
            return [_place(path, table.line_num, row) for row in table]
    except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is cut off or no table: {error}.") from error


def cut_intervals(
    places: Mapping[tuple[str, str], list[Place]],
    genome: EncodedGenome,
    assembly: str | None,
    *,
    whole: Mapping[str, tuple[int, ...]],
) -> Benchmark:
    """Cut every interval that the genome holds, and say how much of the whole that is.

    Args:
        places: Intervals by split and class.
        genome: Where they lie; it may lack chromosomes.
        assembly: The assembly that the intervals are on; None does not check the genome.
        whole: Rows of the whole benchmark by split, for every class.

    Raises:
        ValueError: If the genome is another assembly, or holds no sequence of some class.
    """
    rows: dict[str, list[Row]] = {split: [] for split in SPLIT_NAMES}
    where: dict[str, list[Place]] = {split: [] for split in SPLIT_NAMES}
    held: Held = {split: [] for split in SPLIT_NAMES}
    reasons = Counter[str]()
    for (split, name), intervals in places.items():
        pieces, left_out = cut(genome, intervals, assembly)
        found = [pair for pair in zip(intervals, pieces, strict=True) if pair[1] is not None]
        label = CLASSES.index(name)
        rows[split] += [(decode(piece), str(label)) for _, piece in found if piece is not None]
        where[split] += [place for place, _ in found]
        held[split].append((len(found), whole[split][label]))
        reasons += left_out
    note = _coverage(held, reasons)
    if not all(count for classes in held.values() for count, _ in classes):
        names = ", ".join(genome.names[:8])
        raise ValueError(f"The genome ({names}, ...) holds too little of the benchmark: {note}.")
    origin = {"note": note, "assembly": assembly, "held_of_whole": held, "left_out": dict(reasons)}
    task = benchmark(rows["train"], rows["test"])
    return task._replace(places=(where["train"], where["test"]), origin=origin)


def _coverage(held: Held, reasons: Counter[str]) -> str:
    """How much of the whole benchmark is there, by split and class."""
    pairs = [pair for classes in held.values() for pair in classes]
    count, whole = (sum(column) for column in zip(*pairs, strict=True))
    parts = "; ".join(
        f"{split} "
        + ", ".join(f"class {label} {found:,} of {of:,}" for label, (found, of) in enumerate(classes))
        for split, classes in held.items()
    )
    missing = "".join(f"; {number:,} {reason}" for reason, number in reasons.items())
    return f"{count:,} of the benchmark's {whole:,} sequences ({count / whole:.1%}): {parts}{missing}"


def _place(path: Path, line: int, row: dict[str, str]) -> Place:
    try:
        place = Place(row["region"], int(row["start"]), int(row["end"]), row["strand"])
    except (TypeError, ValueError):
        raise ValueError(f"{path} line {line} needs whole numbers as start and end; found {row}.") from None
    if place.strand not in ("+", "-"):
        raise ValueError(f"{path} line {line} needs + or - as strand; found {place.strand!r}.")
    return place
