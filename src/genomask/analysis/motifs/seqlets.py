"""Seqlets: stretches of sequence that a classifier looks at, each beside one that it does not look at."""

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float32, UInt8

from genomask.alphabet import OTHER
from genomask.analysis.motifs.words import Labelled
from genomask.tasks.examples import Examples

WIDTH: Final = 24  # bases that are cut out around a seqlet's middle; DNABERT's window
FEWEST: Final = 5  # bases of a seqlet; DNABERT's smallest


class Seqlet(NamedTuple):
    """A maximal run of bases that all score high."""

    row: int
    start: int
    stop: int


def find_seqlets(scores: Float32[np.ndarray, "rows bases"], examples: Examples, *, share: float) -> list[Seqlet]:
    """All maximal runs of at least ``FEWEST`` bases among the ``share`` of bases that score highest.

    The limit is one for all rows, so that a row in which nothing stands out has no seqlet; it is never
    below 0, so that a seqlet speaks for the class.
    """
    inside = np.arange(scores.shape[1]) < examples.lengths[:, None]
    limit = max(0.0, float(np.quantile(scores[inside], 1 - share)))
    high = np.pad((scores > limit) & inside, ((0, 0), (1, 1)))
    change = np.diff(high.astype(np.int8), axis=1)
    (row, start), (_, stop) = np.nonzero(change == 1), np.nonzero(change == -1)
    long = stop - start >= FEWEST
    return [Seqlet(*found) for found in zip(row[long].tolist(), start[long].tolist(), stop[long].tolist(), strict=True)]


def against_unseen(
    seqlets: list[Seqlet], examples: Examples, rng: np.random.Generator
) -> tuple[UInt8[np.ndarray, "windows bases"], UInt8[np.ndarray, "windows bases"], list[int]]:
    """A window around every seqlet, a window elsewhere in the same sequence, and the row of each pair.

    A window is ``WIDTH`` bases, and ``OTHER`` beyond the ends of its sequence. The other window is drawn
    from the places where it touches no seqlet; a seqlet whose sequence has no such place is left out.
    """
    taken = np.zeros((len(examples.labels), int(examples.lengths.max())), dtype=bool)
    for row, start, stop in seqlets:
        taken[row, start:stop] = True
    pairs, rows = [], []
    for row, start, stop in seqlets:
        bases = examples.bases[examples.offsets[row] : examples.offsets[row + 1]]
        free = _free_starts(taken[row, : len(bases)])
        if len(free):
            pairs.append((_window(bases, (start + stop - WIDTH) // 2), _window(bases, int(rng.choice(free)))))
            rows.append(row)
    seen, unseen = np.array(pairs, np.uint8).reshape(-1, 2, WIDTH).swapaxes(0, 1)
    return seen, unseen, rows


def halves(
    seen: UInt8[np.ndarray, "windows bases"], unseen: UInt8[np.ndarray, "windows bases"], rows: list[int]
) -> tuple[Labelled, Labelled]:
    """Windows of the even rows to discover motifs in, and of the odd rows to test them on.

    Pairs are one stratum: the composition of so short a window is the motif itself.
    """
    odd = np.array(rows, dtype=np.int64) % 2 == 1
    even_half, odd_half = (
        Labelled(
            np.vstack((seen[half], unseen[half])),
            np.arange(2 * half.sum()) < half.sum(),
            np.zeros(2 * half.sum(), np.int64),
        )
        for half in (~odd, odd)
    )
    return even_half, odd_half


def _free_starts(taken: np.ndarray) -> np.ndarray:
    if len(taken) < WIDTH:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(~np.lib.stride_tricks.sliding_window_view(taken, WIDTH).any(axis=1))


def _window(bases: UInt8[np.ndarray, " bases"], start: int) -> UInt8[np.ndarray, " window"]:
    place = start + np.arange(WIDTH)
    inside = (place >= 0) & (place < len(bases))
    return np.where(inside, bases[np.clip(place, 0, len(bases) - 1)], np.uint8(OTHER))
