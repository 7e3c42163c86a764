"""A benchmark as plain arrays on disk, so that a sweep parses its tables once."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from genomask.alphabet import BASES
from genomask.files import write_json
from genomask.genome.places import places_file, write_places
from genomask.tasks.examples import Benchmark, Examples

LENGTH_BINS = 20  # a histogram of more than so many lengths is shown in so many bins


def write_benchmark(task: Benchmark, directory: Path) -> None:
    """Write pool and test set as ``.npy`` arrays, their places if known, and counts for people to read."""
    parts = {"pool": task.pool, "test": task.test}
    for part, examples in parts.items():
        for field in Examples._fields:
            np.save(directory / f"{part}-{field}.npy", getattr(examples, field), allow_pickle=False)
    summary = {part: _summary(examples, task.classes) for part, examples in parts.items()}
    for part, places in zip(parts, task.places or (), strict=False):
        write_places(places_file(directory, part), places)
    write_json(directory / "benchmark.json", {"classes": task.classes, **summary, "origin": task.origin})


def describe(directory: Path) -> list[str]:
    """Say in a few lines where a benchmark came from and what is in it."""
    found = json.loads((directory / "benchmark.json").read_text(encoding="utf-8"))
    origin = found.get("origin") or {}
    notes = [origin[key] for key in ("source", "note") if key in origin]
    if "genome" in origin:
        notes[0] += f"; genome {origin['genome']}"
    return [*notes, *(f"{part}: {_describe_part(found[part])}" for part in ("pool", "test"))]


def open_benchmark(directory: Path) -> Benchmark:
    """Map a benchmark that ``write_benchmark`` wrote."""
    classes = json.loads((directory / "benchmark.json").read_text(encoding="utf-8"))["classes"]
    pool, test = (Examples(*(_load(directory, part, field) for field in Examples._fields)) for part in ("pool", "test"))
    return Benchmark(pool, test, tuple(classes))


def _load(directory: Path, part: str, field: str) -> np.ndarray:
    return np.load(directory / f"{part}-{field}.npy", mmap_mode="r", allow_pickle=False)


def _describe_part(part: dict[str, Any]) -> str:
    counts = "/".join(f"{count:,}" for count in part["rows_by_class"].values())
    shortest, longest = part["bases"]["shortest"], part["bases"]["longest"]
    lengths = f"{shortest}" if shortest == longest else f"{shortest}-{longest}"
    gc = part.get("gc_by_class", {}).values()
    share = ", GC " + "/".join("-" if value is None else f"{value:.3f}" for value in gc) if gc else ""
    return f"{part['rows']:,} rows ({counts}) of {lengths} bases{share}"


def _summary(examples: Examples, classes: tuple[str, ...]) -> dict[str, object]:
    counts = np.bincount(examples.labels, minlength=len(classes)).tolist()
    lengths = examples.lengths
    return {
        "rows": len(examples.labels),
        "rows_by_class": dict(zip(classes, counts, strict=True)),
        "gc_by_class": {name: _gc(examples, label) for label, name in enumerate(classes)},
        "bases": {
            "shortest": int(lengths.min()),
            "median": float(np.median(lengths)),
            "longest": int(lengths.max()),
        },
        "lengths": _histogram(lengths),
        "not_acgt": int((examples.bases >= len(BASES)).sum()),
    }


def _gc(examples: Examples, label: int) -> float | None:
    """Share of G and C among the A, C, G and T of a class; None if it has none."""
    bases = examples.bases[np.repeat(examples.labels == label, examples.lengths)]
    known = bases[bases < len(BASES)]
    return round(float((known >= BASES.index("C")).mean()), 4) if len(known) else None


def _histogram(lengths: np.ndarray) -> dict[str, int]:
    """How many sequences have each length, or lie in each of some bins of lengths."""
    values, counts = np.unique(lengths, return_counts=True)
    if len(values) > LENGTH_BINS:
        edges = np.linspace(values[0], values[-1] + 1, LENGTH_BINS + 1).astype(int)
        counts = np.histogram(lengths, edges)[0]
        return {f"{low}-{high - 1}": int(count) for low, high, count in zip(edges, edges[1:], counts, strict=False)}
    return {str(value): int(count) for value, count in zip(values, counts, strict=True)}
