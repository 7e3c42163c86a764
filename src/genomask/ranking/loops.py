"""A compiled loop over the cuts of k-mers."""

from typing import Any, no_type_check

from genomask.compiled import compiled


@compiled
@no_type_check
def raise_to_sums(best: Any, starts: Any, ends: Any) -> None:
    """Raise each value of a table to the sum of its start's and its end's, where that is larger."""
    for start in range(len(starts)):
        for end in range(len(ends)):
            best[start, end] = max(best[start, end], starts[start] + ends[end])
