"""Labelled sequences of any length, encoded once; benchmarks and k-shot episodes of them."""

import csv
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from genomask.alphabet import OTHER, encode
from genomask.genome.places import Place
from genomask.genome.sequences import gc_share
from genomask.seeds import generator

TARGET_SCORES: Final = {  # of tasks whose rows have no class of their own, by kind, and their titles
    "multilabel": {"auc": "AUROC", "auprc": "AUPRC"},
    "regression": {"pearson": "Pearson", "spearman": "Spearman", "r2": "R2"},
}
PARTS: Final = ("pool", "test")
KINDS: Final = ("classes", *TARGET_SCORES)
LABEL_DIVIDER: Final = ";"  # between the labels of one row, if a row may have several
MOST_SHOWN: Final = 10  # rows that a message names
EPISODE_FILE: Final = "episode.csv"  # beside a result: rows of the pool, from 0, and their labels
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


class Examples(NamedTuple):
    """Sequences end to end, where each begins (one entry more than rows), and their class indices (0 where ``targets``
    say for each label 0 or 1, or the one value). ``lines`` are the number of a file in the benchmark's
    ``origin["row_files"]``, and line; ``places`` where the rows lie in a genome."""

    bases: UInt8[np.ndarray, " bases"]
    offsets: Int64[np.ndarray, " _offsets"]
    labels: Int64[np.ndarray, " rows"]
    targets: Float64[np.ndarray, "rows columns"] | None = None
    lines: Int64[np.ndarray, "rows 2"] | None = None
    places: list[Place] | None = None

    @property
    def lengths(self) -> Int64[np.ndarray, " rows"]:
        """Bases of every sequence."""
        return np.diff(self.offsets)

    @property
    def gc(self) -> Float64[np.ndarray, " rows"]:
        """Share of G and C among the A, C, G and T of every sequence; 0.5 for one that has none of them."""
        return np.nan_to_num(gc_share(np.asarray(self.bases), self.offsets), nan=0.5)

    def rows(self) -> list[UInt8[np.ndarray, " _bases"]]:
        """The sequences one by one."""
        bases = np.asarray(self.bases)
        return [bases[start:stop] for start, stop in pairwise(self.offsets.tolist())]

    def take(self, rows: Int64[np.ndarray, " _taken"]) -> "Examples":
        """The examples at these rows, in this order."""
        taken = pack([self.bases[self.offsets[row] : self.offsets[row + 1]] for row in rows], self.labels[rows])
        arrays = {name: part[rows] for name in ("targets", "lines") if (part := getattr(self, name)) is not None}
        return taken._replace(places=self.places and [self.places[row] for row in rows], **arrays)

    def padded(self, rows: Int64[np.ndarray, " batch"]) -> UInt8[np.ndarray, "batch bases"]:
        """The sequences at these rows, as wide as the longest of them and filled up with ``OTHER``."""
        length = self.lengths[rows]
        column = np.arange(length.max(initial=0))
        outside = column >= length[:, None]
        place = np.where(outside, 0, self.offsets[rows][:, None] + column)
        return np.where(outside, np.uint8(OTHER), self.bases[place])


class Benchmark(NamedTuple):
    """A task: its k-shot pool, its test set, the names of its classes, and where the rows came from, as JSON. ``kind``
    is ``classes``, or ``multilabel`` (classes are labels of which a row has any number) or ``regression``."""

    pool: Examples
    test: Examples
    classes: tuple[str, ...]
    origin: dict[str, Any] | None = None
    kind: str = "classes"

    def where(self, part: str, row: int) -> str:
        """What to call a row of ``pool`` or ``test`` in a message: its file and line, if they are known."""
        lines = getattr(self, part).lines
        if lines is None:
            return f"{part} row {row} (from 0)"
        file, line = lines[row].tolist()
        return f"{(self.origin or {})['row_files'][file]}, line {line}"


def pack(sequences: Iterable[UInt8[np.ndarray, " _bases"]], labels: Int64[np.ndarray, " rows"]) -> Examples:
    """Put encoded sequences and their class indices into one table."""
    parts = list(sequences)
    offsets = np.cumsum([0, *(len(part) for part in parts)], dtype=np.int64)
    return Examples(np.concatenate(parts) if parts else np.empty(0, np.uint8), offsets, labels)


def benchmark(pool: Sequence[tuple[str, str]], test: Sequence[tuple[str, str]], *, kind: str = "classes") -> Benchmark:
    """Make a benchmark of (sequence, label) rows; classes are the pool's labels, numbers in numeric order. Raises
    ValueError if the pool has fewer than two classes, or the test set is empty or has another class."""
    if not test:
        raise ValueError("The test set has no rows.")
    labels = [[label for _, label in rows] for rows in (pool, test)]
    zeros = [np.zeros(len(column), dtype=np.int64) for column in labels]
    packed = [pack((encode(text) for text, _ in rows), zero) for rows, zero in zip((pool, test), zeros, strict=True)]
    if kind == "regression":
        values = [np.array(column, dtype=np.float64)[:, None] for column in labels]
        sides = [side._replace(targets=value) for side, value in zip(packed, values, strict=True)]
        return Benchmark(*sides, classes=("value",), kind=kind)
    several = kind == "multilabel"
    split = [[set(label.split(LABEL_DIVIDER)) - {""} if several else {label} for label in column] for column in labels]
    known, tested = (set[str]().union(*column) for column in split)
    names = tuple(sorted(known, key=_numbers_first))
    if len(names) < 2:
        raise ValueError(f"A classification task needs at least two classes; the pool has {list(names)}.")
    if tested - known:
        found = f"{sorted(tested - known)[:8]}; the pool has {list(names)[:8]}"
        raise ValueError(f"The test set has labels that the pool has not: {found}.")
    if several:
        flags = [np.array([[float(name in row) for name in names] for row in column]) for column in split]
        sides = [side._replace(targets=part) for side, part in zip(packed, flags, strict=True)]
    else:
        index = {name: number for number, name in enumerate(names)}
        numbers = [np.array([index[label] for label in column], dtype=np.int64) for column in labels]
        sides = [side._replace(labels=number) for side, number in zip(packed, numbers, strict=True)]
    return Benchmark(*sides, classes=names, kind=kind)


def _numbers_first(label: str) -> tuple[int, float, str]:
    return (0, float(label), label) if _NUMBER.fullmatch(label) else (1, 0.0, label)


def check_test_set(task: Benchmark, *, targets: bool = False, name: str = "The test set") -> None:
    """Refuse a test set that lacks a class, where AUC is undefined, or whose targets cannot be scored; ``targets`` says
    whether the classifier learns other than classes."""
    if task.kind == "classes":
        absent = [known for label, known in enumerate(task.classes) if not (task.test.labels == label).any()]
        if absent:
            raise ValueError(
                f"AUC needs every class in the test set; it has no row of class {', '.join(absent)}. "
                "Give a test set with all classes of the pool."
            )
        return
    if not targets:
        raise ValueError(f"task.kind={task.kind} is learned by classifier=encoder, ridge and cnn only.")
    assert task.test.targets is not None, "a task of targets has them"
    if not np.ptp(np.asarray(task.test.targets), axis=0).any():
        number = "the same value in all rows"
        what = number if task.kind == "regression" else "no label that some rows have and some lack"
        raise ValueError(f"{name} has {what}, so that nothing can be scored.")


def check_lengths(task: Benchmark, *, shortest: int, longest: int, keep: str) -> None:
    """Refuse sequences that are shorter than a token, or longer than the encoder takes and not cropped; the ValueError
    counts them, and names the first ten and the setting that helps."""
    for part in PARTS:
        lengths = getattr(task, part).lengths
        too_short = f"shorter than a token of {shortest} bases", "Leave them out of the files."
        too_long = (
            f"longer than the {longest} bases that the encoder takes at most (the longest has {lengths.max()})",
            "Set finetune.crop=center or finetune.crop=start to cut such sequences.",
        )
        long = (lengths > longest) & (keep == "refuse")
        for wrong, (problem, remedy) in ((lengths < shortest, too_short), (long, too_long)):
            rows = np.flatnonzero(wrong).tolist()
            if rows:
                shown = "; ".join(task.where(part, row) for row in rows[:MOST_SHOWN])
                more = f"; and {len(rows) - MOST_SHOWN:,} more" if len(rows) > MOST_SHOWN else ""
                counted = f"{len(rows):,} of {len(lengths):,} {part} sequences are {problem}"
                raise ValueError(f"{counted}: {shown}{more}. {remedy}")


def crop(task: Benchmark, *, longest: int, keep: str, shortest: int = 0) -> Benchmark:
    """Cut sequences to ``longest`` bases, keeping their ``start`` or ``center``, or ``refuse`` (a ValueError), as one
    that is shorter than ``shortest`` is."""
    check_lengths(task, shortest=shortest, longest=longest, keep=keep)
    for part in PARTS:
        examples: Examples = getattr(task, part)
        excess = np.maximum(examples.lengths - longest, 0)
        if excess.any():
            start = excess // 2 if keep == "center" else np.zeros_like(excess)
            rows = zip(examples.rows(), start.tolist(), strict=True)
            cut = pack([row[at : at + longest] for row, at in rows], examples.labels)
            task = task._replace(**{part: examples._replace(bases=cut.bases, offsets=cut.offsets)})
    return task


def draw_episode(
    labels: Int64[np.ndarray, " rows"], *, task: str, shots: int | None, seed: int
) -> Int64[np.ndarray, " _episode"]:
    """Rows of a balanced training set of ``shots`` examples per class without repeats (Sec. 5.2), or all for None. The
    draw depends on task, shots and seed alone. Raises ValueError if a class has fewer examples than there are shots."""
    if shots is None:
        return np.arange(len(labels))
    classes, sizes = np.unique(labels, return_counts=True)
    if sizes.min() < shots:
        raise ValueError(
            f"shots={shots} needs {shots} examples of every class; task {task} has {sizes.min()} of its rarest. "
            "Use fewer shots, or shots=full for the whole pool."
        )
    draw = generator(seed, "episode", task, shots)
    chosen = [draw.choice(np.flatnonzero(labels == label), shots, replace=False) for label in classes]
    return np.sort(np.concatenate(chosen))


def read_episode(folder: Path) -> Int64[np.ndarray, " _episode"]:
    """The rows of the pool that a classifier learned from, as its folder says."""
    with (folder / EPISODE_FILE).open(encoding="utf-8", newline="") as file:
        return np.array([int(line["row"]) for line in csv.DictReader(file)], dtype=np.int64)
