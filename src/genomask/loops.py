"""Compiled loops from an encoded genome to token ids: they read every base once, and write every id once."""

from typing import Any, no_type_check

import numpy as np

from genomask.alphabet import CLS, FIRST_KMER, OTHER, PAD, SEP, UNK
from genomask.compiled import compiled, has_numba


@compiled
@no_type_check
def _copy(batch: Any, bases: Any) -> None:
    for place in range(len(bases)):  # numba assigns a slice in seven times the time
        batch[place] = bases[place]


copy = _copy if has_numba() else np.copyto


@compiled
@no_type_check
def read_segments(bases: Any, axis: Any, segments: Any, stretches: Any, batch: Any) -> None:
    """Copy segments into the rows of a batch, filled up with ``OTHER``.

    ``stretches`` are those of the axis that they start in.
    """
    (origins, in_genome), (starts, lengths) = axis, segments
    for row in range(len(starts)):
        start, stop, stretch = starts[row], starts[row] + lengths[row], stretches[row]
        place = start
        while place < stop:  # once, unless the segment leads from one stretch into the next
            end, shift = min(stop, origins[stretch + 1]), in_genome[stretch] - origins[stretch]
            copy(batch[row, place - start : end - start], bases[place + shift : end + shift])
            place, stretch = end, stretch + 1
        batch[row, stop - start :].fill(OTHER)


@compiled
@no_type_check
def mark_unknown(bases: Any, k: Any, token_ids: Any) -> None:
    """Write [UNK] for every k-mer of a row that holds a letter that is not one of the four bases."""
    left = 0  # k-mers that the last such letter is still part of
    for place in range(len(bases)):
        left = k if bases[place] >= OTHER else left - 1
        if left > 0 and place >= k - 1:
            token_ids[place - k + 2] = UNK


@compiled
@no_type_check
def append(codes: Any, bases: Any) -> None:
    """Append a base to every code; the narrower the codes, the more of them the processor takes at once."""
    for place in range(len(bases)):
        codes[place] = codes[place] << 2 | bases[place] & 3


@compiled
@no_type_check
def write_kmers(firsts: Any, lasts: Any, shift: Any, token_ids: Any) -> None:
    """Write the token ids of k-mers whose first and last bases have these codes; they may share one."""
    for place in range(len(firsts)):
        token_ids[place] = (np.int64(firsts[place]) << shift | np.int64(lasts[place])) + FIRST_KMER


@compiled
@no_type_check
def tokenise_rows(bases: Any, lengths: Any, k: Any, codes: Any, token_ids: Any) -> None:
    """Write every token id of a padded batch; a length is at most the batch's width, as that of ``codes``.

    The codes are those of half a k-mer, rounded up, so that they are as narrow as can be.
    """
    half = (k + 1) // 2
    rest = k - half
    for row in range(len(bases)):
        read, ids, others = bases[row, : max(lengths[row], 0)], token_ids[row], np.uint8(0)
        kmers, halves = max(len(read) - k + 1, 0), codes[: max(len(read) - half + 1, 0)]
        for place in range(len(read)):
            others |= read[place]
        for place in range(len(halves)):
            halves[place] = read[place] & 3
        for place in range(1, half):
            append(halves, read[place : place + len(halves)])
        write_kmers(halves[:kmers], halves[rest:], 2 * rest, ids[1:])
        if others >= OTHER:
            mark_unknown(read, k, ids)
        ids[0], ids[kmers + 1] = CLS, SEP
        for place in range(kmers + 2, len(ids)):
            ids[place] = PAD
