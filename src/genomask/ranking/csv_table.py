"""CSV files whose every cell is checked: an error names the file and the line."""

import math
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from genomask.checks import shown
from genomask.text_files import read_cells, read_lines


class Cell(NamedTuple):
    """What the cells of a column hold: in words, as a pattern, and as a type."""

    needed: str
    pattern: str
    parse: Callable[[str], Any]


def read_csv(path: Path, columns: Mapping[str, Cell]) -> dict[str, list[Any]]:
    """Read a CSV that has exactly these columns, in this order; value number i of each stands in line i + 2."""
    header = ",".join(columns)
    if not path.is_file():
        raise FileNotFoundError(f"A CSV with the header {header} is needed at {path}; found no file.")
    table = read_cells(path, read_lines(path), separator=",")
    _, first = next(table, (1, []))
    rows = list(table) if first == list(columns) else []
    if not rows:
        raise ValueError(f"{path} needs the header {header} and rows; found {shown(','.join(first))}.")
    for index, (line, row) in enumerate(rows):
        if line != index + 2:
            raise row_error(path, index, "one row a line, and no blank lines", row)
        if len(row) != len(columns):
            raise row_error(path, index, f"{len(columns)} cells", row)
    found = {}
    for (name, cell), texts in zip(columns.items(), zip(*(row for _, row in rows), strict=True), strict=True):
        found[name] = [cell.parse(text) if re.fullmatch(cell.pattern, text, re.ASCII) else None for text in texts]
        for index, (text, value) in enumerate(zip(texts, found[name], strict=True)):
            if value is None or (text != "-inf" and value in (math.inf, -math.inf)):
                raise row_error(path, index, f"{cell.needed} in {name}", text)
    return found


def row_error(path: Path, index: int, needed: str, found: object) -> ValueError:
    """Error for the row at this index, by file and line."""
    return ValueError(f"{path}, line {index + 2}, needs {needed}; found {shown(found)}.")


def refuse_repeats(path: Path, name: str, values: Iterable[Hashable]) -> None:
    """Raise for the first row whose value an earlier row of the column has."""
    seen = set()
    for index, value in enumerate(values):
        if value in seen:
            raise row_error(path, index, f"a {name} that no line before it has", value)
        seen.add(value)


KMER: Final = Cell("the letters A, C, G and T only", "[ACGT]+", str)
COUNT: Final = Cell("an integer from 0 and below 10**18", r"\d{1,18}", int)
SCORE: Final = Cell("a number or -inf", r"-inf|[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", float)
