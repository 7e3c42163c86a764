"""Predictions on disk: tables of windows, and tracks for genome browsers; whole, or absent."""

import csv
import gzip
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from jaxtyping import Float64

from genomask.analysis.prediction.windows import Window
from genomask.checks import require_packages
from genomask.files import whole
from genomask.tasks.examples import LABEL_DIVIDER

ENDINGS: Final[Mapping[str, str]] = {
    "csv": "csv", "tsv": "tsv", "parquet": "parquet", "bedgraph": "bedgraph", "bg": "bedgraph",
    "bw": "bigwig", "bigwig": "bigwig",
}  # fmt: skip
PACKAGES: Final = {"parquet": "pyarrow", "bigwig": "pyBigWig"}
PLACE: Final = Window._fields[:5]  # columns of a table: name, start, stop, strand, row
AT_ONCE: Final = 65_536  # lines of a track in memory

Values = Float64[np.ndarray, "rows classes"]
Sink = Callable[[Sequence[Window], Values], None]  # takes chunks of windows with their predictions


def sink_kind(path: Path) -> str:
    """What a file of predictions is to be, by its ending; ValueError if it says nothing, or a package is missing."""
    plain = re.sub(r"\.gz$", "", path.name)
    kind = ENDINGS.get(plain.rpartition(".")[2].lower(), "")
    if not kind or (plain != path.name and kind in PACKAGES):
        raise ValueError(f"--out {path} needs a name that ends in .{', .'.join(ENDINGS)} (text also in .gz).")
    require_packages(f"--out {path}", *([PACKAGES[kind]] if kind in PACKAGES else ()), extra="predict")
    return kind


@contextmanager
def open_sink(
    path: Path, classes: Sequence[str], *, positive: int, lengths: Mapping[str, int], kind: str = "classes"
) -> Iterator[Sink]:
    """Open a file of predictions, whose ending says what it is; it appears complete when the block ends, or not at all.

    A track shows the class ``positive`` over the ``lengths`` of sequences or chromosomes. ``kind`` is ``classes``,
    ``multilabel``, or ``regression``, which has no probabilities.
    """
    form = sink_kind(path)
    with whole(path) as part:
        if form == "parquet":
            with _parquet(part, classes, kind) as sink:
                yield sink
        elif form == "bigwig":
            with TemporaryDirectory(prefix="genomask-track-") as folder:
                track = Path(folder, "track.bedgraph")
                with track.open("w", encoding="utf-8") as file:
                    yield _track(file, positive)
                _to_bigwig(track, part, lengths)
        else:
            opened = gzip.open if path.name.endswith(".gz") else open
            with opened(part, "wt", encoding="utf-8", newline="") as file:
                yield _track(file, positive) if form == "bedgraph" else _table(file, form, classes, kind)


def _columns(classes: Sequence[str], kind: str) -> list[str]:
    return [] if kind == "regression" else [f"probability_{name}" for name in classes]


def _rows(windows: Sequence[Window], found: Values, classes: Sequence[str], kind: str) -> Iterator[dict[str, Any]]:
    """A row for each window: place; the likeliest class, the likely labels, or the value; probabilities, or None."""
    columns = _columns(classes, kind)
    for window, values in zip(windows, found, strict=True):
        row = dict(zip(PLACE, window, strict=False)) | dict.fromkeys(("predicted", *columns))
        if not np.isnan(values[0]):
            likely: Any = classes[int(values.argmax())]
            if kind == "regression":
                likely = float(values[0])
            elif kind == "multilabel":
                likely = LABEL_DIVIDER.join(name for name, p in zip(classes, values, strict=True) if p > 0.5)
            row |= {"predicted": likely, **dict(zip(columns, values.tolist(), strict=False))}
        yield row


def _table(file: io.TextIOWrapper, form: str, classes: Sequence[str], kind: str) -> Sink:
    names = [*PLACE, "predicted", *_columns(classes, kind)]
    writer = csv.DictWriter(file, names, delimiter="\t" if form == "tsv" else ",", lineterminator="\n")
    writer.writeheader()

    def write(windows: Sequence[Window], found: Values) -> None:
        for row in _rows(windows, found, classes, kind):
            writer.writerow({name: f"{v:.6g}" if isinstance(v, float) else v for name, v in row.items()})

    return write


@contextmanager
def _parquet(part: Path, classes: Sequence[str], kind: str) -> Iterator[Sink]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    places = [(name, pa.string() if name in ("name", "strand") else pa.int64()) for name in PLACE]
    answer = ("predicted", pa.float64() if kind == "regression" else pa.string())
    schema = pa.schema([*places, answer, *((name, pa.float64()) for name in _columns(classes, kind))])
    with pq.ParquetWriter(part, schema) as writer:
        yield lambda windows, found: writer.write_table(
            pa.Table.from_pylist(list(_rows(windows, found, classes, kind)), schema=schema)
        )


def _track(file: io.TextIOWrapper, positive: int) -> Sink:
    """A bedGraph file: the probability of a class, or the value, along the genome, in the bins of the windows."""

    def write(windows: Sequence[Window], found: Values) -> None:
        for window, value in zip(windows, found[:, positive].tolist(), strict=True):
            if not np.isnan(value):
                file.write(f"{window.name}\t{window.bin[0]}\t{window.bin[1]}\t{value:.6g}\n")

    return write


def _to_bigwig(track: Path, part: Path, lengths: Mapping[str, int]) -> None:
    """Turn a track into BigWig, in a process of its own: pyBigWig ends its process where the disk is full."""
    command = [sys.executable, "-m", __name__, str(track), str(part)]
    done = subprocess.run(command, input=json.dumps(dict(lengths)), capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise OSError(f"{said}. Is the disk full?")


def _pack(track: Path, file: str, lengths: Mapping[str, int]) -> None:
    """What that process does, given the bases of every chromosome; it ends with an error if bins are lost."""
    import pyBigWig

    covered = 0
    bigwig: Any = pyBigWig.open(file, "w")
    bigwig.addHeader(list(lengths.items()))
    with track.open(encoding="utf-8") as lines:
        while rows := [line.rstrip("\n").split("\t") for line in islice(lines, AT_ONCE)]:
            names, starts, stops, values = zip(*rows, strict=True)
            first, last = list(map(int, starts)), list(map(int, stops))
            bigwig.addEntries(list(names), first, ends=last, values=list(map(float, values)))
            covered += sum(last) - sum(first)
    bigwig.close()
    with pyBigWig.open(file) as written:
        found = written.header()["nBasesCovered"]
    if found != covered:
        sys.exit(f"{found:,} of {covered:,} bases arrived")


if __name__ == "__main__":
    _pack(Path(sys.argv[1]), sys.argv[2], json.load(sys.stdin))
