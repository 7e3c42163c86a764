"""Rows ``fasta`` and ``fasta_gz``: from a FASTA file to the encoded genome on disk."""

import gzip
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pyfastx

from benchmarks.inputs import Inputs
from benchmarks.row import Comparison, Contender, Row
from genomask.alphabet import OTHER, encode
from genomask.genome.encoded import EncodedGenome, open_genome, write_genome
from genomask.genome.reader import read_pieces

OURS = "genomask, checked, encoded, written"
ALONE = "pyfastx alone"
SCRIPT = "released reading script"


def plain(inputs: Inputs) -> Row:
    """A plain file."""
    return _row("plain FASTA to encoded genome", inputs, inputs.plain, open, "read the file")


def packed(inputs: Inputs) -> Row:
    """A gzip file."""
    return _row("gzip FASTA to encoded genome", inputs, inputs.packed, gzip.open, "unpack the file")


def _row(title: str, inputs: Inputs, path: Path, opener: Callable[..., Any], limit: str) -> Row:
    folder = inputs.folder / "read"
    contenders = {
        OURS: Contender(lambda: _encode(path, folder), clear=lambda: shutil.rmtree(folder)),
        ALONE: Contender(lambda: sum(len(letters) for _, letters in pyfastx.Fastx(str(path)))),
        SCRIPT: Contender(lambda: read_as_released(path, opener)),
        limit: Contender(lambda: _read_through(path, opener)),
    }
    return Row(
        title,
        (len(inputs.encoded.bases) / 1e6, "Mb"),
        contenders,
        (
            Comparison(OURS, ALONE, 1 / 1.3),
            Comparison(OURS, SCRIPT, 2.3),
            Comparison(OURS, limit),
        ),
        _check,
        note="genomask also finds truncated and damaged files, in a second process on another core. "
        "What it wrote is deleted before the next round, untimed.",
    )


def read_as_released(path: Path, opener: Callable[..., Any]) -> str:
    """Read as the released script does: all lines at once, joined, N deleted; case stays as it is."""
    with opener(path, "rt") as file:
        lines = file.readlines()
    return re.sub("N", "", "".join(line.strip() for line in lines if not line.startswith(">")))


def _encode(path: Path, folder: Path) -> EncodedGenome:
    folder.mkdir(exist_ok=True)
    directory = Path(mkdtemp(dir=folder))  # new every time: to write over a file, it has to be emptied first
    write_genome(read_pieces(path), directory)
    return open_genome(directory)


def _read_through(path: Path, opener: Callable[..., Any]) -> None:
    with opener(path, "rb") as file:
        while file.read(1 << 18):
            pass


def _check(results: Mapping[str, Any]) -> str:
    ours, letters = results[OURS].bases, encode(results[SCRIPT])
    if len(ours) != results[ALONE]:
        raise ValueError(f"genomask reads {len(ours)} bases, pyfastx {results[ALONE]}")
    if not np.array_equal(ours[ours < OTHER], letters[letters < OTHER]):
        raise ValueError("genomask and the released script read different bases")
    return f"{len(ours):,} bases, as many as pyfastx reads, and those of the released script"
