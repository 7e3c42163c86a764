"""Negatives made of promoters: cut into parts, keep some, replace the rest (DeePromoter, Sec. 5.1)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from genomask.checks import require, require_choice


@dataclass
class Negatives:
    """How a promoter becomes its negative.

    Attributes:
        parts: Number of parts that a sequence is cut into.
        kept: How many of them stay; every base of the others is drawn anew, uniformly.
        breakpoints: ``equal`` parts, or parts between ``random`` cuts, drawn for every sequence.
        keep_last: Whether the last part is always one of those kept.
        of: What is cut into parts: the ``promoter`` of 300 bases, whose window is then taken, or the
            ``window`` itself.
        redraw_copies: Draw again where all that is in the window was kept, which would give one sequence
            both labels.
        seed: Draws parts and bases.
    """

    parts: int
    kept: int
    breakpoints: str
    keep_last: bool
    of: str
    redraw_copies: bool
    seed: int

    def __post_init__(self) -> None:
        require(self.parts >= 2, "task.negatives.parts", "at least 2", self.parts)
        fewest = 1 if self.keep_last else 0
        found = self.kept
        require(fewest <= found < self.parts, "task.negatives.kept", f"{fewest} to {self.parts - 1} parts", found)
        require_choice(self.breakpoints, "task.negatives.breakpoints", ("equal", "random"))
        require_choice(self.of, "task.negatives.of", ("promoter", "window"))
        require(self.seed >= 0, "task.negatives.seed", "at least 0", self.seed)


def draw_negatives(
    promoters: UInt8[np.ndarray, "rows bases"], settings: Negatives, rng: np.random.Generator
) -> UInt8[np.ndarray, "rows bases"]:
    """Make a negative of every promoter.

    Raises:
        ValueError: If a promoter has fewer bases than there are parts.
    """
    rows, bases = promoters.shape
    require(settings.parts <= bases, "task.negatives.parts", f"at most {bases}", settings.parts)
    part = _parts(rows, bases, settings, rng)
    stays = np.take_along_axis(_kept(rows, settings, rng), part, axis=1)
    return np.where(stays, promoters, rng.integers(4, size=promoters.shape, dtype=np.uint8))


def _parts(rows: int, bases: int, settings: Negatives, rng: np.random.Generator) -> Int64[np.ndarray, "rows bases"]:
    """Which part every base lies in."""
    if settings.breakpoints == "equal":
        part = np.arange(bases) * settings.parts // bases
        return np.broadcast_to(part, (rows, bases))
    cuts = rng.random((rows, bases - 1)).argsort(axis=1)[:, : settings.parts - 1] + 1
    begins = np.zeros((rows, bases), dtype=np.int64)
    np.put_along_axis(begins, cuts, 1, axis=1)
    return begins.cumsum(axis=1)


def _kept(rows: int, settings: Negatives, rng: np.random.Generator) -> Bool[np.ndarray, "rows _parts"]:
    """Which parts stay: every choice of so many is equally probable."""
    always = int(settings.keep_last)
    order = rng.random((rows, settings.parts - always)).argsort(axis=1)
    return np.hstack((order < settings.kept - always, np.ones((rows, always), dtype=bool)))
