"""Labelled sequences of any length, encoded once."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from genomask.alphabet import OTHER, encode
from genomask.genome.places import Place
from genomask.genome.sequences import gc_share

TARGET_SCORES: Final = {  # of tasks whose rows have no class of their own, by kind, and their titles
    "multilabel": {"auc": "AUROC", "auprc": "AUPRC"},
    "regression": {"pearson": "Pearson", "spearman": "Spearman", "r2": "R2"},
}
KINDS: Final = ("classes", *TARGET_SCORES)
LABEL_DIVIDER: Final = ";"  # between the labels of one row, if a row may have several
MOST_SHOWN: Final = 10  # rows that a message names
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


class Examples(NamedTuple):
    """Sequences end to end, where each begins (one entry more than rows), and their class indices."""

    bases: UInt8[np.ndarray, " bases"]
    offsets: Int64[np.ndarray, " _offsets"]
    labels: Int64[np.ndarray, " rows"]

    @property
    def lengths(self) -> Int64[np.ndarray, " rows"]:
        """Bases of every sequence."""
        return np.diff(self.offsets)

    @property
    def gc(self) -> Float64[np.ndarray, " rows"]:
        """Share of G and C among the A, C, G and T of every sequence; 0.5 for one that has none of them."""
        return np.nan_to_num(gc_share(np.asarray(self.bases), self.offsets), nan=0.5)

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
        kind: ``classes``, or ``multilabel`` (the classes are labels of which a row has any number) or
            ``regression``; in these two the class indices of all rows are 0 and ``targets`` says what they are.
        targets: Of pool and test set: 0 or 1 for each label, or the one value.
        lines: Of the rows of pool and test set: number of the file in ``origin["row_files"]``, and line.
    """

    pool: Examples
    test: Examples
    classes: tuple[str, ...]
    places: tuple[list[Place], list[Place]] | None = None
    origin: dict[str, Any] | None = None
    kind: str = "classes"
    targets: tuple[Float64[np.ndarray, "_pool columns"], Float64[np.ndarray, "_test columns"]] | None = None
    lines: tuple[Int64[np.ndarray, "_pool 2"], Int64[np.ndarray, "_test 2"]] | None = None

    def where(self, part: str, row: int) -> str:
        """What to call a row of ``pool`` or ``test`` in a message: its file and line, if they are known."""
        if self.lines is None:
            return f"{part} row {row} (from 0)"
        file, line = self.lines[("pool", "test").index(part)][row].tolist()
        return f"{(self.origin or {})['row_files'][file]}, line {line}"


def pack(sequences: Iterable[UInt8[np.ndarray, " _bases"]], labels: Int64[np.ndarray, " rows"]) -> Examples:
    """Put encoded sequences and their class indices into one table."""
    parts = list(sequences)
    offsets = np.cumsum([0, *(len(part) for part in parts)], dtype=np.int64)
    return Examples(np.concatenate(parts) if parts else np.empty(0, np.uint8), offsets, labels)


def benchmark(pool: Sequence[tuple[str, str]], test: Sequence[tuple[str, str]], *, kind: str = "classes") -> Benchmark:
    """Make a benchmark of (sequence, label) rows; classes are the pool's labels, numbers in numeric order.

    Args:
        pool: Rows that episodes are drawn from.
        test: Rows of the test set.
        kind: Whether a label is a class, several labels divided by semicolons, or a number.

    Raises:
        ValueError: If the pool has fewer than two classes, or the test set is empty or has another class.
    """
    if not test:
        raise ValueError("The test set has no rows.")
    if kind == "regression":
        values = [np.array([[float(label)] for _, label in rows]).reshape(-1, 1) for rows in (pool, test)]
        return _with_targets(pool, test, ("value",), values, kind)
    several = kind == "multilabel"
    labels = [[label.split(LABEL_DIVIDER) if several else [label] for _, label in rows] for rows in (pool, test)]
    known, tested = ({label for row in rows for label in row} - ({""} if several else set()) for rows in labels)
    names = tuple(sorted(known, key=_numbers_first))
    if len(names) < 2:
        raise ValueError(f"A classification task needs at least two classes; the pool has {list(names)}.")
    if tested - known:
        found = f"{sorted(tested - known)[:8]}; the pool has {list(names)[:8]}"
        raise ValueError(f"The test set has labels that the pool has not: {found}.")
    if several:
        values = [np.array([[float(name in row) for name in names] for row in rows]) for rows in labels]
        return _with_targets(pool, test, names, values, kind)
    index = {name: number for number, name in enumerate(names)}
    first, second = (_examples(rows, [index[label] for _, label in rows]) for rows in (pool, test))
    return Benchmark(first, second, names)


def _with_targets(
    pool: Sequence[tuple[str, str]],
    test: Sequence[tuple[str, str]],
    names: tuple[str, ...],
    values: list[np.ndarray],
    kind: str,
) -> Benchmark:
    pool_rows, test_rows = (_examples(rows, [0] * len(rows)) for rows in (pool, test))
    return Benchmark(pool_rows, test_rows, names, kind=kind, targets=(values[0], values[1]))


def check_test_set(task: Benchmark, *, targets: bool = False, name: str = "The test set") -> None:
    """Refuse a test set that cannot be scored; ``targets`` says whether the classifier learns other than classes.

    Raises:
        ValueError: If rows have no class of their own and the classifier needs one, or the test set lacks a class,
            where AUC is undefined.
    """
    if task.kind != "classes":
        if not targets:
            raise ValueError(f"task.kind={task.kind} is learned by classifier=encoder, ridge and cnn only.")
        _check_targets(task, name)
        return
    absent = [name for label, name in enumerate(task.classes) if not (task.test.labels == label).any()]
    if absent:
        raise ValueError(
            f"AUC needs every class in the test set; it has no row of class {', '.join(absent)}. "
            "Give a test set with all classes of the pool."
        )


def _check_targets(task: Benchmark, name: str) -> None:
    assert task.targets is not None, "a task of targets has them"
    varies = np.ptp(np.asarray(task.targets[1]), axis=0) > 0
    if not varies.any():
        what = (
            "the same value in all rows" if task.kind == "regression" else "no label that some rows have and some lack"
        )
        raise ValueError(f"{name} has {what}, so that nothing can be scored.")


def check_lengths(task: Benchmark, *, shortest: int, longest: int, keep: str) -> None:
    """Find before a training that there are sequences which the encoder cannot read.

    Args:
        task: The benchmark.
        shortest: Bases of a token.
        longest: Bases that the encoder takes.
        keep: The crop of longer ones, ``refuse`` for none.

    Raises:
        ValueError: With the number of such rows, the first ten of them, and the setting that helps.
    """
    for part in ("pool", "test"):
        lengths = getattr(task, part).lengths
        for wrong, problem, remedy in (
            (lengths < shortest, f"shorter than a token of {shortest} bases", "Leave them out of the files."),
            (
                (lengths > longest) & (keep == "refuse"),
                f"longer than the {longest} bases that the encoder takes at most (the longest has {lengths.max()})",
                "Set finetune.crop=center or finetune.crop=start to cut such sequences.",
            ),
        ):
            rows = np.flatnonzero(wrong).tolist()
            if rows:
                shown = "; ".join(task.where(part, row) for row in rows[:MOST_SHOWN])
                more = f"; and {len(rows) - MOST_SHOWN:,} more" if len(rows) > MOST_SHOWN else ""
                counted = f"{len(rows):,} of {len(lengths):,} {part} sequences are {problem}"
                raise ValueError(f"{counted}: {shown}{more}. {remedy}")


def crop(task: Benchmark, *, longest: int, keep: str) -> Benchmark:
    """Cut sequences to at most ``longest`` bases, keeping their ``start`` or ``center``.

    Raises:
        ValueError: If a sequence is longer and ``keep`` is ``"refuse"``.
    """
    if max(task.pool.lengths.max(), task.test.lengths.max()) <= longest:
        return task
    check_lengths(task, shortest=0, longest=longest, keep=keep)
    return task._replace(pool=_cropped(task.pool, longest, keep), test=_cropped(task.test, longest, keep))


def _cropped(examples: Examples, longest: int, keep: str) -> Examples:
    excess = np.maximum(examples.lengths - longest, 0)
    start = examples.offsets[:-1] + (excess // 2 if keep == "center" else 0)
    stop = start + examples.lengths - excess
    return pack([examples.bases[a:b] for a, b in zip(start, stop, strict=True)], examples.labels)


def _examples(rows: Sequence[tuple[str, str]], labels: list[int]) -> Examples:
    return pack((encode(sequence) for sequence, _ in rows), np.array(labels, dtype=np.int64))


def _numbers_first(label: str) -> tuple[int, float, str]:
    return (0, float(label), label) if _NUMBER.fullmatch(label) else (1, 0.0, label)
