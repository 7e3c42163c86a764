"""Benchmarks that are published as coordinates: tables of genomic-benchmarks, and what they cut."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from genomask.alphabet import decode
from genomask.genome.assembly import cut
from genomask.genome.encoded import EncodedGenome
from genomask.genome.places import Place
from genomask.tasks.examples import Benchmark, benchmark
from genomask.tasks.readers import Row, TableRow, read_table, whole_number
from genomask.text_files import wrong_line

SPLIT_NAMES: Final = ("train", "test")
CLASSES: Final = ("negative", "positive")  # class 0 and class 1
COLUMNS: Final = ("region", "start", "end", "strand")

Held = dict[str, list[tuple[int, int]]]  # by split, for every class: sequences found, and of how many


def read_intervals(path: Path) -> list[Place]:
    """Read a table of genomic-benchmarks: region, start (counted from 0), end (behind it), strand.

    Raises:
        ValueError: Naming file and line, for anything else.
    """
    return [_place(path, row) for row in read_table(path, COLUMNS, separator=",")]


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
        f"{split} " + ", ".join(f"class {label} {found:,} of {of:,}" for label, (found, of) in enumerate(classes))
        for split, classes in held.items()
    )
    missing = "".join(f"; {number:,} {reason}" for reason, number in reasons.items())
    return f"{count:,} of the benchmark's {whole:,} sequences ({count / whole:.1%}): {parts}{missing}"


def _place(path: Path, row: TableRow) -> Place:
    record, start, end, strand = (row.cells[name] for name in COLUMNS)
    try:
        place = Place(record, whole_number(start), whole_number(end), strand)
    except ValueError:
        raise wrong_line(
            path, row.line, f"start and end must be whole numbers from 0; found {start!r}, {end!r}"
        ) from None
    if not place.record or place.start >= place.stop:
        raise wrong_line(path, row.line, "an interval needs a region, and a start before its end")
    if place.strand not in ("+", "-"):
        raise wrong_line(path, row.line, f"the strand must be + or -; found {place.strand!r}")
    return place
