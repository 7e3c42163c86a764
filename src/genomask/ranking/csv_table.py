"""CSV files whose every cell is checked: an error names the file and the line."""

import math
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Int64

from genomask.alphabet import BASES, encode
from genomask.checks import shown
from genomask.text_files import read_cells, read_lines

_WHOLE: Final = re.compile(r"\d{1,18}", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


class Cell(NamedTuple):
    """What the cells of a column hold: in words, and as a function that raises ``ValueError``."""

    needed: str
    parse: Callable[[str], Any]


def read_csv(path: Path, columns: Mapping[str, Cell]) -> dict[str, list[Any]]:
    """Read a CSV that has exactly these columns, in this order.

    Returns:
        The values of each column; those at index i stand in line i + 2.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the header differs or there are no rows; or, with its line, if a row has too
            few or too many cells or a cell is not what its column needs.
    """
    header = ",".join(columns)
    if not path.is_file():
        raise FileNotFoundError(f"A CSV with the header {header} is needed at {path}; found no file.")
    table = read_cells(path, read_lines(path), separator=",")
    _, found = next(table, (1, []))
    rows = list(table) if found == list(columns) else []
    if not rows:
        raise ValueError(f"{path} needs the header {header} and rows; found {shown(','.join(found))}.")
    for index, (line, row) in enumerate(rows):
        if line != index + 2:
            raise row_error(path, index, "one row a line, and no blank lines", row)
        if len(row) != len(columns):
            raise row_error(path, index, f"{len(columns)} cells", row)
    texts = dict(zip(columns, zip(*(row for _, row in rows), strict=True), strict=True))
    return {name: _parse(path, name, cell, texts[name]) for name, cell in columns.items()}


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


def kmer_codes(kmers: Sequence[str], k: int) -> Int64[np.ndarray, " rows"]:
    """Base-4 codes of k-mers that all have length k."""
    return encode("".join(kmers)).reshape(-1, k) @ 4 ** np.arange(k - 1, -1, -1)


def _parse(path: Path, name: str, cell: Cell, texts: Sequence[str]) -> list[Any]:
    values = []
    for index, text in enumerate(texts):
        try:
            values.append(cell.parse(text))
        except ValueError as error:
            raise row_error(path, index, f"{cell.needed} in {name}", text) from error
    return values


def _kmer(text: str) -> str:
    if not text or text.strip(BASES):
        raise ValueError(text)
    return text


def _count(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _score(text: str) -> float:
    if text != "-inf" and not _NUMBER.fullmatch(text):  # float() takes 1_0 and other alphabets' digits too
        raise ValueError(text)
    score = float(text)
    if score in (math.inf, -math.inf) and text != "-inf":
        raise ValueError(text)
    return score


KMER: Final = Cell("the letters A, C, G and T only", _kmer)
COUNT: Final = Cell("an integer from 0 and below 10**18", _count)
SCORE: Final = Cell("a number or -inf", _score)
