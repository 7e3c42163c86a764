"""How well a base can be told from its neighbours on both sides by counting alone: what nats per base compare with."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from jaxtyping import Int64

LONGEST_CONTEXT: Final = 4  # bases on either side
ENOUGH: Final = 100  # bases a context needs on average, or its counts say more of chance than of the genome
UNIFORM: Final = float(np.log(4))  # nats of a base of which nothing is known


def context_nats(counts: Sequence[Int64[np.ndarray, " _kmers"]]) -> dict[int, float]:
    """Nats of a base given 0, 1, 2, ... bases on either side, from counts of k-mers of the same genome.

    Args:
        counts: Occurrences of each n-mer for n = 1..k, by base-4 code.

    Returns:
        Conditional entropy by the number of bases on either side, as far as the genome is long enough for it.
    """
    found = {}
    for n in range(LONGEST_CONTEXT + 1):
        if 2 * n + 1 > len(counts) or counts[2 * n].sum() < ENOUGH * 4 ** (2 * n):
            break
        table = counts[2 * n].reshape(4**n, 4, 4**n).astype(np.float64)
        share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
        logs = np.log(share, out=np.zeros_like(share), where=share > 0)
        found[n] = float(-(table * logs).sum() / table.sum())
    return found


def level(nats: float, contexts: Mapping[int, float]) -> int | None:
    """The widest context whose counts predict bases no better than this; None if all do."""
    reached = [n for n, of_context in contexts.items() if nats <= of_context]
    return max(reached, default=None)
