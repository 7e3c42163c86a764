"""A genome on disk: all its bases in one memory-mapped array, the records one after another."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from genomask.alphabet import OTHER
from genomask.checks import require

BASES_FILE: Final = "bases.u8"
RECORDS_FILE: Final = "records.json"  # the length of every record, by name, in order
RUNS_FILE: Final = "runs.npy"
LOWER_FILE: Final = "lower.npy"  # absent where every letter is upper case
TRACK_FILE: Final = "track-{}.f32"
LOWER: Final = 8  # added to a base in a piece whose letter is lower case; on disk, bases are 0..4

Pieces = Iterable[UInt8[np.ndarray, " _bases"]]  # of a record, one after another; none is empty


@dataclass(frozen=True, eq=False)
class EncodedGenome:
    """Bases of a genome (a memory map, as tracks are), and where its records and readable stretches lie. No run leads
    from one record into the next, so neither does a k-mer or a segment within a run."""

    bases: UInt8[np.ndarray, " bases"]  # all records end to end, 0..3 in the order A, T, C, G; 4: any other letter
    names: tuple[str, ...]
    offsets: Int64[np.ndarray, " _records"]  # record i is bases[offsets[i]:offsets[i + 1]]
    runs: Int64[np.ndarray, "runs 2"]  # [start, stop) of every longest stretch of A, C, G and T only
    lower: Int64[np.ndarray, "_stretches 2"] = field(default_factory=lambda: np.empty((0, 2), np.int64))  # soft-masked
    tracks: Mapping[str, Float32[np.ndarray, " bases"]] = field(default_factory=dict)


class _Stretches:
    """Where some kind of base begins and ends, in pieces that arrive one after another."""

    def __init__(self) -> None:
        self._edges, self._inside = [np.empty(0, dtype=np.int64)], False

    def add(self, flags: Bool[np.ndarray, " bases"], offset: int) -> None:
        """Go on with a piece of a record that starts at the offset; at a record's end, with False."""
        self._edges.append(np.flatnonzero(np.diff(flags, prepend=self._inside)) + offset)
        self._inside = bool(flags[-1])

    @property
    def table(self) -> Int64[np.ndarray, "stretches 2"]:
        """Start and stop of every stretch."""
        return np.concatenate(self._edges).reshape(-1, 2)


def write_genome(records: Iterable[tuple[str, Pieces]], directory: Path, *, source: str = "A genome") -> None:
    """Write records, ``LOWER`` added where a letter is lower case, into an existing directory. Raises ValueError naming
    the ``source`` if two records share a name, or none holds an A, C, G or T."""
    lengths: dict[str, int] = {}
    runs, lower, offset = _Stretches(), _Stretches(), 0
    with (directory / BASES_FILE).open("wb") as file:
        for name, pieces in records:
            require(name not in lengths, source, "a name of its own for every record", name)
            first = offset
            for piece in pieces:
                bases = piece & (LOWER - 1)
                file.write(bases.data)
                runs.add(bases < OTHER, offset)
                lower.add(piece >= LOWER, offset)
                offset += len(piece)
            for stretches in (runs, lower):
                stretches.add(np.zeros(1, dtype=bool), offset)
            lengths[name] = offset - first
    require(len(runs.table) > 0, source, "at least one A, C, G or T", f"{offset} other letters")
    np.save(directory / RUNS_FILE, runs.table)
    if len(lower.table):
        np.save(directory / LOWER_FILE, lower.table)
    (directory / RECORDS_FILE).write_text(json.dumps(lengths), encoding="utf-8")


def open_genome(directory: Path) -> EncodedGenome:
    """Open what ``write_genome`` wrote; FileNotFoundError or ValueError if files do not belong together."""
    for file in (BASES_FILE, RECORDS_FILE, RUNS_FILE):
        if not (directory / file).is_file():
            raise FileNotFoundError(f"An encoded genome needs {directory / file}, which does not exist.")
    lengths: dict[str, int] = json.loads((directory / RECORDS_FILE).read_text(encoding="utf-8"))
    offsets = np.cumsum([0, *lengths.values()], dtype=np.int64)
    size = int(offsets[-1])
    bases = _mapped(directory / BASES_FILE, np.uint8, size)
    lower = [_stretches(directory / LOWER_FILE, size)] if (directory / LOWER_FILE).is_file() else []
    before, after = TRACK_FILE.split("{}")
    tracks = {
        path.name.removeprefix(before).removesuffix(after): _mapped(path, np.float32, size)
        for path in sorted(directory.glob(TRACK_FILE.format("*")))
    }
    return EncodedGenome(bases, tuple(lengths), offsets, _stretches(directory / RUNS_FILE, size), *lower, tracks=tracks)


def _mapped(path: Path, dtype: type[np.generic], size: int) -> np.memmap:
    needed, found = size * np.dtype(dtype).itemsize, path.stat().st_size
    whole = f"the {needed:,} bytes that {RECORDS_FILE} speaks of (delete the folder, it will be rebuilt)"
    require(found == needed, str(path), whole, found)
    return np.memmap(path, dtype=dtype, mode="r")


def _stretches(path: Path, size: int) -> Int64[np.ndarray, "stretches 2"]:
    table = np.load(path)
    fits = table.ndim == 2 and (np.diff(table.ravel(), prepend=0, append=size) >= 0).all()
    require(bool(fits), str(path), f"rising pairs of positions up to {size}", table.shape)
    return table


def is_lower(genome: EncodedGenome, start: int, stop: int) -> Bool[np.ndarray, " bases"]:
    """Which of ``genome.bases[start:stop]`` are lower case in the FASTA file, as soft-masked repeats are."""
    return np.searchsorted(genome.lower.ravel(), np.arange(start, stop), side="right") % 2 == 1
