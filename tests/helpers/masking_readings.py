"""Slow, literal readings of the masking strategies, on Python lists, for one sequence at a time.

A sequence is its letters; token t (from 1, as [CLS] is 0) is letters t-1 .. t+k-2. Every reading takes the
numbers that were drawn for the tokens, by position, and returns the positions of the hidden tokens.
"""

import math

import numpy as np

BASES = "ATCG"


def code_of(word):
    code = 0
    for letter in word:
        code = 4 * code + BASES.index(letter)
    return code


def kmers_of(letters, k):
    """Tokens 1.. of a sequence: k-mers, and None for one with an unknown base."""
    pieces = [letters[start : start + k] for start in range(len(letters) - k + 1)]
    return [None, *(None if set(piece) - set(BASES) else piece for piece in pieces)]


def vocabulary_of(words):
    """Which n-mers are words, by length and code."""
    vocabulary = {n: np.zeros(4**n, dtype=bool) for n in {len(word) for word in words}}
    for word in words:
        vocabulary[len(word)][code_of(word)] = True
    return vocabulary


def around(center, before, after, end):
    return [t for t in range(center - before, center + after + 1) if 1 <= t <= end]


def window(center, k, end):
    """DNABERT's offsets: -2..+3 for k = 6, (-2, -1, 1, 2) for 5, (-1, 1, 2) for 4, (-1, 1) for 3."""
    before, after = {3: (1, 1), 4: (1, 2), 5: (2, 2), 6: (2, 3)}[k]
    return around(center, before, after, end)


def read_random(letters, k, draws, probability):
    end = len(letters) - k + 1
    return {t for c in range(1, end + 1) if draws[c] < probability for t in window(c, k, end)}


def read_half_spans(k, end, centers, rank, *, high_half="ceil", span_at="best"):
    """Sec. 4.2, steps 2 to 4; ``rank`` is a function of the position."""
    best = {c: min(window(c, k, end), key=lambda t: (rank(t), t)) for c in centers}
    ordered = sorted(centers, key=lambda c: (rank(best[c]), c))
    count = math.ceil(len(centers) / 2) if high_half == "ceil" else len(centers) // 2
    hidden = set()
    for place, c in enumerate(ordered):
        if place < count:
            token = best[c] if span_at == "best" else c
            hidden |= set(around(token, k - 1, k - 1, end))
        else:
            hidden |= set(window(c, k, end))
    return hidden


def read_pmi(letters, k, draws, probability, ranking, *, count="bernoulli", **settings):
    kmers = kmers_of(letters, k)
    end = len(kmers) - 1
    centers = [c for c in range(1, end + 1) if draws[c] < probability]
    if count == "fixed":
        centers = sorted(range(1, end + 1), key=lambda c: draws[c])[: round(probability * end)]
    rank = [math.inf if kmer is None else ranking[code_of(kmer)] for kmer in kmers]
    return read_half_spans(k, end, sorted(centers), rank.__getitem__, **settings)


def read_released(letters, k, draws, probability, ranking, *, version):
    """Sections 2a and 2b of the reference: ranks belong to positions, and up to 8 centers are all high."""
    end = len(letters) - k + 1
    centers = [c for c in range(1, end + 1) if draws[c] < probability]
    rank = [0] * 5 + list(ranking)
    if version == "2025-03" and len(centers) > 8:
        return read_half_spans(k, end, centers, rank.__getitem__)
    by_slot = sorted(centers, key=lambda c: (c % 32, c))
    best = {c: min(window(c, k, end), key=lambda t: (rank[t], t)) for c in centers}
    if version == "2023-07":
        stale = [c for c in centers if c % 32 == max(d % 32 for d in centers)][:1]
        spans = [(c, k - 1) for c in stale]
    else:
        high = centers if len(centers) <= 8 else by_slot[: math.ceil(len(centers) / 2)]
        spans = [(best[c], k - 1) for c in high]
    hidden = {t for c in centers for t in window(c, k, end)}
    return hidden | {t for token, reach in spans for t in around(token, reach, reach, end)}


def tokens_with(bases, k, end):
    """Tokens that hold one of the letters, which count from 1."""
    return {t for t in range(1, end + 1) if bases & set(range(t, t + k))}


def read_whole_span(letters, k, draws, probability):
    """SpanBERT's lengths: P(n) proportional to 0.2 * 0.8**(n - 1), for n = 1..10."""
    end = len(letters) - k + 1
    weight = [0.2 * 0.8 ** (n - 1) for n in range(1, 11)]
    bases = set()
    for c in range(1, end + 1):
        if draws[c] < probability:
            beyond = [sum(weight[n:]) / sum(weight) for n in range(11)]  # P(length > n)
            length = max(n for n in range(1, 11) if draws[c] < probability * beyond[n - 1])
            bases |= set(range(c + k // 2, c + k // 2 + length))
    return tokens_with(bases, k, end)


def read_vocab(letters, k, draws, probability, words):
    """Every center hides the longest word over its center base; the first, if there are several."""
    end = len(letters) - k + 1
    known = {x for x, letter in enumerate(letters, start=1) if letter in BASES}
    bases = set()
    for c in range(1, end + 1):
        if draws[c] < probability:
            base = c + k // 2
            found = [range(base, base + 1)]
            for n in range(2, 11):
                for start in range(base - n + 1, base + 1):
                    span = range(start, start + n)
                    if set(span) <= known and letters[start - 1 : start - 1 + n] in words:
                        found.append(span)
            bases |= set(max(found, key=lambda span: (len(span), -span.start)))
    return tokens_with(bases, k, end)


def read_token(letters, k, draws, probability):
    """LOGO: every token by itself."""
    return {t for t in range(1, len(letters) - k + 2) if draws[t] < probability}


def read_global(letters, k, draws, probability, rank):
    """CM-GEMS: as many centers as are drawn, at the best ranks; each hides T[c-5..c+5] for k = 6."""
    end = len(letters) - k + 1
    count = sum(draws[t] < probability for t in range(1, end + 1))
    best = sorted(range(1, end + 1), key=lambda t: (rank(t), t))[:count]
    return {t for c in best for t in around(c, k - 1, k - 1, end)}


def read_growing_runs(letters, draws, lengths, probability, progress):
    """RandomMask with 6-mers: T[i-m/2+1..i+m/2], m among 6, 8, .. to a bound that grows by 2 in each of 5 phases."""
    end, hidden = len(letters) - 5, set()
    most = 6 + 2 * min(int(5 * progress), 4)
    for i in range(1, end + 1):
        if draws[i] < probability:
            choices = range(6, most + 1, 2)
            m = choices[int(lengths[i + 2] * len(choices))]  # token i has its center at base i + 2, from 0
            hidden |= {t for t in range(i - m // 2 + 1, i + m // 2 + 1) if 1 <= t <= end}
    return hidden


def read_weighted(letters, k, draws, probability, weight):
    """Each k-mer by itself, in proportion to its weight; ``draws`` and bases count from 0."""
    starts = range(len(letters) - k + 1)
    kmers = [letters[s : s + k] for s in starts]
    weights = [weight(kmer) if set(kmer) <= set(BASES) else 0.0 for kmer in kmers]
    mean = sum(weights) / max(len(weights), 1)
    return {b for s in starts if mean and draws[s] < probability * weights[s] / mean for b in range(s, s + k)}


def read_motif_sites(letters, motifs, score):
    """Start and stop of every site whose log-odds come close enough to the best, on either strand."""
    complement = {"A": "T", "T": "A", "C": "G", "G": "C"}
    sites = set()
    for motif in motifs:
        odds = [{base: math.log2(max(p, 1e-3) / 0.25) for base, p in zip(BASES, row, strict=True)} for row in motif]
        best, worst = (sum(f(row.values()) for row in odds) for f in (max, min))
        for start in range(len(letters) - len(motif) + 1):
            site = letters[start : start + len(motif)]
            if set(site) <= set(BASES):
                other = "".join(complement[letter] for letter in reversed(site))
                for text in (site, other):
                    total = sum(row[letter] for row, letter in zip(odds, text, strict=True))
                    if total >= worst + score * (best - worst) - 1e-9:
                        sites.add((start, start + len(motif)))
    return sorted(sites)


def read_priority(sites, centers, budget, order, fill):
    """Sites in the order of their draws until the budget is reached, then possible centers in that of theirs."""
    hidden = set()
    for number in sorted(range(len(sites)), key=lambda site: (order[site], site)):
        if len(hidden) < budget:
            hidden |= set(range(*sites[number]))
    rest = sorted((base for base in range(*centers) if base not in hidden), key=lambda base: (fill[base], base))
    return hidden | set(rest[: max(budget - len(hidden), 0)])
