"""The built-in strategies once more, compiled and row by row, for batches on the CPU.

torch takes some 60 passes over a batch to mask it, each of which costs a few microseconds to start; here a
row stays in the processor's cache, and only what lies around a center is looked at. Both must agree bit for
bit: the classes of the strategies say what is to be computed, and tests hold the two against each other.

A ``batch`` is its token ids, the keys of its rows with a stream's number added, and which tokens are hidden,
to be written. A ``last`` is the largest draw that has a probability.
"""

from typing import Any, no_type_check

import numpy as np

from genomask.alphabet import FIRST_KMER, MASK, OTHER, UNK
from genomask.compiled import compiled

BY_TOKEN, BY_DRAW, BY_POSITION = range(3)  # where the rank of a token comes from
CEIL, FLOOR, RELEASED, ONE = range(4)  # how many of the centers are high
BY_SCORE, BY_SLOT, BY_LAST_SLOT = range(3)  # which of the centers are high

_U32 = np.uint32  # numba widens a sum or product of two of them, so that each has to be narrowed again
_GOLDEN, _FIRST_FACTOR, _SECOND_FACTOR = _U32(0x9E3779B9), _U32(0x7FEB352D), _U32(0x846CA68B)
_SIGN, _15, _16 = _U32(2**31), _U32(15), _U32(16)


@compiled
@no_type_check
def draw(key: Any, position: Any) -> Any:
    """The number that ``draws.bits`` draws, counted from the smallest: 0..2**32 - 1."""
    word = _U32(_U32(key) + _U32(position) * _GOLDEN)
    word = _U32(_U32(word ^ (word >> _16)) * _FIRST_FACTOR + _U32(key >> 32))
    word = _U32(_U32(word ^ (word >> _15)) * _SECOND_FACTOR)
    return _U32(word ^ (word >> _16) ^ _SIGN)


@compiled
@no_type_check
def is_content(token_id: Any) -> Any:
    """Whether a token may be hidden."""
    return (token_id >= FIRST_KMER) | (token_id == UNK)


@compiled
@no_type_check
def find_centers(token_ids: Any, key: Any, last: Any, flags: Any, centers: Any) -> Any:
    """Write the centers of a row into ``centers``; returns how many there are."""
    tokens, count = len(token_ids), 0
    for token in range(tokens):
        flags[token] = draw(key, token) <= last
    words = flags.view(np.int64)  # of eight tokens each, nearly all of them without a center
    for word in range(len(words)):
        if words[word]:
            for token in range(8 * word, min(8 * word + 8, tokens)):
                if flags[token] and is_content(token_ids[token]):
                    centers[count] = token
                    count += 1
    return count


@compiled
@no_type_check
def mark(hidden: Any, token_ids: Any, first: Any, last: Any) -> None:
    """Mark the tokens ``first..last`` of a row, as far as there are such tokens and none is special."""
    for token in range(max(first, 0), min(last + 1, len(hidden))):
        hidden[token] = is_content(token_ids[token])


@compiled
@no_type_check
def hide_spans(batch: Any, k: Any, lasts: Any) -> None:
    """Hide spans of bases from center bases on: random spans, or with a single limit single bases."""
    token_ids, keys, hidden = batch
    rows, tokens = token_ids.shape
    flags, centers = np.zeros(tokens + 7 & -8, np.bool_), np.empty(tokens, np.int64)
    for row in range(rows):
        count = find_centers(token_ids[row], keys[row], lasts[0], flags, centers)
        for center in centers[:count]:
            drawn, longer = draw(keys[row], center), 0
            while longer + 1 < len(lasts) and drawn <= lasts[longer + 1]:
                longer += 1
            mark(hidden[row], token_ids[row], center - (k - 1) // 2, center + k // 2 + longer)


@compiled
@no_type_check
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
@no_type_check
def fixed_centers(token_ids: Any, key: Any, share: Any, order: Any, centers: Any) -> Any:
    """Write the share of a row's content with the smallest draws into ``centers``; returns how many."""
    content = 0
    for token in range(len(token_ids)):
        if is_content(token_ids[token]):
            order[content] = np.int64(draw(key, token)) << 30 | token
            content += 1
    sort(order, content)
    count = int(np.rint(content * share))
    for place in range(count):
        centers[place] = order[place] & 2**30 - 1
    return count


@compiled
@no_type_check
def high_count(count: Any, rule: Any, all_high: Any) -> Any:
    """How many of a row's centers hide a whole k-mer."""
    if rule == ONE:
        return min(count, 1)
    if rule == RELEASED and count <= all_high:
        return count
    return count // 2 if rule == FLOOR else (count + 1) // 2


@compiled
@no_type_check
def best_nearby(token_ids: Any, center: Any, ranks: Any, k: Any, shift: Any) -> Any:
    """The best rank among the tokens that hold the center base, and after it the token's position."""
    source, table, key = ranks
    first, stop = max(center - (k - 1) // 2, 0), min(center + k // 2 + 1, len(token_ids))
    best = np.int64(2**62)
    if source == BY_TOKEN:
        for token in range(first, stop):
            best = min(best, np.int64(table[token_ids[token]]) << shift | token)
    elif source == BY_POSITION:
        for token in range(first, stop):
            rank = np.int64(table[token] if is_content(token_ids[token]) else len(table))
            best = min(best, rank << shift | token)
    else:
        for token in range(first, stop):
            drawn = np.int64(draw(key, token)) - 2**31 >> 32 - 2 * k
            best = min(best, (drawn if is_content(token_ids[token]) else 4**k) << shift | token)
    return best


@compiled
@no_type_check
def hide_half_spans(batch: Any, k: Any, draws: Any, ranks: Any, high: Any) -> None:
    """Hide the center base of every center and, near the high ones, all bases of a token (Sec. 4.2).

    Args:
        batch: See above.
        k: Bases in a k-mer.
        draws: Largest draw of a center; or, above 0, the share of a row's tokens that are centers.
        ranks: Where ranks come from, their table, and what to add to a key to draw them.
        high: How many centers are high (of a row, and up to how many all are), by what they are chosen, the
            number of slots, and whether they hide themselves rather than the best token nearby.
    """
    (token_ids, keys, hidden), (last, share) = batch, draws
    source, table, other_stream = ranks
    rule, all_high, choice, slots, at_center = high
    rows, tokens = token_ids.shape
    shift = 0
    while 1 << shift < tokens:
        shift += 1
    flags, positions = np.zeros(tokens + 7 & -8, np.bool_), (1 << shift) - 1
    centers, order = np.empty(tokens, np.int64), np.empty(tokens, np.int64)
    for row in range(rows):
        ids = token_ids[row]
        if share > 0:
            count = fixed_centers(ids, keys[row], share, order, centers)
        else:
            count = find_centers(ids, keys[row], last, flags, centers)
        high_ones = high_count(count, rule, all_high)
        for place in range(count):
            center = centers[place]
            mark(hidden[row], ids, center - (k - 1) // 2, center + k // 2)
            best = best_nearby(ids, center, (source, table, keys[row] + other_stream), k, shift)
            score = best >> shift
            if choice != BY_SCORE:
                score = center % slots if choice == BY_SLOT else -(center % slots)
            order[place] = (score << shift | center) << shift | (center if at_center else best & positions)
        if high_ones < count:
            sort(order, count)
        for place in range(high_ones):
            token = order[place] & positions
            mark(hidden[row], ids, token - k + 1, token + k - 1)


@compiled
@no_type_check
def base_at(token_ids: Any, position: Any, k: Any) -> Any:
    """The base at a position, from the first k-mer that holds it; ``OTHER`` if none does."""
    for before in range(k):
        token = position - (k - 1) + before
        if 0 <= token < len(token_ids) and token_ids[token] >= FIRST_KMER:
            return (token_ids[token] - FIRST_KMER) >> 2 * before & 3
    return np.int64(OTHER)


@compiled
@no_type_check
def longest_word(token_ids: Any, position: Any, k: Any, longest: Any, table: Any) -> Any:
    """Start and length of the longest word over a base, the first of equals; the base alone if in none."""
    best_start, best_length, first = position, 1, position + 1
    while first > position - longest + 1 and base_at(token_ids, first - 1, k) != OTHER:
        first -= 1
    code, stop, base = np.int64(0), first, base_at(token_ids, first, k)
    for start in range(first, position + 1):
        while stop < start + longest and base != OTHER:
            code, stop = code << 2 | base, stop + 1
            base = base_at(token_ids, stop, k)
        strings = np.int64(1) << 2 * (stop - start)
        code &= strings - 1
        length = np.int64(table[strings + code])
        if length > max(position - start, best_length):
            best_start, best_length = start, length
    return best_start, best_length


@compiled
@no_type_check
def hide_words(batch: Any, k: Any, last: Any, table: Any, longest: Any) -> None:
    """Hide the longest word over the center base of every center (Sec. 5.4, PMI-VOCAB)."""
    token_ids, keys, hidden = batch
    rows, tokens = token_ids.shape
    flags, centers = np.zeros(tokens + 7 & -8, np.bool_), np.empty(tokens, np.int64)
    for row in range(rows):
        count = find_centers(token_ids[row], keys[row], last, flags, centers)
        for center in centers[:count]:
            start, length = longest_word(token_ids[row], center + k // 2, k, longest, table)
            mark(hidden[row], token_ids[row], start - k + 1, start + length - 1)


@compiled
@no_type_check
def corrupt(batch: Any, k: Any, lasts: Any, by_run: Any, random_specials: Any) -> None:
    """Put something else in the place of most hidden tokens, into the token ids themselves."""
    shown, keys, hidden = batch
    masked, masked_or_random = lasts
    for row in range(len(shown)):
        run = -1
        for token in range(shown.shape[1]):
            if hidden[row, token]:
                run += token == 0 or not hidden[row, token - 1]
                own = draw(keys[row], token)
                decision = draw(keys[row], run) if by_run else own
                if decision <= masked:
                    shown[row, token] = MASK
                elif decision <= masked_or_random and random_specials:
                    shown[row, token] = (np.int64(own) - 2**31) % (FIRST_KMER + 4**k)
                elif decision <= masked_or_random:
                    shown[row, token] = FIRST_KMER + (np.int64(own) & 4**k - 1)
