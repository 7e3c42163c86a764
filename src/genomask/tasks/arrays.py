"""A benchmark as plain arrays on disk, so that a sweep parses its tables once; and what it is made of."""

import csv
from pathlib import Path
from typing import Any, Final

import numpy as np

from genomask.alphabet import OTHER
from genomask.files import read_json, write_csv, write_json
from genomask.genome.places import Place
from genomask.genome.sequences import gc_share, length_histogram
from genomask.tasks.examples import PARTS, Benchmark, Examples

SUMMARY: Final = "benchmark.json"
PLACES_FILE: Final = "{}-places.csv"  # of pool or test; absent where the places are not known
_FEW_CLASSES: Final = 12  # whose rows and GC are said class by class


def write_benchmark(task: Benchmark, directory: Path) -> None:
    """Write pool and test set as ``.npy`` arrays, what is known of their rows, and counts for people to read."""
    for part in PARTS:
        *arrays, places = zip(Examples._fields, getattr(task, part), strict=True)
        for field, array in arrays:
            if array is not None:
                np.save(directory / f"{part}-{field}.npy", array, allow_pickle=False)
        if places[1] is not None:
            write_csv(directory / PLACES_FILE.format(part), Place._fields, places[1])
    sets = {part: summary(getattr(task, part), task.classes if task.kind == "classes" else ()) for part in PARTS}
    kind = {} if task.kind == "classes" else {"kind": task.kind}
    write_json(directory / SUMMARY, {"classes": task.classes, **kind, **sets, "origin": task.origin})


def open_benchmark(directory: Path, *, placed: bool = False) -> Benchmark:
    """Map a benchmark that ``write_benchmark`` wrote; with the places of its rows, if they are known and wanted."""

    def opened(part: str) -> Examples:
        files = {field: directory / f"{part}-{field}.npy" for field in Examples._fields}
        arrays: dict[str, Any] = {
            field: np.load(file, mmap_mode="r", allow_pickle=False) for field, file in files.items() if file.is_file()
        }
        places, found = directory / PLACES_FILE.format(part), None
        if placed and places.is_file():
            with places.open(encoding="utf-8", newline="") as file:
                rows = csv.DictReader(file)
                found = [Place(row["record"], int(row["start"]), int(row["stop"]), row["strand"]) for row in rows]
        return Examples(**arrays, places=found)

    known = read_json(directory / SUMMARY)
    sides, kind = map(opened, PARTS), known.get("kind", "classes")
    return Benchmark(*sides, classes=tuple(known["classes"]), origin=known.get("origin"), kind=kind)


def describe(directory: Path) -> list[str]:
    """Say in a few lines where a benchmark came from and what is in it."""
    found = read_json(directory / SUMMARY)
    origin = found.get("origin") or {}
    notes = [origin[key] for key in ("source", "note") if key in origin]
    if "genome" in origin:
        notes[0] += f"; genome {origin['genome']}"
    if "warning" in origin:
        notes.append(f"warning: {origin['warning']}")
    return [*notes, *(f"{part}: {describe_part(found[part])}" for part in PARTS)]


def describe_part(part: dict[str, Any]) -> str:
    """The summary of a part in words: rows by class, lengths, and the share of G and C."""
    rows, by_class = f"{part['rows']:,} rows", list(part["rows_by_class"].values())
    if 0 < len(by_class) <= _FEW_CLASSES:
        rows += f" ({'/'.join(f'{count:,}' for count in by_class)})"
    elif by_class:
        rows += f" ({len(by_class)} classes of {min(by_class):,} to {max(by_class):,})"
    shortest, longest = part["bases"]["shortest"], part["bases"]["longest"]
    lengths = f"{shortest}" if shortest == longest else f"{shortest}-{longest}"
    gc = list(part.get("gc_by_class", {}).values())
    share = ", GC " + "/".join("-" if value is None else f"{value:.3f}" for value in gc)
    return f"{rows} of {lengths} bases{share if 0 < len(gc) <= _FEW_CLASSES else ''}"


def summary(examples: Examples, classes: tuple[str, ...]) -> dict[str, Any]:
    """Rows in all, by class and by length (in bins if there are many), and the share of G and C of each class."""
    counts, lengths = np.bincount(examples.labels, minlength=len(classes)).tolist(), examples.lengths
    gc: dict[str, float | None] = {}
    for label, name in enumerate(classes):
        bases = examples.bases[np.repeat(examples.labels == label, lengths)]
        share = round(float(gc_share(bases, np.array([0, len(bases)]))[0]), 4)
        gc[name] = None if np.isnan(share) else share
    return {
        "rows": len(examples.labels),
        "rows_by_class": dict(zip(classes, counts, strict=False)),
        "gc_by_class": gc,
        "bases": {"shortest": int(lengths.min()), "median": float(np.median(lengths)), "longest": int(lengths.max())},
        "lengths": length_histogram(lengths),
        "not_acgt": int((np.asarray(examples.bases) >= OTHER).sum()),
    }
