"""Labelled sequences of any length, encoded once."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int64, UInt8

from genomask.alphabet import OTHER, encode
from genomask.genome.places import Place


class Examples(NamedTuple):
    """Sequences end to end, where each begins (one entry more than rows), and their class indices."""

    bases: UInt8[np.ndarray, " bases"]
    offsets: Int64[np.ndarray, " _offsets"]
    labels: Int64[np.ndarray, " rows"]

    @property
    def lengths(self) -> Int64[np.ndarray, " rows"]:
        """Bases of every sequence."""
        return np.diff(self.offsets)

    def take(self, rows: Int64[np.ndarray, " _taken"]) -> "Examples":
        """The examples at these rows, in this order."""
        return pack([self.bases[self.offsets[row] : self.offsets[row + 1]] for row in rows], self.labels[rows])

    def padded(self, rows: Int64[np.ndarray, " batch"]) -> UInt8[np.ndarray, "batch bases"]:
        """The sequences at these rows, as wide as the longest of them and filled up with ``OTHER``."""
        length = self.lengths[rows]
        column = np.arange(length.max(initial=0))
        outside = column >= length[:, None]
        place = np.where(outside, 0, self.offsets[rows][:, None] + column)
        return np.where(outside, np.uint8(OTHER), self.bases[place])


class Benchmark(NamedTuple):
    """A task: its k-shot pool, its test set, and the names of its classes by class index.

    Attributes:
        places: Where the rows of pool and test set lie in a genome, if that is known.
        origin: Where the rows came from, as JSON: ``source``, ``files`` with checksums, and what the builder
            found and left out.
    """

    pool: Examples
    test: Examples
    classes: tuple[str, ...]
    places: tuple[list[Place], list[Place]] | None = None
    origin: dict[str, Any] | None = None


def pack(sequences: Iterable[UInt8[np.ndarray, " _bases"]], labels: Int64[np.ndarray, " rows"]) -> Examples:
    """Put encoded sequences and their class indices into one table."""
    parts = list(sequences)
    offsets = np.cumsum([0, *(len(part) for part in parts)], dtype=np.int64)
    return Examples(np.concatenate(parts) if parts else np.empty(0, np.uint8), offsets, labels)


def benchmark(pool: list[tuple[str, str]], test: list[tuple[str, str]]) -> Benchmark:
    """Make a benchmark of (sequence, label) rows; classes are the pool's labels, numbers in numeric order.

    Raises:
        ValueError: If the pool has fewer than two classes, or the test set is empty or has another class.
    """
    names = sorted({label for _, label in pool}, key=_numbers_first)
    if len(names) < 2:
        raise ValueError(f"A classification task needs at least two classes; the pool has {names}.")
    if not test:
        raise ValueError("The test set has no rows.")
    unknown = {label for _, label in test} - set(names)
    if unknown:
        raise ValueError(f"The test set has labels that the pool has not: {sorted(unknown)}; the pool has {names}.")
    index = {name: number for number, name in enumerate(names)}
    return Benchmark(_examples(pool, index), _examples(test, index), tuple(names))


def check_test_set(task: Benchmark) -> None:
    """Find before a training that its scores would be undefined.

    Raises:
        ValueError: If the test set lacks a class, where AUC is undefined.
    """
    absent = [name for label, name in enumerate(task.classes) if not (task.test.labels == label).any()]
    if absent:
        raise ValueError(
            f"AUC needs every class in the test set; it has no row of class {', '.join(absent)}. "
            "Give a test set with all classes of the pool."
        )


def crop(task: Benchmark, *, longest: int, keep: str) -> Benchmark:
    """Cut sequences to at most ``longest`` bases, keeping their ``start`` or ``center``.

    Raises:
        ValueError: If a sequence is longer and ``keep`` is ``"refuse"``.
    """
    found = int(max(task.pool.lengths.max(), task.test.lengths.max()))
    if found <= longest:
        return task
    if keep == "refuse":
        raise ValueError(
            f"The encoder takes at most {longest} bases; the task has a sequence of {found}. "
            "Set finetune.crop=center or finetune.crop=start to cut such sequences."
        )
    return Benchmark(_cropped(task.pool, longest, keep), _cropped(task.test, longest, keep), task.classes)


def _cropped(examples: Examples, longest: int, keep: str) -> Examples:
    excess = np.maximum(examples.lengths - longest, 0)
    start = examples.offsets[:-1] + (excess // 2 if keep == "center" else 0)
    stop = start + examples.lengths - excess
    return pack([examples.bases[a:b] for a, b in zip(start, stop, strict=True)], examples.labels)


def _examples(rows: list[tuple[str, str]], index: dict[str, int]) -> Examples:
    labels = np.array([index[label] for _, label in rows], dtype=np.int64)
    return pack((encode(sequence) for sequence, _ in rows), labels)


def _numbers_first(label: str) -> tuple[int, int, str]:
    return (0, int(label), label) if label.isdecimal() else (1, 0, label)
