"""Negatives made of positives: shuffled with their dinucleotides kept, partly replaced, or matched in a genome."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from genomask.genome.encoded import EncodedGenome
from genomask.genome.names import require_record
from genomask.genome.places import Place
from genomask.genome.sequences import gc_share

WAYS: Final = ("given", "shuffled", "replaced", "matched")
REPLACED_TIMES: Final = 12  # CM-GEMS' silencers: so often, a twentieth of the bases at a random place
REPLACED_PARTS: Final = 20
TRIES: Final = 64  # windows that are looked at for each positive
GC_TOLERANCE: Final = 0.02

Bases = UInt8[np.ndarray, " _bases"]


def shuffle_dinucleotides(bases: Bases, draw: np.random.Generator) -> Bases:
    """A random sequence with the same first and last base and the same number of every pair of neighbours.

    All such sequences are equally probable (Altschul and Erickson 1985): the last step from every letter is a
    random tree that leads to the last base, and the other steps come in random order.
    """
    steps: dict[int, list[int]] = {}
    letters = bases.tolist()
    for one, following in pairwise(letters):
        steps.setdefault(one, []).append(following)
    if len(letters) < 3:
        return bases.copy()
    last = _random_tree(steps, letters[-1], draw)
    for letter, following in steps.items():
        if letter in last:
            following.remove(last[letter])
        order = draw.permutation(len(following)).tolist()
        steps[letter] = [*([last[letter]] if letter in last else []), *(following[at] for at in order)]
    shuffled = [letters[0]]
    while steps.get(shuffled[-1]):
        shuffled.append(steps[shuffled[-1]].pop())
    return np.array(shuffled, dtype=np.uint8)


def replace_parts(bases: Bases, draw: np.random.Generator) -> Bases:
    """Twelve times, a twentieth of the bases at a random place are replaced by random ones (CM-GEMS' silencers)."""
    changed, size = bases.copy(), max(1, len(bases) // REPLACED_PARTS)
    for start in draw.integers(len(bases) - size + 1, size=REPLACED_TIMES).tolist():
        changed[start : start + size] = draw.integers(4, size=size)
    return changed


def match_windows(
    positives: Sequence[Bases],
    places: Sequence[Place],
    avoid: Sequence[Place],
    genome: EncodedGenome,
    draw: np.random.Generator,
) -> list[Place | None]:
    """A window of the genome for each positive: of its record, length, strand and GC, and apart from ``avoid``.

    Returns:
        The best of the windows that were looked at, or None where none has the same GC to 0.02.
    """
    offsets = np.asarray(genome.offsets)
    records = [require_record(genome.names, place.record) for place in places]
    starts = np.array([offsets[require_record(genome.names, place.record)] + place.start for place in avoid])
    order, lengths = np.argsort(starts), np.array([place.stop - place.start for place in avoid])
    taken = starts[order], np.maximum.accumulate((starts + lengths)[order])
    windows: list[Place | None] = []
    for bases, place, record in zip(positives, places, records, strict=True):
        begin, end = int(offsets[record]), int(offsets[record + 1])
        free = _free_windows(draw.integers(begin, end, size=TRIES), len(bases), genome, taken)
        shares = _gc(genome.bases[free[:, None] + np.arange(len(bases))])
        difference = np.abs(shares - _gc(bases[None]))
        best = int(np.argmin(difference)) if len(free) else 0
        if not len(free) or not difference[best] <= GC_TOLERANCE:
            windows.append(None)
            continue
        start = int(free[best]) - begin
        windows.append(Place(genome.names[record], start, start + len(bases), place.strand))
    return windows


def _random_tree(steps: dict[int, list[int]], root: int, draw: np.random.Generator) -> dict[int, int]:
    """The last step from every letter but the root, such that they lead to the root (Wilson's walks)."""
    last: dict[int, int] = {}
    for letter in steps:
        walk, at = dict[int, int](), letter
        while at != root and at not in last:
            walk[at] = steps[at][int(draw.integers(len(steps[at])))]
            at = walk[at]
        at = letter
        while at != root and at not in last:
            last[at] = walk[at]
            at = walk[at]
    return last


def _free_windows(
    starts: Int64[np.ndarray, " tries"], length: int, genome: EncodedGenome, taken: tuple[np.ndarray, np.ndarray]
) -> Int64[np.ndarray, " _free"]:
    """Those windows that lie in one run of A, C, G and T and touch no positive."""
    runs = np.asarray(genome.runs)
    run = np.maximum(np.searchsorted(runs[:, 0], starts, side="right") - 1, 0)
    inside = (runs[run, 0] <= starts) & (starts + length <= runs[run, 1])
    before = np.searchsorted(taken[0], starts + length)  # positives that begin before the window ends
    touched = (before > 0) & (taken[1][np.maximum(before - 1, 0)] > starts)
    return starts[inside & ~touched]


def _gc(rows: UInt8[np.ndarray, "rows bases"]) -> Float64[np.ndarray, " rows"]:
    return gc_share(rows.reshape(-1), np.arange(len(rows) + 1) * rows.shape[-1])
