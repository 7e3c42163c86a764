"""Sequences as people type them, turned into bases; those of a data frame, and the rows of it to learn from."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Int64, UInt8

from genomask.alphabet import decode, encode
from genomask.checks import require
from genomask.tasks.examples import Benchmark, benchmark, draw_episode, read_episode
from genomask.tasks.readers import sequence_text

GIVEN: Final = Path("sequences")  # what messages call them; a line is a sequence, from 1


def encoded(sequences: Iterable[Any]) -> list[UInt8[np.ndarray, " _bases"]]:
    """Bases 0..4 of sequences: letters, k-mers separated by blanks, or bases already. Raises ValueError naming the
    sequence, counted from 1, that is no DNA."""
    require(not isinstance(sequences, str), "A list of sequences", "several, such as [text]", "one text")
    found = []
    for number, one in enumerate(sequences, start=1):
        is_text = isinstance(one, str)
        text = sequence_text(GIVEN, number, one) if is_text else ""
        found.append(encode(text) if is_text else np.asarray(one, dtype=np.uint8))
    return found


def labelled(frame: Any, function: str) -> Benchmark:
    """The rows of a data frame as a task, whose test set is its pool: nothing is scored on it. Raises ValueError if
    a column is missing, a sequence is not DNA, or there are fewer than two classes."""
    try:
        sequences, labels = list(frame["sequence"]), [str(label) for label in frame["label"]]
    except (KeyError, TypeError, IndexError):
        raise ValueError(f"{function} needs a data frame with the columns sequence and label.") from None
    require(len(sequences) == len(labels), function, "a label for every sequence", len(labels))
    rows = list(zip(map(decode, encoded(sequences)), labels, strict=True))
    return benchmark(rows, rows)


def episode_rows(
    known: Benchmark, *, task: str, shots: int | None, seed: int, rows: str | Path | Sequence[int] | None
) -> Int64[np.ndarray, " _episode"]:
    """The rows to learn from: as given, as a fine-tuning saved them, or drawn as a command draws them. Raises
    FileNotFoundError if the folder holds no saved episode; ValueError if there are too few rows of a class, or a row
    is not in the frame."""
    if rows is None:
        return draw_episode(known.pool.labels, task=task, shots=shots, seed=seed)
    require(shots is None, "shots", "None where rows are given", shots)
    saved = isinstance(rows, str | Path)
    chosen = read_episode(Path(rows).expanduser()) if saved else np.asarray(rows, dtype=np.int64)
    inside = len(chosen) > 0 and chosen.min() >= 0 and chosen.max() < len(known.pool.labels)
    require(inside, "rows", f"row numbers from 0 to {len(known.pool.labels) - 1}", chosen.tolist())
    counts = np.bincount(known.pool.labels[chosen], minlength=len(known.classes))
    absent = [name for name, count in zip(known.classes, counts, strict=True) if not count]
    require(not absent, "rows", "an example of every class", f"none of class {', '.join(absent)}")
    return chosen
