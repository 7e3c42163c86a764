"""Predictions on disk: tables of windows, and tracks for genome browsers; whole, or absent."""

import csv
import gzip
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from jaxtyping import Float64

from genomask.analysis.prediction.windows import Window
from genomask.checks import require
from genomask.files import whole

ENDINGS: Final[Mapping[str, str]] = {
    "csv": "csv", "tsv": "tsv", "parquet": "parquet", "bedgraph": "bedgraph", "bg": "bedgraph",
    "bw": "bigwig", "bigwig": "bigwig",
}  # fmt: skip
PACKAGES: Final = {"parquet": "pyarrow", "bigwig": "pyBigWig"}
PACKED: Final = ("csv", "tsv", "bedgraph")  # kinds that may end in .gz


# Takes chunks of windows with their class probabilities.
Sink = Callable[[Sequence[Window], Float64[np.ndarray, "rows classes"]], None]


def sink_kind(path: Path) -> str:
    """What a file of predictions is to be, by the ending of its name.

    Raises:
        ValueError: If the ending says nothing, or a package is missing.
        FileNotFoundError: If there is no folder to write to.
    """
    plain = re.sub(r"\.gz$", "", path.name)
    kind = ENDINGS.get(plain.rpartition(".")[2].lower(), "")
    packed = plain != path.name
    if not kind or (packed and kind not in PACKED):
        raise ValueError(f"--out {path} needs a name that ends in .{', .'.join(ENDINGS)} (text also in .gz).")
    package = PACKAGES.get(kind)
    if package and find_spec(package) is None:
        raise ValueError(f"--out {path} needs {package}: pip install 'genomask[predict]' installs it.")
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"--out {path} needs a folder that exists; {path.parent} is none.")
    return kind


def open_sink(
    path: Path, classes: Sequence[str], *, positive: int, lengths: Mapping[str, int]
) -> AbstractContextManager[Sink]:
    """Open a file of predictions, which appears complete when the block ends, or not at all.

    Args:
        path: The file; its ending says what it is.
        classes: Names of the classes.
        positive: The class whose probability a track shows.
        lengths: Bases of every sequence or chromosome, by name; for tracks.
    """
    kind = sink_kind(path)
    if kind == "bigwig":
        return _bigwig(path, positive, lengths)
    if kind == "parquet":
        return _parquet(path, classes)
    return _text(path, kind, classes, positive)


@contextmanager
def _text(path: Path, kind: str, classes: Sequence[str], positive: int) -> Iterator[Sink]:
    with whole(path) as part, _open(part, packed=path.name.endswith(".gz")) as file:
        yield _Track(file, positive, _Order()) if kind == "bedgraph" else _table(file, kind, classes)


def _open(path: Path, *, packed: bool) -> io.TextIOWrapper:
    if packed:
        return io.TextIOWrapper(gzip.open(path, "wb"), encoding="utf-8", newline="")
    return path.open("w", encoding="utf-8", newline="")


def _table(file: io.TextIOWrapper, kind: str, classes: Sequence[str]) -> Sink:
    rows = csv.writer(file, delimiter="\t" if kind == "tsv" else ",", lineterminator="\n")
    rows.writerow(["name", "start", "stop", "predicted", *map(column, classes)])

    def write(windows: Sequence[Window], found: Float64[np.ndarray, "rows classes"]) -> None:
        best = found.argmax(axis=1)
        for window, label, values in zip(windows, best.tolist(), found.tolist(), strict=True):
            rows.writerow([*window[:3], classes[label], *(f"{value:.6g}" for value in values)])

    return write


def column(name: str) -> str:
    """The column that holds the probability of a class."""
    return f"probability_{name}"


@contextmanager
def _parquet(path: Path, classes: Sequence[str]) -> Iterator[Sink]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    numbers = [(name, pa.int64()) for name in ("start", "stop")]
    values = [(column(name), pa.float64()) for name in classes]
    schema = pa.schema([("name", pa.string()), *numbers, ("predicted", pa.string()), *values])
    with whole(path) as part, pq.ParquetWriter(part, schema) as writer:

        def write(windows: Sequence[Window], found: Float64[np.ndarray, "rows classes"]) -> None:
            places = [list(values) for values in zip(*(window[:3] for window in windows), strict=True)]
            labels = [classes[label] for label in found.argmax(axis=1)]
            writer.write_table(pa.table([*places, labels, *found.T], schema=schema))

        yield write


class _Order:
    """Refuses what a track cannot hold: bins that overlap, or that do not come in the order of the genome.

    ``places`` are those of the chromosomes, where their order matters too.
    """

    def __init__(self, places: Mapping[str, int] | None = None) -> None:
        self.name, self.stop, self.seen = "", 0, set[str]()
        self.places = places

    def check(self, window: Window) -> None:
        start, stop = window.bin
        if window.name != self.name:
            needed = "the intervals of a chromosome one after another (sort -k1,1 -k2,2n)"
            require(window.name not in self.seen, "A track", needed, f"{window.name} twice")
            if self.places and self.name:
                later = self.places[window.name] > self.places[self.name]
                needed = "chromosomes in the order of the genome"
                require(later, "A BigWig file", needed, f"{window.name} after {self.name}")
            self.name, self.stop = window.name, 0
            self.seen.add(window.name)
        needed = "sorted intervals that do not overlap (sort -k1,1 -k2,2n; or write a table: --out FILE.csv)"
        require(start >= self.stop, "A track", needed, f"{window.name}:{start}-{stop} after {self.stop}")
        self.stop = stop


class _Track:
    """A bedGraph file: the probability of a class along the genome, in the bins of the windows."""

    def __init__(self, file: io.TextIOWrapper, positive: int, order: _Order) -> None:
        self.file, self.positive, self.order = file, positive, order

    def __call__(self, windows: Sequence[Window], found: Float64[np.ndarray, "rows classes"]) -> None:
        """Write a chunk."""
        for window, value in zip(windows, found[:, self.positive].tolist(), strict=True):
            self.order.check(window)
            self.file.write(f"{window.name}\t{window.bin[0]}\t{window.bin[1]}\t{value:.6g}\n")


@contextmanager
def _bigwig(path: Path, positive: int, lengths: Mapping[str, int]) -> Iterator[Sink]:
    order = _Order({name: number for number, name in enumerate(lengths)})
    with whole(path) as part, TemporaryDirectory(prefix="genomask-track-") as folder:
        track = Path(folder, "track.bedgraph")
        with _open(track, packed=False) as file:
            yield _Track(file, positive, order)
        # pyBigWig ends its process where the disk is full, so it has one of its own.
        command = [sys.executable, "-m", "genomask.analysis.prediction.bigwig", str(track), str(part)]
        done = subprocess.run(command, input=json.dumps(dict(lengths)), capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
            raise OSError(f"{said}. Is the disk full?")
