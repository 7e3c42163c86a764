"""The test set in the pretraining genome: every occurrence, and the k-mers that they share."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple, no_type_check

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8, UInt64

from genomask.alphabet import OTHER
from genomask.console import progress
from genomask.genome.encoded import EncodedGenome
from genomask.genome.sequences import reverse_complement
from genomask.tasks.examples import Examples, pack
from genomask.tasks.kmers import both_strands, row_kmers

CHUNK_BASES: Final = 2**24
_FILTER_BITS: Final = 5  # log2 of the filter's bytes a k-mer: 3 % of all other k-mers pass


class GenomeOverlap(NamedTuple):
    """What a genome holds of a test set.

    Attributes:
        shared: Share of each row's distinct k-mers, both strands taken together, that occur in the genome;
            not a number for a row without a k-mer.
        row: Test row of every occurrence of a whole sequence, ascending, then by position.
        position: Where the occurrence begins in the genome's bases.
        backward: Whether it lies on the other strand.
    """

    shared: Float64[np.ndarray, " rows"]
    row: Int64[np.ndarray, " _hits"]
    position: Int64[np.ndarray, " _hits"]
    backward: Bool[np.ndarray, " _hits"]


class _Kmers(NamedTuple):
    """Distinct k-mers of the test set in ascending order, and bytes that tell most others from them."""

    codes: Int64[np.ndarray, " kmers"]
    maybe: UInt8[np.ndarray, " _bytes"]
    shift: int


class _Queries(NamedTuple):
    """Sequences to find, forward and backward; ``by_first[starts[c]:starts[c + 1]]`` begin with k-mer ``c``.

    ``c`` is twice the k-mer's place among the codes, one more if it is the larger of its two strands.
    """

    bases: UInt8[np.ndarray, " _bases"]
    offsets: Int64[np.ndarray, " _offsets"]
    starts: Int64[np.ndarray, " _starts"]
    by_first: Int64[np.ndarray, " _queries"]


def find_in_genome(test: Examples, genome: EncodedGenome, *, k: int) -> GenomeOverlap:
    """Look for every test sequence and all of its k-mers in a genome, on both strands.

    The test set's k-mers are kept and the genome streams past. A sequence that is shorter than k, or holds
    a letter that is not A, C, G or T, has no occurrences.
    """
    codes, rows = _distinct_kmers(test, k)
    kmers = _filtered(np.unique(codes))
    query_rows, backward, sequences = _sequences(test, k)
    queries = _queries(sequences, kmers, k)
    seen = np.zeros(len(kmers.codes), dtype=bool)
    hits = _scan_all(genome, kmers, queries, seen, k)
    place = np.searchsorted(kmers.codes, codes.astype(np.int64))
    count = np.bincount(rows, minlength=len(test.labels))
    found = np.bincount(rows, weights=seen[place], minlength=len(test.labels))
    shared = np.divide(found, count, out=np.full(len(count), np.nan), where=count > 0)
    query, position = hits[np.lexsort((hits[:, 1], query_rows[hits[:, 0]]))].T
    return GenomeOverlap(shared, query_rows[query], position, backward[query])


def _distinct_kmers(test: Examples, k: int) -> tuple[UInt64[np.ndarray, " _kmers"], np.ndarray]:
    """Every k-mer of a row once, with its row."""
    pairs = [np.empty((2, 0), dtype=np.uint64)]
    for codes, rows in row_kmers(test, k):
        pairs.append(np.unique(np.stack((rows.astype(np.uint64), both_strands(codes, k))), axis=1))
    rows, codes = np.concatenate(pairs, axis=1)
    return codes, rows.astype(np.int64)


def _filtered(codes: UInt64[np.ndarray, " kmers"]) -> _Kmers:
    bits = max(16, len(codes).bit_length() + _FILTER_BITS)
    maybe = np.zeros(2**bits, dtype=np.uint8)
    signed = codes.astype(np.int64)
    maybe[_slot(signed, 64 - bits)] = 1
    return _Kmers(signed, maybe, 64 - bits)


def _sequences(test: Examples, k: int) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Rows, strands and bases of all that is looked for; a sequence that is its own reverse complement only once."""
    rows, backward, found = [], [], []
    for row in range(len(test.labels)):
        bases = np.asarray(test.bases[test.offsets[row] : test.offsets[row + 1]])
        if len(bases) < k or (bases >= OTHER).any():
            continue
        for turned, strand in enumerate((bases, reverse_complement(bases))):
            if not turned or not np.array_equal(strand, bases):
                rows.append(row)
                backward.append(bool(turned))
                found.append(strand)
    return np.array(rows, dtype=np.int64), np.array(backward, dtype=bool), found


def _queries(sequences: list[np.ndarray], kmers: _Kmers, k: int) -> _Queries:
    packed = pack(sequences, np.zeros(len(sequences), dtype=np.int64))
    heads = pack([sequence[:k] for sequence in sequences], packed.labels)
    first = np.concatenate([np.empty(0, np.uint64), *(block.codes for block in row_kmers(heads, k))])
    smaller = both_strands(first, k)
    keys = 2 * np.searchsorted(kmers.codes, smaller.astype(np.int64)) + (first != smaller)
    starts = np.searchsorted(np.sort(keys), np.arange(2 * len(kmers.codes) + 1))
    return _Queries(packed.bases, packed.offsets, starts, np.argsort(keys, kind="stable"))


def _scan_all(genome: EncodedGenome, kmers: _Kmers, queries: _Queries, seen: np.ndarray, k: int) -> np.ndarray:
    """Stream the genome past; marks the k-mers that are seen and returns (query, position) of every hit."""
    scan, found, source = _compiled_kernel(), [np.empty((0, 2), dtype=np.int64)], (genome.bases, genome.runs)
    room, total = np.empty((2**14, 2), dtype=np.int64), len(genome.bases)
    with progress("Searching the genome", float(total)) as advance:
        for start in range(0, total, CHUNK_BASES):
            place = (start, min(start + CHUNK_BASES, total), k)
            while (count := scan(source, place, (kmers, queries), seen, room)) > len(room):
                room = np.empty((2 * count, 2), dtype=np.int64)
            found.append(room[:count].copy())
            advance(CHUNK_BASES)
    return np.concatenate(found)


@no_type_check
def _slot(code: Any, shift: Any) -> Any:
    """Where the filter keeps a k-mer: the highest bits of a multiplicative hash (Knuth, Sec. 6.4)."""
    return (code * np.int64(-7046029254386353131)).view(np.uint64) >> np.uint64(shift)


@cache
def _compiled_kernel() -> Callable[..., int]:
    """Compile once a process."""
    from numba import njit

    return njit(nogil=True)(_scan)


@no_type_check  # keeps pytest's shape checks off a function that is compiled
def _scan(genome: Any, place: Any, wanted: Any, seen: Any, room: Any) -> int:
    """Look at every k-mer that starts in a chunk; returns how many hits there are, if ``room`` has room."""
    (bases, runs), (first, last, k), (kmers, queries) = genome, place, wanted
    mask, top, count = (1 << 2 * k) - 1, 2 * (k - 1), 0
    for run in range(np.searchsorted(runs[:, 1], first, side="right"), len(runs)):
        start, stop = max(runs[run, 0], first), min(runs[run, 1], last + k - 1)
        if start >= last:
            break
        code = mirrored = 0
        for position in range(start, stop):
            base = np.int64(bases[position])
            code, mirrored = (code << 2 | base) & mask, mirrored >> 2 | (base ^ 1) << top
            begin = position - k + 1
            if begin < start:
                continue
            smaller = min(code, mirrored)
            if not kmers.maybe[np.uint64(smaller * -7046029254386353131) >> np.uint64(kmers.shift)]:
                continue
            kmer = np.searchsorted(kmers.codes, smaller)
            if kmer == len(kmers.codes) or kmers.codes[kmer] != smaller:
                continue
            seen[kmer] = True
            key = 2 * kmer + (code != smaller)
            for query in queries.by_first[queries.starts[key] : queries.starts[key + 1]]:
                length = queries.offsets[query + 1] - queries.offsets[query]
                same = begin + length <= runs[run, 1]
                offset = k
                while same and offset < length:
                    same = bases[begin + offset] == queries.bases[queries.offsets[query] + offset]
                    offset += 1
                if same:
                    if count < len(room):
                        room[count, 0], room[count, 1] = query, begin
                    count += 1
    return count
