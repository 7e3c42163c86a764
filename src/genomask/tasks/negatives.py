"""Negatives made of positives: shuffled with their dinucleotides kept, partly replaced, or matched in a genome."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from genomask.alphabet import decode, encode
from genomask.genome.encoded import EncodedGenome
from genomask.genome.names import require_record
from genomask.genome.places import Place
from genomask.genome.sequences import gc_share
from genomask.tasks.readers import Row, Tally
from genomask.tasks.sources import cut_rows

NEGATIVE: Final = "0"  # the label of negatives that are made; their positives have 1
WAYS: Final = ("given", "shuffled", "replaced", "matched")
REPLACED_TIMES: Final = 12  # CM-GEMS' silencers: so often, a twentieth of the bases at a random place
REPLACED_PARTS: Final = 20
TRIES: Final = 64  # windows that are looked at for each positive
GC_TOLERANCE: Final = 0.02

Bases = UInt8[np.ndarray, " _bases"]
Random = np.random.Generator


def add_negatives(
    rows: list[Row], positives: list[Row], way: str, genome: EncodedGenome | None, *, draw: Random, tally: Tally
) -> list[Row]:
    """Every positive row of one side, followed by the negative that is made of it in one of ``WAYS``. Matched windows
    of the genome do not touch ``positives``, those of both sides; rows without a window are left out."""
    if way != "matched":
        make = shuffle_dinucleotides if way == "shuffled" else replace_parts
        pairs = ((row, decode(make(encode(row.sequence), draw))) for row in rows)
        return [each for row, text in pairs for each in (row, row._replace(sequence=text, label=NEGATIVE))]
    assert genome is not None, "the settings saw to it"
    taken, wanted = ([row.place for row in side if row.place is not None] for side in (positives, rows))
    windows = match_windows([encode(row.sequence) for row in rows], wanted, taken, genome, draw)
    matched = [(row, window) for row, window in zip(rows, windows, strict=True) if window is not None]
    tally.leave_out("that no window of the genome matches", len(rows) - len(matched))
    placed = [row._replace(label=NEGATIVE, place=window) for row, window in matched]
    negatives = cut_rows(placed, genome, None, tally) if placed else []
    return [each for (row, _), negative in zip(matched, negatives, strict=True) for each in (row, negative)]


def shuffle_dinucleotides(bases: Bases, draw: Random) -> Bases:
    """A random sequence with the same first and last base and the same pairs of neighbours, all equally probable
    (Altschul and Erickson 1985): the last steps from each letter are a random tree that leads to the last base."""
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


def replace_parts(bases: Bases, draw: Random) -> Bases:
    """Twelve times, a twentieth of the bases at a random place are replaced by random ones (CM-GEMS' silencers)."""
    changed, size = bases.copy(), max(1, len(bases) // REPLACED_PARTS)
    for start in draw.integers(len(bases) - size + 1, size=REPLACED_TIMES).tolist():
        changed[start : start + size] = draw.integers(4, size=size)
    return changed


def match_windows(
    positives: Sequence[Bases], places: Sequence[Place], avoid: Sequence[Place], genome: EncodedGenome, draw: Random
) -> list[Place | None]:
    """A window of the genome for each positive: of its record, length, strand and GC, and apart from ``avoid``; the
    best of those that were looked at, or None where none has the same GC to 0.02."""
    records = [require_record(genome.names, place.record) for place in places]
    starts = np.array([genome.offsets[require_record(genome.names, place.record)] + place.start for place in avoid])
    order, lengths = np.argsort(starts), np.array([place.stop - place.start for place in avoid])
    taken = starts[order], np.maximum.accumulate((starts + lengths)[order])
    windows: list[Place | None] = []
    for bases, place, record in zip(positives, places, records, strict=True):
        begin, end = genome.offsets[record : record + 2].tolist()
        free = _free_windows(draw.integers(begin, end, size=TRIES), len(bases), genome, taken)
        difference = np.abs(_gc(genome.bases[free[:, None] + np.arange(len(bases))]) - _gc(bases[None]))
        start = int(free[np.argmin(difference)]) - begin if len(free) else 0
        fits = len(free) > 0 and difference.min() <= GC_TOLERANCE
        window = Place(genome.names[record], start, start + len(bases), place.strand)
        windows.append(window if fits else None)
    return windows


def _random_tree(steps: dict[int, list[int]], root: int, draw: Random) -> dict[int, int]:
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
