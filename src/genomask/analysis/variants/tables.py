"""Rows of named tuples as CSV."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def write_rows(path: Path, rows: Sequence[tuple[Any, ...]], fields: Sequence[str]) -> None:
    """Write a header and rows; nothing stands where a value is None."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(fields)
        out.writerows([_text(value) for value in row] for row in rows)


def _text(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value
