"""The test set in the pretraining genome: every occurrence, and the k-mers that they share."""

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt64

from genomask.alphabet import OTHER
from genomask.console import progress
from genomask.genome.encoded import EncodedGenome
from genomask.genome.sequences import kmer_codes, reverse_complement
from genomask.tasks.alike import NO_KMERS, both_strands, concatenate, distinct_kmers
from genomask.tasks.examples import Examples

CHUNK_BASES: Final = 2**20  # of the genome, whose codes stay in a cache
_FILTER_BITS: Final = 5  # log2 of the filter's bytes a k-mer: 3 % of all other k-mers pass


class GenomeOverlap(NamedTuple):
    """What a genome holds of a test set: k-mers of each row, and occurrences of whole sequences in ascending order."""

    shared: Float64[np.ndarray, " rows"]  # of a row's distinct k-mers, both strands as one; NaN for a row without any
    row: Int64[np.ndarray, " _hits"]
    position: Int64[np.ndarray, " _hits"]  # where the occurrence begins in the genome's bases
    backward: Bool[np.ndarray, " _hits"]  # on the other strand


def find_in_genome(test: Examples, genome: EncodedGenome, *, k: int) -> GenomeOverlap:
    """Look for every test sequence and all of its k-mers in a genome that streams past, on both strands. A sequence
    that is shorter than k, or holds a letter that is not A, C, G or T, has no occurrences."""
    codes, rows = concatenate(NO_KMERS, distinct_kmers(test, k))
    wanted = np.unique(codes)
    bits = max(16, len(wanted).bit_length() + _FILTER_BITS)
    maybe, seen = np.zeros(2**bits, dtype=bool), np.zeros(len(wanted), dtype=bool)
    maybe[_slot(wanted, bits)] = True
    queries = _queries(test, k)
    heads = np.array([kmer_codes(bases[:k], k)[0] for _, _, bases in queries], dtype=np.uint64)
    order = np.argsort(heads, kind="stable")
    bases, runs, hits = np.asarray(genome.bases), np.asarray(genome.runs), list[tuple[int, int, bool]]()
    with progress("Searching the genome", float(len(bases))) as advance:
        for start in range(0, len(bases) if len(wanted) else 0, CHUNK_BASES):
            there = kmer_codes(bases[start : start + CHUNK_BASES + k - 1], k)
            smaller = both_strands(there, k)
            at = np.flatnonzero(maybe[_slot(smaller, bits)])
            place = np.minimum(np.searchsorted(wanted, smaller[at]), len(wanted) - 1)
            run = np.minimum(np.searchsorted(runs[:, 1], start + at, side="right"), len(runs) - 1)
            whole = (runs[run, 0] <= start + at) & (start + at + k <= runs[run, 1])
            known = whole & (wanted[place] == smaller[at])
            seen[place[known]] = True
            at, stops = at[known], runs[run[known], 1]
            first, last = (np.searchsorted(heads, there[at], side, sorter=order) for side in ("left", "right"))
            for begins in np.flatnonzero(first < last).tolist():
                position, stop = start + int(at[begins]), int(stops[begins])
                for number in order[first[begins] : last[begins]].tolist():
                    row, backward, query = queries[number]
                    end = position + len(query)
                    if end <= stop and np.array_equal(bases[position:end], query):
                        hits.append((row, position, backward))
            advance(CHUNK_BASES)
    count = np.bincount(rows, minlength=len(test.labels))
    found = np.bincount(rows, weights=seen[np.searchsorted(wanted, codes)], minlength=len(test.labels))
    shared = np.divide(found, count, out=np.full(len(count), np.nan), where=count > 0)
    row, position, backward = np.array(sorted(hits), dtype=np.int64).reshape(-1, 3).T
    return GenomeOverlap(shared, row, position, backward.astype(bool))


def _queries(test: Examples, k: int) -> list[tuple[int, bool, np.ndarray]]:
    """Row, whether it is turned, and bases of all that is looked for; one that is its own reverse complement once."""
    found = []
    for row, bases in enumerate(test.rows()):
        if len(bases) >= k and not (bases >= OTHER).any():
            turned = reverse_complement(bases)
            found += [(row, False, bases)] + ([] if np.array_equal(turned, bases) else [(row, True, turned)])
    return found


def _slot(codes: UInt64[np.ndarray, " kmers"], bits: int) -> UInt64[np.ndarray, " kmers"]:
    """Where the filter keeps a k-mer: the highest bits of a multiplicative hash (Knuth, Sec. 6.4)."""
    return codes * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(64 - bits)
