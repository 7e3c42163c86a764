"""The loops of the built-in strategies, compiled, for one sequence at a time.

``first`` and ``stop`` bound the bases that may be mask centers; the ``number`` of a center counts them from 1. A
``last`` is the largest draw that is below a probability. Loops of this module call each other and none elsewhere,
as the compiler's cache does not notice changes of other modules.
"""

from typing import Any

import numpy as np

from genomask.alphabet import OTHER
from genomask.compiled import compiled

BY_KMER, BY_DRAW, BY_POSITION = range(3)  # where the rank of a k-mer comes from
CEIL, FLOOR, RELEASED, ONE = range(4)  # how many of the centers are high
BY_SCORE, BY_SLOT, BY_LAST_SLOT = range(3)  # which of the centers are high
ALL_HIGH = 8  # up to so many centers the released code counts every one as high
SET_SLOTS = 32  # of CPython's table for a set of 5 to 18 elements, which it visits slot by slot
NO_RANK = 2**22  # worse than every rank
PER_TOKEN, PER_RUN, PER_BASE = range(3)  # what one draw of the corruption decides for

_U32 = np.uint32  # numba widens a sum or product of two of them, so that each has to be narrowed again
_GOLDEN, _FIRST_FACTOR, _SECOND_FACTOR = _U32(0x9E3779B9), _U32(0x7FEB352D), _U32(0x846CA68B)
_SIGN, _15, _16 = _U32(2**31), _U32(15), _U32(16)


@compiled
def draw(key: Any, number: Any) -> Any:
    """Draw one of 0..2**32 - 1: the hash "lowbias32" of a counter, with the upper half of the key added on the way."""
    word = _U32(_U32(key) + _U32(number) * _GOLDEN)
    word = _U32(_U32(word ^ (word >> _16)) * _FIRST_FACTOR + _U32(key >> 32))
    word = _U32(_U32(word ^ (word >> _15)) * _SECOND_FACTOR)
    return _U32(word ^ (word >> _16) ^ _SIGN)


@compiled
def draw_many(key: Any, drawn: Any) -> None:
    """Write the draws number 0, 1, 2, ... of a key."""
    for number in range(len(drawn)):
        drawn[number] = draw(key, number)


@compiled
def draw_spans(key: Any, first: Any, stop: Any, lasts: Any, chosen: Any) -> None:
    """Choose a span of bases from every center on. One draw says whether a base is a center, and how long its span is.

    A draw up to ``lasts[n]`` makes the span more than n bases long.
    """
    for center in range(first, stop):
        drawn, length = draw(key, center - first + 1), 0
        while length < len(lasts) and drawn <= lasts[length]:
            length += 1
        for base in range(center, min(center + length, len(chosen))):
            chosen[base] = True


@compiled
def find_centers(key: Any, first: Any, stop: Any, last: Any, centers: Any) -> Any:
    """Write the centers of a sequence; returns how many there are."""
    count = 0
    for base in range(first, stop):
        if draw(key, base - first + 1) <= last:
            centers[count] = base
            count += 1
    return count


@compiled
def sort(values: Any, count: Any) -> None:
    """Sort the first values: by Shell's method, as numba would spend seconds on compiling its own."""
    gap = 1
    while 3 * gap < count:
        gap = 3 * gap + 1
    while gap > 0:
        for place in range(gap, count):
            value, hole = values[place], place
            while hole >= gap and values[hole - gap] > value:
                values[hole] = values[hole - gap]
                hole -= gap
            values[hole] = value
        gap //= 3


@compiled
def fixed_centers(key: Any, first: Any, stop: Any, share: Any, order: Any, centers: Any) -> Any:
    """Write the share of the possible centers with the smallest draws; returns how many there are."""
    for base in range(first, stop):
        order[base - first] = np.int64(draw(key, base - first + 1)) << 30 | base
    sort(order, max(stop - first, 0))
    count = int(np.rint(max(stop - first, 0) * share))
    for place in range(count):
        centers[place] = order[place] & 2**30 - 1
    return count


@compiled
def high_count(count: Any, rule: Any, share: Any) -> Any:
    """How many of a sequence's centers hide a whole k-mer."""
    if rule == ONE:
        return min(count, 1)
    if rule == RELEASED and count <= ALL_HIGH:
        return count
    exact = count * share
    return int(np.floor(exact + 1e-9) if rule == FLOOR else np.ceil(exact - 1e-9))


@compiled
def write_ranks(bases: Any, k: Any, source: Any, table: Any, key: Any, ranks: Any) -> None:
    """Write the rank of every k-mer of a sequence, by its first base; k-mers with unknown bases come last."""
    code, known, worst = 0, 0, (1 << 2 * k) + 1
    for place in range(len(bases)):
        known = known + 1 if bases[place] < OTHER else 0
        code = (code << 2 | bases[place] & 3) & (1 << 2 * k) - 1
        start = place - k + 1
        if start >= 0:
            if source == BY_POSITION:
                ranks[start] = table[start + 1]
            elif source == BY_DRAW:
                ranks[start] = draw(key, start + 1) >> _U32(32 - 2 * k)
            else:
                ranks[start] = table[code] if known >= k else worst


@compiled
def half_spans(centers: Any, ranks: Any, k: Any, first: Any, high: Any, chosen: Any) -> None:
    """Choose every center and, near the high ones, all bases of a k-mer (Sec. 4.2, steps 2 to 4).

    ``centers`` are in rising order, or in that of their draws; ``ranks`` of the k-mers by their first base, small ones
    best. ``high`` says how many centers are high (a rule and a share), by what they are chosen, and whether they hide
    the k-mer around themselves rather than the best one nearby.
    """
    rule, share, choice, at_center = high
    shift, count = 0, len(centers)
    order = np.empty(count, np.int64)
    while 1 << shift < len(chosen) + 2:
        shift += 1
    for place in range(count):
        center = centers[place]
        chosen[center] = True
        best = np.int64(NO_RANK) << shift | len(chosen)  # where no k-mer holds the center
        for start in range(max(center - k + 1, 0), min(center + 1, len(ranks))):
            best = min(best, np.int64(ranks[start]) << shift | start)
        score, number = best >> shift, center - first + 1
        if choice != BY_SCORE:
            score = number % SET_SLOTS if choice == BY_SLOT else -(number % SET_SLOTS)
        start = max(center - k // 2, 0) if at_center else best & (1 << shift) - 1
        order[place] = (score << shift | number) << shift | start
    high_ones = high_count(count, rule, share)
    if high_ones < count:
        sort(order, count)
    for place in range(high_ones):
        start = order[place] & (1 << shift) - 1
        for base in range(start, min(start + k, len(chosen))):
            chosen[base] = True


@compiled
def longest_word(bases: Any, position: Any, longest: Any, table: Any) -> Any:
    """Start and length of the longest word over a base, the first of equals; the base alone if in none."""
    best_start, best_length, first = position, 1, position + 1
    while first > max(position - longest + 1, 0) and bases[first - 1] < OTHER:
        first -= 1
    code, stop = np.int64(0), first
    for start in range(first, position + 1):
        while stop < min(start + longest, len(bases)) and bases[stop] < OTHER:
            code, stop = code << 2 | bases[stop], stop + 1
        strings = np.int64(1) << 2 * (stop - start)
        code &= strings - 1
        length = np.int64(table[strings + code])
        if length > max(position - start, best_length):
            best_start, best_length = start, length
    return best_start, best_length


@compiled
def choose_words(bases: Any, centers: Any, longest: Any, table: Any, chosen: Any) -> None:
    """Choose the longest word over every center (Sec. 5.4, PMI-VOCAB)."""
    for center in centers:
        start, length = longest_word(bases, center, longest, table)
        for base in range(start, start + length):
            chosen[base] = True


@compiled
def cover(chosen: Any, start: Any, stop: Any, masked: Any) -> None:
    """Mark every token that covers a chosen base."""
    before = np.zeros(len(chosen) + 1, np.int64)
    for base in range(len(chosen)):
        before[base + 1] = before[base] + chosen[base]
    for token in range(len(start)):
        masked[token] = before[stop[token]] > before[start[token]]


@compiled
def corrupt(
    tokens: Any, masked: Any, chosen: Any, key: Any, unit: Any, lasts: Any, random_ids: Any, special: Any
) -> None:
    """Put [MASK] or a random token in the place of most masked tokens, into the ids themselves.

    ``tokens`` are ids, the first base of each, and that behind it; ``unit`` is what one draw decides for; ``lasts`` are
    the largest draws that make [MASK], and [MASK] or a random token; ``special`` is the id of [MASK] and, above 0, the
    number of ids of which a random one is drawn in place of ``random_ids``.
    """
    (ids, starts, stops), (mask_last, random_last), (mask, any_id) = tokens, lasts, special
    run = -1
    for token in range(len(ids)):
        if masked[token]:
            run += token == 0 or not masked[token - 1]
            own = draw(key, token + 1)
            decision = draw(key, run) if unit == PER_RUN else own
            if unit == PER_BASE:  # [MASK] before a random token before the token itself
                decision = _U32(2**32 - 1)
                for base in range(starts[token], stops[token]):
                    if chosen[base]:
                        decision = min(decision, draw(key, base + 1))
            if decision <= mask_last:
                ids[token] = mask
            elif decision <= random_last:
                if any_id > 0:
                    ids[token] = (np.int64(own) - 2**31) % any_id
                else:
                    ids[token] = random_ids[own % _U32(len(random_ids))]


@compiled
def find_motifs(bases: Any, order: Any, bits: Any, least: Any, found: Any) -> None:
    """Mark the start and width of every site of a motif; a site is given up as soon as it cannot pass any more."""
    for motif in range(len(order)):
        width = 0
        while width < order.shape[1] and order[motif, width] >= 0:
            width += 1
        for start in range(len(bases) - width + 1):
            score, place = 0.0, 0
            while place < width:
                base = bases[start + order[motif, place]]
                if base >= OTHER:
                    break
                score += bits[motif, place, base]
                if score < least[motif, place]:
                    break
                place += 1
            if place == width:
                found[start, width] = True
