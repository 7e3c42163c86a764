"""A benchmark as plain arrays on disk, so that a sweep parses its tables once."""

import json
from pathlib import Path

import numpy as np

from genomask.store.files import write_json
from genomask.tasks.examples import Benchmark, Examples


def write_benchmark(task: Benchmark, directory: Path) -> None:
    """Write pool and test set as ``.npy`` arrays, and counts that a person can read."""
    parts = {"pool": task.pool, "test": task.test}
    for part, examples in parts.items():
        for field in Examples._fields:
            np.save(directory / f"{part}-{field}.npy", getattr(examples, field), allow_pickle=False)
    summary = {part: _summary(examples, task.classes) for part, examples in parts.items()}
    write_json(directory / "benchmark.json", {"classes": task.classes, **summary})


def open_benchmark(directory: Path) -> Benchmark:
    """Map a benchmark that ``write_benchmark`` wrote."""
    classes = json.loads((directory / "benchmark.json").read_text(encoding="utf-8"))["classes"]
    pool, test = (
        Examples(*(_load(directory, part, field) for field in Examples._fields)) for part in ("pool", "test")
    )
    return Benchmark(pool, test, tuple(classes))


def _load(directory: Path, part: str, field: str) -> np.ndarray:
    return np.load(directory / f"{part}-{field}.npy", mmap_mode="r", allow_pickle=False)


def _summary(examples: Examples, classes: tuple[str, ...]) -> dict[str, object]:
    counts = np.bincount(examples.labels, minlength=len(classes)).tolist()
    lengths = examples.lengths
    return {
        "rows": len(examples.labels),
        "rows_by_class": dict(zip(classes, counts, strict=True)),
        "bases": {
            "shortest": int(lengths.min()),
            "median": float(np.median(lengths)),
            "longest": int(lengths.max()),
        },
    }
