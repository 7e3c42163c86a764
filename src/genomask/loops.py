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
    """Copy segments into the rows of a batch; ``stretches`` are those of the axis that they start in."""
    (origins, in_genome), (starts, lengths) = axis, segments
    for row in range(len(starts)):
        start, stop, stretch = starts[row], starts[row] + lengths[row], stretches[row]
        place = start
        while place < stop:  # once, unless the segment leads from one stretch into the next
            end, shift = min(stop, origins[stretch + 1]), in_genome[stretch] - origins[stretch]
            copy(batch[row, place - start : end - start], bases[place + shift : end + shift])
            place, stretch = end, stretch + 1


@compiled
@no_type_check
def mark_unknown(bases: Any, length: Any, k: Any, token_ids: Any) -> None:
    """Write [UNK] for every k-mer of a row that holds a letter that is not one of the four bases."""
    left = 0  # k-mers that the last such letter is still part of
    for place in range(length):
        left = k if bases[place] >= OTHER else left - 1
        if left > 0 and place >= k - 1:
            token_ids[place - k + 2] = UNK


@compiled
@no_type_check
def tokenise_rows(bases: Any, lengths: Any, k: Any, token_ids: Any) -> None:
    """Write every token id of a padded batch; a length is at most the batch's width."""
    mask = 4**k - 1
    for row in range(len(bases)):
        length, ids, read, others = min(lengths[row], bases.shape[1]), token_ids[row], bases[row], np.uint8(0)
        code, end = np.int64(0), max(length - k + 1, 0) + 1
        for place in range(length):
            others |= read[place]
        for place in range(min(k - 1, length)):
            code = code << 2 | read[place] & 3
        for place in range(k - 1, length):
            code = (code << 2 | read[place] & 3) & mask
            ids[place - k + 2] = code + FIRST_KMER
        if others >= OTHER:
            mark_unknown(read, length, k, ids)
        ids[0], ids[end] = CLS, SEP
        for place in range(end + 1, len(ids)):
            ids[place] = PAD
