"""What sequences are made of, whatever their order."""

from itertools import pairwise
from typing import Any, Final

import numpy as np
from jaxtyping import Float64

from genomask.alphabet import BASES, OTHER
from genomask.tasks.examples import Examples

MOST_BINS: Final = 20
_STRONG: Final = BASES.index("C")  # C and G are the last two of the four


def gc_content(examples: Examples) -> Float64[np.ndarray, " rows"]:
    """Share of G and C among the A, C, G and T of every row; 0.5 for a row that has none of them."""
    strong = (examples.bases >= _STRONG) & (examples.bases < OTHER)
    strong_count, known = (_by_row(flags, examples) for flags in (strong, examples.bases < OTHER))
    return np.where(known > 0, strong_count / np.maximum(known, 1), 0.5)


def describe(examples: Examples, classes: tuple[str, ...]) -> dict[str, Any]:
    """Rows in all, by class and by length, in bins if many; mean and standard deviation of GC by class."""
    gc, labels = gc_content(examples), np.asarray(examples.labels)
    by_class = {name: gc[labels == number] for number, name in enumerate(classes)}
    return {
        "rows": len(labels),
        "rows_by_class": {name: len(shares) for name, shares in by_class.items()},
        "gc_by_class": {
            name: [round(float(shares.mean()), 4), round(float(shares.std()), 4)]
            for name, shares in by_class.items()
            if len(shares)
        },
        "lengths": _histogram(examples.lengths),
    }


def _histogram(lengths: np.ndarray) -> dict[str, int]:
    values, counts = np.unique(lengths, return_counts=True)
    if len(values) <= MOST_BINS:
        return {str(value): int(count) for value, count in zip(values, counts, strict=True)}
    edges = np.unique(np.linspace(values[0], values[-1] + 1, MOST_BINS + 1).astype(int))
    counts = np.histogram(lengths, edges)[0].tolist()
    return {f"{low}-{high - 1}": count for (low, high), count in zip(pairwise(edges), counts, strict=True)}


def _by_row(flags: np.ndarray, examples: Examples) -> np.ndarray:
    return np.diff(np.concatenate(([0], np.cumsum(flags)))[examples.offsets])
