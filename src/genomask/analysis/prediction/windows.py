"""Cut sequences into the windows that a classifier takes."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, UInt8

from genomask.analysis.prediction.pieces import Piece
from genomask.checks import require


class Cut(NamedTuple):
    """How windows are cut.

    Attributes:
        window: Bases of a window; None takes every sequence whole.
        step: Bases from the start of one window to that of the next.
        shortest: Bases of the shortest window that the classifier takes.
        longest: Bases of the longest one.
    """

    window: int | None
    step: int
    shortest: int
    longest: int


class Window(NamedTuple):
    """A window: the sequence that it is of, ``[start, stop)`` in what that is of, and its bases.

    Attributes:
        name: The record, the row or the chromosome.
        start: 0-based position of its first base there.
        stop: The same of the base after its last one.
        strand: ``+`` or ``-``, along which its bases are read.
        row: Number of its sequence in the input, from 1.
        bin: The part of it that is nearer to its middle than to that of any other window, for tracks.
        bases: Bases 0..4.
    """

    name: str
    start: int
    stop: int
    strand: str
    row: int
    bin: tuple[int, int]
    bases: UInt8[np.ndarray, " _bases"]


def cut_of(window: int | None, step: int | None, *, shortest: int, longest: int) -> Cut:
    """The settings of the cut, if they can be.

    Raises:
        ValueError: If the classifier takes no such window, or there is a step without a window.
    """
    if window is None:
        require(step is None, "--step", "a --window too", step)
        return Cut(None, 1, shortest, longest)
    needed = f"{shortest:,} to {longest:,} bases, which the classifier takes"
    require(shortest <= window <= longest, "--window", needed, window)
    require(step is None or step >= 1, "--step", "at least 1 base", step)
    return Cut(window, step or window, shortest, longest)


def window_count(piece: Piece, cut: Cut) -> int:
    """Windows of a sequence.

    Raises:
        ValueError: If it is too short for the classifier, or too long to be taken whole.
    """
    length = len(piece.bases)
    if length < cut.shortest:
        raise ValueError(f"{piece.where}: {length} bases are too few; the classifier needs {cut.shortest} or more.")
    if cut.window is None and length > cut.longest:
        raise ValueError(
            f"{piece.where}: {length:,} bases are more than the {cut.longest:,} that the classifier takes at "
            "once. Cut windows out of them: --window N --step N."
        )
    return len(_starts(length, cut))


def cut_windows(pieces: Iterable[Piece], cut: Cut) -> Iterator[Window]:
    """Cut every sequence into windows, from its start on; the last one ends where the sequence ends.

    A sequence that is no longer than a window is one window. Every window lies in one sequence.
    """
    for piece in pieces:
        found = _windows(piece, cut)
        yield from reversed(list(found)) if piece.reverse else found


def _windows(piece: Piece, cut: Cut) -> Iterator[Window]:
    """Windows in the order of the piece's own strand."""
    length = len(piece.bases)
    size = length if cut.window is None else min(cut.window, length)
    margin = max(0, size - cut.step) // 2
    last, covered = length - size, 0
    for start in _starts(length, cut).tolist():
        stop = start + size
        first = max(covered, start + margin if start else 0)
        covered = stop if start == last else min(stop, start + margin + cut.step)
        yield _placed(piece, (start, stop), (first, covered))


def _placed(piece: Piece, window: tuple[int, int], bin_: tuple[int, int]) -> Window:
    """Positions along the reverse strand are counted from the other end."""
    start, stop = window
    bases, length = piece.bases[start:stop], len(piece.bases)
    if piece.reverse:
        (start, stop), bin_ = (length - stop, length - start), (length - bin_[1], length - bin_[0])
    moved = piece.start + bin_[0], piece.start + bin_[1]
    strand = "-" if piece.reverse else "+"
    return Window(piece.name, piece.start + start, piece.start + stop, strand, piece.row, moved, bases)


def _starts(length: int, cut: Cut) -> Int64[np.ndarray, " windows"]:
    if cut.window is None or length <= cut.window:
        return np.zeros(1, dtype=np.int64)
    last = length - cut.window
    starts = np.arange(0, last + 1, cut.step)
    return starts if starts[-1] == last else np.append(starts, last)
