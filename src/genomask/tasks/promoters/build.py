"""From promoters to a benchmark: cut, split, make negatives, and see to it that nothing leaks."""

from collections import Counter
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from genomask.checks import require
from genomask.seeds import generator
from genomask.tasks.examples import Benchmark, Examples
from genomask.tasks.leaks.pairs import overlaps
from genomask.tasks.promoters.cut import Promoters, inside, said
from genomask.tasks.promoters.negatives import Negatives, draw_negatives
from genomask.tasks.split import canonical, draw_test_side, join_groups

# -34..+35 begins at 215. The released files' begins one base later. A split must not depend on the choice.
CORE_WINDOWS: Final = (slice(215, 285), slice(216, 286))
CORE_IN_BOTH: Final = slice(216, 285)
PAPER_COUNT: Final = 29_598  # promoters of EPDnew 006, and half of the paper's 59,196 rows
DRAWS: Final = 100  # more copies in a row than this are no accident


def build(
    promoters: Promoters,
    *,
    window: slice,
    negatives: Negatives,
    test_share: float,
    together: str,
    split_seed: int,
) -> Benchmark:
    """Make pool and test set: every promoter's window (class 1) and its negative's (class 0), on one side.

    Which side a promoter is on depends on the promoters, ``test_share``, ``together`` and the seed. It does
    not depend on the window, unless that makes promoters alike which are not in the paper's two: a promoter
    is on the same side in ``prom_core`` and in ``prom_300``.
    """
    bases = promoters.bases
    group = _groups(promoters, window, together)
    in_test = draw_test_side(group, promoters.kinds, share=test_share, seed=split_seed)
    rows = np.stack((bases[:, window], _negatives(bases, window, negatives)), axis=1)
    crossing = _crossing(rows, in_test)
    in_pool = ~in_test[:, None] & ~crossing
    pool = _examples(rows, in_pool)
    test = _examples(rows, np.repeat(in_test[:, None], 2, axis=1))
    origin = _origin(promoters, in_test, int(crossing.sum()), len(set(group.tolist())))
    places = None
    if promoters.places is not None:
        windows = [inside(place, window) for place in promoters.places]
        places = (
            [windows[row] for row in np.nonzero(in_pool)[0].tolist()],
            [windows[row] for row in np.flatnonzero(in_test).repeat(2).tolist()],
        )
    return Benchmark(pool, test, ("0", "1"), places, origin)


def _negatives(
    promoters: UInt8[np.ndarray, "rows bases"], window: slice, settings: Negatives
) -> UInt8[np.ndarray, "rows _window"]:
    """The window's part of every negative; with ``of=promoter`` all windows are of the same negatives."""
    rng = generator(settings.seed, "promoters", "negatives")
    cut_up = promoters[:, window] if settings.of == "window" else promoters
    looked_at = (slice(None),) if settings.of == "window" else (window, CORE_IN_BOTH)
    negatives = draw_negatives(cut_up, settings, rng)
    for _ in range(DRAWS if settings.redraw_copies else 0):
        same = negatives == cut_up
        copies = np.flatnonzero(np.any([same[:, part].all(axis=1) for part in looked_at], axis=0))
        if not len(copies):
            break
        negatives[copies] = draw_negatives(cut_up[copies], settings, rng)
    else:
        require(not settings.redraw_copies, "task.negatives", "parts whose change shows in the window", "none")
    return negatives if settings.of == "window" else negatives[:, window]


def _groups(promoters: Promoters, window: slice, together: str) -> Int64[np.ndarray, " rows"]:
    """Promoters that must be on one side: those alike in any window; those that overlap, if asked for."""
    windows = (slice(None), *CORE_WINDOWS, window)
    keys = [canonical(promoters.bases[:, part]) for part in windows]
    places = promoters.places if together == "overlaps" else None
    return join_groups(keys, len(promoters.bases), [overlaps(places, places)] if places else ())


def _crossing(
    rows: UInt8[np.ndarray, "rows 2 bases"], in_test: Bool[np.ndarray, " rows"]
) -> Bool[np.ndarray, "rows 2"]:
    """Rows of the pool that are, as they are or reverse-complemented, in the test set too."""
    keys = np.array(canonical(rows.reshape(-1, rows.shape[-1])), dtype=object).reshape(-1, 2)
    tested = set(keys[in_test].ravel().tolist())
    found = np.array([key in tested for key in keys.ravel()]).reshape(-1, 2)
    return found & ~in_test[:, None]


def _examples(rows: UInt8[np.ndarray, "rows 2 bases"], chosen: Bool[np.ndarray, "rows 2"]) -> Examples:
    kept = rows[chosen]
    labels = np.broadcast_to(np.array([1, 0]), chosen.shape)[chosen]
    return Examples(kept.reshape(-1), np.arange(len(kept) + 1, dtype=np.int64) * rows.shape[-1], labels)


def _origin(promoters: Promoters, in_test: Bool[np.ndarray, " rows"], crossing: int, groups: int) -> dict[str, Any]:
    found = len(promoters.bases)
    note = f"{found:,} promoters"
    if promoters.left_out:
        note += f" ({said(promoters.left_out)} left out)"
    if found != PAPER_COUNT:
        note += f"; the paper's {2 * PAPER_COUNT:,} rows are of {PAPER_COUNT:,}"
    return {
        "note": note,
        "promoters": found,
        "promoters_of_the_paper": PAPER_COUNT,
        "kinds": dict(sorted(Counter(promoters.kinds).items())),
        "kinds_in_test": dict(sorted(Counter(np.asarray(promoters.kinds)[in_test].tolist()).items())),
        "left_out": dict(promoters.left_out),
        "groups_of_duplicates": groups,
        "taken_out_of_pool_as_in_test": crossing,
    }
