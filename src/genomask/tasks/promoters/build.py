"""From promoters to a benchmark: split, make negatives (DeePromoter, Sec. 5.1), and see to it that nothing leaks."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import UInt8

from genomask.alphabet import encode
from genomask.checks import require, require_choice
from genomask.genome.places import Place
from genomask.seeds import generator
from genomask.tasks.examples import Benchmark, Examples
from genomask.tasks.readers import Row, Tally
from genomask.tasks.split import canonical, draw_test_side, join_groups

# -34..+35 begins at 215. The released files' begins one base later. A split must not depend on the choice.
CORE_WINDOWS: Final = (slice(215, 285), slice(216, 286))
CORE_IN_BOTH: Final = slice(216, 285)
PAPER_COUNT: Final = 29_598  # promoters of EPDnew 006, and half of the paper's 59,196 rows
DRAWS: Final = 100  # more copies in a row than this are no accident


@dataclass
class Negatives:
    """How a promoter becomes its negative: cut into ``parts``, ``equal`` or between ``random`` breakpoints, of which
    ``kept`` stay (with ``keep_last`` the last one always); every base of the others is drawn anew, uniformly.
    ``redraw_copies`` draws again where all in the window was kept, which would give one sequence both labels."""

    parts: int
    kept: int
    breakpoints: str
    keep_last: bool
    redraw_copies: bool
    seed: int

    def __post_init__(self) -> None:
        require(self.parts >= 2, "task.negatives.parts", "at least 2", self.parts)
        fewest, kept = int(self.keep_last), self.kept
        require(fewest <= kept < self.parts, "task.negatives.kept", f"{fewest} to {self.parts - 1} parts", kept)
        require_choice(self.breakpoints, "task.negatives.breakpoints", ("equal", "random"))
        require(self.seed >= 0, "task.negatives.seed", "at least 0", self.seed)


def build(
    promoters: list[Row], window: slice, negatives: Negatives, tally: Tally, *, test_share: float, split_seed: int
) -> Benchmark:
    """Make pool and test set: every promoter's window (class 1) and its negative's (class 0), on one side. That side
    does not depend on the window, unless it makes promoters alike which are not in the paper's two: a promoter is on
    the same side in ``prom_core`` and ``prom_300``. Pool rows that are, on either strand, in the test set too are taken
    out."""
    bases, kinds = np.stack([encode(row.sequence) for row in promoters]), np.array([row.label for row in promoters])
    keys = [canonical(bases[:, part]) for part in (slice(None), *CORE_WINDOWS, window)]
    group = join_groups(keys, len(bases))  # alike in any window
    in_test = draw_test_side(group, kinds, share=test_share, seed=split_seed)
    rows = np.stack((bases[:, window], _windows_of_negatives(bases, window, negatives)), axis=1)
    of_row = canonical(rows.reshape(-1, rows.shape[-1]))
    tested = {key for key, held in zip(of_row, in_test.repeat(2), strict=True) if held}
    crossing = np.array([key in tested for key in of_row]) & ~in_test.repeat(2)
    in_pool = ~in_test.repeat(2) & ~crossing
    found, lost = len(bases), f" ({tally.lost} left out)" if tally.lost else ""
    paper = f"; the paper's {2 * PAPER_COUNT:,} rows are of {PAPER_COUNT:,}" if found != PAPER_COUNT else ""
    origin: dict[str, Any] = {
        "note": f"{found:,} promoters{lost}{paper}",
        "promoters": found,
        "kinds": dict(sorted(Counter(kinds.tolist()).items())),
        "kinds_in_test": dict(sorted(Counter(kinds[in_test].tolist()).items())),
        "left_out": dict(tally.left_out),
        "groups_of_duplicates": len(np.unique(group)),
        "taken_out_of_pool_as_in_test": int(crossing.sum()),
    }
    places = [_inside(row.place, window) for row in promoters if row.place is not None for _ in range(2)]
    offsets = np.arange(2 * found + 1, dtype=np.int64) * rows.shape[-1]
    whole = Examples(rows.reshape(-1), offsets, np.tile([1, 0], found), places=places or None)
    pool, test = (whole.take(np.flatnonzero(side)) for side in (in_pool, in_test.repeat(2)))
    return Benchmark(pool, test, ("0", "1"), origin)


def _inside(place: Place, window: slice) -> Place:
    """Where a window of a promoter lies."""
    if place.strand == "+":
        return place._replace(start=place.start + window.start, stop=place.start + window.stop)
    return place._replace(start=place.stop - window.stop, stop=place.stop - window.start)


def _windows_of_negatives(
    promoters: UInt8[np.ndarray, "rows bases"], window: slice, settings: Negatives
) -> UInt8[np.ndarray, "rows _window"]:
    """The window's part of every negative; all windows are of the same negatives."""
    rng = generator(settings.seed, "promoters", "negatives")
    negatives = draw_negatives(promoters, settings, rng)
    for _ in range(DRAWS if settings.redraw_copies else 0):
        same = negatives == promoters
        copies = np.flatnonzero(same[:, window].all(axis=1) | same[:, CORE_IN_BOTH].all(axis=1))
        if not len(copies):
            break
        negatives[copies] = draw_negatives(promoters[copies], settings, rng)
    else:
        require(not settings.redraw_copies, "task.negatives", "parts whose change shows in the window", "none")
    return negatives[:, window]


def draw_negatives(
    promoters: UInt8[np.ndarray, "rows bases"], settings: Negatives, rng: np.random.Generator
) -> UInt8[np.ndarray, "rows bases"]:
    """Make a negative of every promoter: every choice of as many parts to keep is equally probable. Raises ValueError
    if a promoter has fewer bases than there are parts."""
    (rows, bases), parts = promoters.shape, settings.parts
    require(parts <= bases, "task.negatives.parts", f"at most {bases}", parts)
    if settings.breakpoints == "equal":
        part = np.broadcast_to(np.arange(bases) * parts // bases, (rows, bases))
    else:
        cuts = rng.random((rows, bases - 1)).argsort(axis=1)[:, : parts - 1] + 1
        begins = np.zeros((rows, bases), dtype=np.int64)
        np.put_along_axis(begins, cuts, 1, axis=1)
        part = begins.cumsum(axis=1)
    always = int(settings.keep_last)
    order = rng.random((rows, parts - always)).argsort(axis=1)
    kept = np.hstack((order < settings.kept - always, np.ones((rows, always), dtype=bool)))
    stays = np.take_along_axis(kept, part, axis=1)
    return np.where(stays, promoters, rng.integers(4, size=promoters.shape, dtype=np.uint8))
