"""From rows to the pool and the test set: cut what are places, divide, and make negatives."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from genomask.alphabet import decode, encode
from genomask.genome.assembly import cut
from genomask.genome.encoded import EncodedGenome
from genomask.genome.places import Place
from genomask.tasks.examples import Benchmark, Examples, benchmark, pack
from genomask.tasks.negatives import match_windows, replace_parts, shuffle_dinucleotides
from genomask.tasks.readers import Row
from genomask.tasks.split import SplitRule, hold_out

MOST_FILES = 1000  # of which the lines of the rows are kept
SOURCE = "read from files at hand"
NEGATIVE = "0"  # the label of negatives that are made; their positives have 1


class Tally:
    """What is to be said of a benchmark's rows: notes, how many were read, and how many left out and why."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.left_out = Counter[str]()
        self.read = 0  # rows in all

    def say(self, *notes: str) -> None:
        """Keep notes, each once."""
        self.notes += [note for note in notes if note not in self.notes]

    def leave_out(self, why: str, count: int) -> None:
        """Count rows that are not used."""
        if count:
            self.left_out[why] += count

    def origin(self) -> dict[str, Any]:
        """The entries of a benchmark's origin."""
        lost = ", ".join(f"{count:,} {why}" for why, count in self.left_out.items())
        notes = [*self.notes, *([f"left out of {self.read:,} rows: {lost}"] if lost else [])]
        found: dict[str, Any] = {"note": "; ".join(notes)} if notes else {}
        return found | {"rows_read": self.read} | ({"left_out": dict(self.left_out)} if lost else {})


def benchmark_of(pool: list[Row], test: list[Row], kind: str, origin: dict[str, Any]) -> Benchmark:
    """The benchmark of these rows, with their places and lines.

    Raises:
        ValueError: Naming the files, if the rows are no task.
    """
    number = {path: at for at, path in enumerate(dict.fromkeys(row.path for row in (*pool, *test)))}
    try:
        task = benchmark(*([(row.sequence, row.label) for row in rows] for rows in (pool, test)), kind=kind)
    except ValueError as error:
        raise ValueError(f"{', '.join(map(str, [*number][:4]))}: {error}") from None
    lines = [np.array([(number[row.path], row.line) for row in rows], dtype=np.int64) for rows in (pool, test)]
    few = len(number) <= MOST_FILES
    places = [[row.place for row in rows if row.place is not None] for rows in (pool, test)]
    known = [len(part) for part in places] == [len(pool), len(test)]
    return task._replace(
        places=(places[0], places[1]) if known else None,
        lines=(lines[0], lines[1]) if few else None,
        origin=origin | ({"row_files": [path.name for path in number]} if few else {}),
    )


def cut_rows(rows: Sequence[Row], genome: EncodedGenome, assembly: str | None, tally: Tally) -> list[Row]:
    """The rows that the genome holds, with their sequences.

    Raises:
        ValueError: If the genome is another assembly.
    """
    places = [row.place for row in rows if row.place is not None]
    assert len(places) == len(rows), "rows that are cut have places"
    pieces, reasons = cut(genome, places, assembly)
    for why, count in reasons.items():
        tally.leave_out(why, count)
    pairs = zip(rows, pieces, strict=True)
    return [row._replace(sequence=decode(piece)) for row, piece in pairs if piece is not None]


def divide(
    rows: list[Row], train: str, test: str, rule: SplitRule, tally: Tally
) -> tuple[list[Row], list[Row], dict[str, Any]]:
    """The pool and the test set of one table, and for the benchmark's origin how a test set was held out, if it was.

    Raises:
        ValueError: If the column of splits never says ``train`` or never says ``test``.
    """
    words = [row.split.strip().lower() for row in rows]
    if any(words) and not rule.chosen:
        sides = {
            word: [row for row, said in zip(rows, words, strict=True) if said == word.lower()] for word in (train, test)
        }
        for word, chosen in sides.items():
            if not chosen:
                says = ", ".join(sorted(set(words))[:8])
                raise ValueError(f"{rows[0].path}: the column of splits needs rows that say {word}; it says {says}.")
        for word, count in Counter(words).items():
            if word not in (train.lower(), test.lower()):
                tally.leave_out(f"whose split is {word or 'empty'}", count)
        return sides[train], sides[test], {}
    places = [row.place for row in rows if row.place is not None]
    in_test, held = hold_out(_examples(rows), places if len(places) == len(rows) else None, rule)
    tally.say(held.pop("note"))
    pool, held_out = ([rows[row] for row in np.flatnonzero(side).tolist()] for side in (~in_test, in_test))
    return pool, held_out, held


def add_negatives(
    rows: list[Row],
    positives: list[Row],
    way: str,
    genome: EncodedGenome | None,
    *,
    draw: np.random.Generator,
    tally: Tally,
) -> list[Row]:
    """Every positive row, followed by the negative that is made of it.

    Args:
        rows: Positives of one side.
        positives: Those of both sides, which matched windows must not touch.
        way: One of ``negatives.WAYS``.
        genome: Where matched windows are taken from.
        draw: Draws the negatives.
        tally: Counts positives that no window matches; they are left out.
    """
    found = list[Row]()
    if way == "matched":
        assert genome is not None, "the settings saw to it"
        taken = [row.place for row in positives if row.place is not None]
        wanted = [row.place for row in rows if row.place is not None]
        windows = match_windows([encode(row.sequence) for row in rows], wanted, taken, genome, draw)
        pieces, _ = cut(genome, [window or Place("", 0, 1, "+") for window in windows], None)
        for row, window, piece in zip(rows, windows, pieces, strict=True):
            if window is not None and piece is not None:
                found += [row, row._replace(sequence=decode(piece), label=NEGATIVE, place=window)]
        tally.leave_out("that no window of the genome matches", len(rows) - len(found) // 2)
        return found
    make = shuffle_dinucleotides if way == "shuffled" else replace_parts
    for row in rows:
        found += [row, row._replace(sequence=decode(make(encode(row.sequence), draw)), label=NEGATIVE)]
    return found


def _examples(rows: Sequence[Row]) -> Examples:
    """The rows with the numbers of their labels, in no order that means anything."""
    number: dict[str, int] = {}
    labels = [number.setdefault(row.label, len(number)) for row in rows]
    return pack((encode(row.sequence) for row in rows), np.array(labels, dtype=np.int64))
