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
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

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
PACKED: Final = ("csv", "tsv", "bedgraph")  # kinds that may end in .gz
AT_ONCE: Final = 65_536  # lines of a track in memory

# Takes chunks of windows with their predictions.
Sink = Callable[[Sequence[Window], Float64[np.ndarray, "rows classes"]], None]


def sink_kind(path: Path) -> str:
    """What a file of predictions is to be, by the ending of its name.

    Raises:
        ValueError: If the ending says nothing, or a package is missing.
    """
    plain = re.sub(r"\.gz$", "", path.name)
    kind = ENDINGS.get(plain.rpartition(".")[2].lower(), "")
    packed = plain != path.name
    if not kind or (packed and kind not in PACKED):
        raise ValueError(f"--out {path} needs a name that ends in .{', .'.join(ENDINGS)} (text also in .gz).")
    require_packages(f"--out {path}", *([PACKAGES[kind]] if kind in PACKAGES else ()), extra="predict")
    return kind


def open_sink(
    path: Path, classes: Sequence[str], *, positive: int, lengths: Mapping[str, int], kind: str = "classes"
) -> AbstractContextManager[Sink]:
    """Open a file of predictions, which appears complete when the block ends, or not at all.

    Args:
        path: The file; its ending says what it is.
        classes: Names of the classes or labels.
        positive: The class whose probability a track shows.
        lengths: Bases of every sequence or chromosome, by name; for tracks.
        kind: What is predicted: ``classes``, ``multilabel``, or ``regression``, which has no probabilities.
    """
    form = sink_kind(path)
    if form == "bigwig":
        return _bigwig(path, positive, lengths)
    answers = _Answers(tuple(classes), kind)
    if form == "parquet":
        return _parquet(path, answers)
    return _text(path, form, answers, positive)


class _Answers(NamedTuple):
    """What a row of a table says: the prediction, then the probability of every class or label, if there are any."""

    classes: tuple[str, ...]
    kind: str

    @property
    def columns(self) -> list[str]:
        """The columns of the probabilities."""
        return [] if self.kind == "regression" else [column(name) for name in self.classes]

    def predicted(self, found: Float64[np.ndarray, "rows classes"]) -> list[str | float | None]:
        """The likeliest class, the labels that are likelier than not, or the value; None for a row without one."""
        nothing = np.isnan(found[:, 0]).tolist()
        if self.kind == "regression":
            values: list[Any] = found[:, 0].tolist()
        elif self.kind == "multilabel":
            pairs = [zip(self.classes, row, strict=True) for row in found.tolist()]
            values = [LABEL_DIVIDER.join(name for name, value in row if value > 0.5) for row in pairs]
        else:
            values = [self.classes[label] for label in np.where(np.isnan(found), -1, found).argmax(axis=1).tolist()]
        return [None if no else value for value, no in zip(values, nothing, strict=True)]


@contextmanager
def _text(path: Path, form: str, answers: _Answers, positive: int) -> Iterator[Sink]:
    with whole(path) as part, _open(part, packed=path.name.endswith(".gz")) as file:
        yield _Track(file, positive) if form == "bedgraph" else _table(file, form, answers)


def _open(path: Path, *, packed: bool) -> io.TextIOWrapper:
    if packed:
        return io.TextIOWrapper(gzip.open(path, "wb"), encoding="utf-8", newline="")
    return path.open("w", encoding="utf-8", newline="")


def _table(file: io.TextIOWrapper, form: str, answers: _Answers) -> Sink:
    rows = csv.writer(file, delimiter="\t" if form == "tsv" else ",", lineterminator="\n")
    rows.writerow([*PLACE, "predicted", *answers.columns])

    def write(windows: Sequence[Window], found: Float64[np.ndarray, "rows classes"]) -> None:
        for window, answer, values in zip(windows, answers.predicted(found), found.tolist(), strict=True):
            shown = [answer, *values[: len(answers.columns)]]
            cells = [f"{value:.6g}" if isinstance(value, float) else value for value in shown]
            rows.writerow([*window[: len(PLACE)], *(cells if answer is not None else [""] * len(shown))])

    return write


def column(name: str) -> str:
    """The column that holds the probability of a class."""
    return f"probability_{name}"


@contextmanager
def _parquet(path: Path, answers: _Answers) -> Iterator[Sink]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"name": pa.string(), "strand": pa.string()}
    places = [(name, kinds.get(name, pa.int64())) for name in PLACE]
    answer = ("predicted", pa.float64() if answers.kind == "regression" else pa.string())
    schema = pa.schema([*places, answer, *((name, pa.float64()) for name in answers.columns)])
    with whole(path) as part, pq.ParquetWriter(part, schema) as writer:

        def write(windows: Sequence[Window], found: Float64[np.ndarray, "rows classes"]) -> None:
            columns = [list(values) for values in zip(*(window[: len(PLACE)] for window in windows), strict=True)]
            values = [pa.array(each, mask=np.isnan(each)) for each in found.T[: len(answers.columns)]]
            writer.write_table(pa.table([*columns, answers.predicted(found), *values], schema=schema))

        yield write


class _Track:
    """A bedGraph file: the probability of a class, or the value, along the genome, in the bins of the windows."""

    def __init__(self, file: io.TextIOWrapper, positive: int) -> None:
        self.file, self.positive = file, positive

    def __call__(self, windows: Sequence[Window], found: Float64[np.ndarray, "rows classes"]) -> None:
        """Write a chunk."""
        for window, value in zip(windows, found[:, self.positive].tolist(), strict=True):
            if np.isnan(value):
                continue
            self.file.write(f"{window.name}\t{window.bin[0]}\t{window.bin[1]}\t{value:.6g}\n")


@contextmanager
def _bigwig(path: Path, positive: int, lengths: Mapping[str, int]) -> Iterator[Sink]:
    with whole(path) as part, TemporaryDirectory(prefix="genomask-track-") as folder:
        track = Path(folder, "track.bedgraph")
        with _open(track, packed=False) as file:
            yield _Track(file, positive)
        # pyBigWig ends its process where the disk is full, so it has one of its own.
        command = [sys.executable, "-m", __name__, str(track), str(part)]
        done = subprocess.run(command, input=json.dumps(dict(lengths)), capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
            raise OSError(f"{said}. Is the disk full?")


def _pack(track: Path, file: str, lengths: Mapping[str, int]) -> None:
    """Turn a track into a BigWig file, given the bases of every chromosome; end the process if bins are lost."""
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
