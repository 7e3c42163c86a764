"""What sequences are made of, whatever their order."""

import numpy as np
from jaxtyping import Float64

from genomask.alphabet import BASES, OTHER
from genomask.tasks.examples import Examples

_STRONG = BASES.index("C")  # C and G are the last two of the four


def gc_content(examples: Examples) -> Float64[np.ndarray, " rows"]:
    """Share of G and C among the A, C, G and T of every row; 0.5 for a row that has none of them."""
    strong = (examples.bases >= _STRONG) & (examples.bases < OTHER)
    strong_count, known = (_by_row(flags, examples) for flags in (strong, examples.bases < OTHER))
    return np.where(known > 0, strong_count / np.maximum(known, 1), 0.5)


def _by_row(flags: np.ndarray, examples: Examples) -> np.ndarray:
    return np.diff(np.concatenate(([0], np.cumsum(flags)))[examples.offsets])
