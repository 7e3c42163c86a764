"""k-shot episodes (Sec. 5.2): a few examples of every class, drawn anew for every seed."""

import csv
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from genomask.seeds import generator

EPISODE_FILE = "episode.csv"  # beside a result: rows of the pool, from 0, and their labels


def draw_episode(
    labels: Int64[np.ndarray, " rows"], *, task: str, shots: int | None, seed: int
) -> Int64[np.ndarray, " _episode"]:
    """Rows of a balanced training set of ``shots`` examples per class, without repeats.

    The draw depends on task, shots and seed alone, so that two encoders meet the same examples.
    ``shots=None`` takes every row.

    Raises:
        ValueError: If a class has fewer examples than there are shots.
    """
    if shots is None:
        return np.arange(len(labels))
    classes, sizes = np.unique(labels, return_counts=True)
    if sizes.min() < shots:
        raise ValueError(
            f"shots={shots} needs {shots} examples of every class; "
            f"task {task} has {sizes.min()} of its rarest. "
            "Use fewer shots, or shots=full for the whole pool."
        )
    draw = generator(seed, "episode", task, shots)
    chosen = [draw.choice(np.flatnonzero(labels == label), shots, replace=False) for label in classes]
    return np.sort(np.concatenate(chosen))


def read_episode(folder: Path) -> Int64[np.ndarray, " _episode"]:
    """The rows of the pool that a classifier learned from, as its folder says."""
    with (folder / EPISODE_FILE).open(encoding="utf-8", newline="") as file:
        return np.array([int(line["row"]) for line in csv.DictReader(file)], dtype=np.int64)
