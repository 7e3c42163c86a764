"""Rows that match rows of another set, or of their own."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

NO_ROW = -1


class Matches(NamedTuple):
    """For every row of a set, what it matches in another.

    Attributes:
        partner: Row of the other set that it matches best, the first of equals; ``NO_ROW`` if none.
        partner_count: Rows of the other set that it matches.
        conflict: Whether one of them has another label.
        share: How much it shares with its partner; 1 for the same sequence.
    """

    partner: Int64[np.ndarray, " rows"]
    partner_count: Int64[np.ndarray, " rows"]
    conflict: Bool[np.ndarray, " rows"]
    share: Float64[np.ndarray, " rows"]

    @property
    def found(self) -> Bool[np.ndarray, " rows"]:
        """Which rows match anything."""
        return self.partner_count > 0


def no_matches(rows: int) -> Matches:
    """Matches of rows that match nothing, to be filled in."""
    return Matches(np.full(rows, NO_ROW), np.zeros(rows, np.int64), np.zeros(rows, dtype=bool), np.zeros(rows))
