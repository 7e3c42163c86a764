"""A genome on disk: all its bases in one memory-mapped array, the records one after another."""

import json
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Int64, UInt8

from genomask.alphabet import OTHER
from genomask.checks import require

BASES_FILE: Final = "bases.u8"
RECORDS_FILE: Final = "records.json"  # the length of every record, by name, in order
RUNS_FILE: Final = "runs.npy"
_AHEAD: Final = 2  # pieces under way: one is written, one waits for its turn, so that the writer never does

Pieces = Iterable[UInt8[np.ndarray, " _bases"]]  # of a record, one after another; none is empty


@dataclass(frozen=True, eq=False)
class EncodedGenome:
    """Bases of a genome, and where its records and its readable stretches lie.

    Attributes:
        bases: All records one after another, 0..3 in the order A, T, C, G and 4 for any other letter;
            a read-only memory map.
        names: Names of the records.
        offsets: Record ``i`` is ``bases[offsets[i]:offsets[i + 1]]``.
        runs: ``[start, stop)`` in ``bases`` of every longest stretch of A, C, G and T only. No run leads
            from one record into the next, so neither does a k-mer or a segment within a run.
    """

    bases: UInt8[np.ndarray, " bases"]
    names: tuple[str, ...]
    offsets: Int64[np.ndarray, " _records"]
    runs: Int64[np.ndarray, "runs 2"]


def write_genome(records: Iterable[tuple[str, Pieces]], directory: Path) -> None:
    """Write records into an existing directory, each its name and its bases 0..4 in pieces.

    Pieces are written while the next ones are made, and forgotten then.

    Raises:
        ValueError: If two records share a name, or no record holds an A, C, G or T.
    """
    lengths: dict[str, int] = {}
    edges = [np.empty(0, dtype=np.int64)]
    offset = 0
    with (directory / BASES_FILE).open("wb") as file, ThreadPoolExecutor(1) as writer:
        writing: deque[Future[int]] = deque()
        for name, pieces in records:
            require(name not in lengths, "A genome", "a name of its own for every record", name)
            first, known = offset, False
            for piece in pieces:
                if len(writing) == _AHEAD:
                    writing.popleft().result()
                writing.append(writer.submit(file.write, piece.data))
                edges.append(_acgt_edges(piece, after=known) + offset)
                known = bool(piece[-1] < OTHER)
                offset += len(piece)
            edges.append(np.full(int(known), offset))
            lengths[name] = offset - first
        for last in writing:
            last.result()
    runs = np.concatenate(edges).reshape(-1, 2)
    require(len(runs) > 0, "A genome", "at least one A, C, G or T", f"{offset} other letters")
    np.save(directory / RUNS_FILE, runs)
    (directory / RECORDS_FILE).write_text(json.dumps(lengths), encoding="utf-8")


def _acgt_edges(piece: UInt8[np.ndarray, " bases"], *, after: bool) -> Int64[np.ndarray, " edges"]:
    """Find where A, C, G and T begin or end in a piece; ``after``: whether one of them stands before it."""
    if after and piece.max() < OTHER:  # as in most pieces
        return np.empty(0, dtype=np.int64)
    known = piece < OTHER
    return np.flatnonzero(np.diff(known, prepend=after))


def open_genome(directory: Path) -> EncodedGenome:
    """Open what ``write_genome`` wrote.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If the files do not belong together.
    """
    for file in (BASES_FILE, RECORDS_FILE, RUNS_FILE):
        if not (directory / file).is_file():
            raise FileNotFoundError(f"An encoded genome needs {directory / file}, which does not exist.")
    lengths: dict[str, int] = json.loads((directory / RECORDS_FILE).read_text(encoding="utf-8"))
    offsets = np.cumsum([0, *lengths.values()], dtype=np.int64)
    size = (directory / BASES_FILE).stat().st_size
    whole = f"the {offsets[-1]:,} bytes that {RECORDS_FILE} speaks of (delete the folder, it will be rebuilt)"
    require(size == offsets[-1], str(directory / BASES_FILE), whole, size)
    runs = np.load(directory / RUNS_FILE)
    fits = runs.ndim == 2 and (np.diff(runs.ravel(), prepend=0, append=size) >= 0).all()
    require(bool(fits), str(directory / RUNS_FILE), f"rising pairs of positions up to {size}", runs.shape)
    bases = np.memmap(directory / BASES_FILE, dtype=np.uint8, mode="r")
    return EncodedGenome(bases, tuple(lengths), offsets, runs)


def sequence(genome: EncodedGenome, name: str, start: int, stop: int) -> UInt8[np.ndarray, " bases"]:
    """Bases of a record from ``start`` (counted from 0) up to and without ``stop``; a view, not a copy.

    Raises:
        ValueError: If the genome has no such record, or the record no such positions.
    """
    require(name in genome.names, "A sequence", f"one of the records {', '.join(genome.names)}", name)
    record = genome.names.index(name)
    begin, end = genome.offsets[record : record + 2].tolist()
    if not 0 <= start <= stop <= end - begin:
        found = f"start {start:,} and stop {stop:,} (0-based, stop exclusive) are no stretch of it"
        raise ValueError(f"{name} has {end - begin:,} bases; {found}.")
    return genome.bases[begin + start : begin + stop]
