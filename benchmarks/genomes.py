"""Rows ``fasta``, ``fasta_gz`` and ``counts``: from a FASTA file to the encoded genome, and to counts of its k-mers."""

import gzip
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

import numpy as np
import pyfastx

from benchmarks.inputs import Inputs
from benchmarks.row import Contender, Row
from genomask.alphabet import OTHER, decode, encode
from genomask.genome.counts import count_kmers
from genomask.genome.encoded import EncodedGenome, open_genome, write_genome
from genomask.genome.reader import read_pieces

OURS: Final = "genomask"
PYFASTX: Final = "pyfastx alone, nothing checked or written"
SCRIPT: Final = "reading script of the released code"
K: Final = 10
TOOLS: Final = {"KMC, k = 10": "kmc", "Jellyfish, k = 10": "jellyfish"}  # a contender, and its command and package
DICTIONARY: Final = "dictionary in Python, k = 10"


def plain(inputs: Inputs) -> Row:
    """Encode a plain file."""
    return _encoding("plain FASTA to encoded genome", inputs, inputs.plain, open)


def packed(inputs: Inputs) -> Row:
    """Encode a gzip file."""
    return _encoding("gzip FASTA to encoded genome", inputs, inputs.packed, gzip.open)


def _encoding(title: str, inputs: Inputs, path: Path, opener: Callable[..., Any]) -> Row:
    folder = inputs.folder / "read"
    contenders = {
        OURS: Contender(lambda: _encode(path, folder), clear=lambda: shutil.rmtree(folder)),
        PYFASTX: Contender(lambda: sum(len(letters) for _, letters in pyfastx.Fastx(str(path)))),
        SCRIPT: Contender(lambda: read_as_released(path, opener)),
    }
    note = "genomask also finds truncated and damaged files, in a second process."
    return Row(title, (len(inputs.encoded.bases) / 1e6, "Mb"), contenders, _same_bases, note=note)


def read_as_released(path: Path, opener: Callable[..., Any]) -> str:
    """Read as the released script does: all lines at once, joined, N deleted; case stays as it is."""
    with opener(path, "rt") as file:
        lines = file.readlines()
    return re.sub("N", "", "".join(line.strip() for line in lines if not line.startswith(">")))


def _encode(path: Path, folder: Path) -> EncodedGenome:
    folder.mkdir(exist_ok=True)
    directory = Path(mkdtemp(dir=folder))  # a new one every time: to write over a file, it has to be emptied first
    write_genome(read_pieces(path), directory)
    return open_genome(directory)


def _same_bases(results: Mapping[str, Any]) -> str:
    ours, letters = results[OURS].bases, encode(results[SCRIPT])
    if len(ours) != results[PYFASTX]:
        raise ValueError(f"genomask reads {len(ours)} bases, pyfastx {results[PYFASTX]}")
    if not np.array_equal(ours[ours < OTHER], letters[letters < OTHER]):
        raise ValueError("genomask and the released script read different bases")
    return f"{len(ours):,} bases, as many as pyfastx reads, and those of the released script"


def counts(inputs: Inputs) -> Row:
    """Count the k-mers of 1 to 10 bases, beside tools that count those of 10."""
    genome, folder = inputs.encoded, inputs.folder
    start, stop = genome.runs[0].tolist()
    part = genome.bases[start : min(stop, start + 1_000_000)]
    tools = {name: _counter(command, inputs) for name, command in TOOLS.items() if shutil.which(command)}
    contenders = {
        OURS: Contender(lambda: count_kmers(genome.bases, genome.runs, k=K)[-1]),
        **tools,
        DICTIONARY: Contender(partial(count_words, decode(part)), len(part) / len(genome.bases)),
    }

    def check(results: Mapping[str, Any]) -> str:
        alone = count_kmers(part, np.array([[0, len(part)]]), k=K)[-1]
        _require_same(alone, _by_code(results[DICTIONARY]), DICTIONARY)
        for name in tools:
            _require_same(results[OURS], _by_code(dumped(TOOLS[name], folder)), name)
        return f"the counts of all {K}-mers equal those of {', '.join([*tools, f'the {DICTIONARY}'])}"

    return Row(
        "k-mer counts of the encoded genome (k = 1 to 10), one thread",
        (len(genome.bases) / 1e6, "Mb"),
        contenders,
        check,
        missing={name: f"apt-get install {command}" for name, command in TOOLS.items() if name not in tools},
        note="KMC and Jellyfish also parse the FASTA file and write a database.",
    )


def count_words(text: str, k: int = K) -> Counter[str]:
    """Count k-mers as a script does."""
    return Counter(text[start : start + k] for start in range(len(text) - k + 1))


def _counter(command: str, inputs: Inputs) -> Contender:
    """Count the 10-mers of one strand with one thread."""
    fasta, folder = inputs.plain, inputs.folder
    words = {
        "kmc": ["-k10", "-b", "-ci1", "-cs4294967295", "-t1", "-m2", "-fm", fasta, folder / "kmc", folder],
        "jellyfish": ["count", "-m", "10", "-s", "2M", "-t", "1", "-o", folder / "jellyfish", fasta],
    }
    return Contender(lambda: _run([command, *words[command]]))


def dumped(command: str, folder: Path) -> dict[str, int]:
    """Counts of the last call of a tool."""
    text = folder / "dump.txt"
    if command == "kmc":
        _run(["kmc_tools", "-t1", "transform", folder / "kmc", "dump", text])
    else:
        _run(["jellyfish", "dump", "-c", "-o", text, folder / "jellyfish"])
    lines = (line.split() for line in text.read_text(encoding="ascii").splitlines())
    return {kmer: int(count) for kmer, count in lines}


def _by_code(words: Mapping[str, int]) -> np.ndarray:
    bases = encode("".join(words)).reshape(len(words), K).astype(np.int64)
    table = np.zeros(4**K, dtype=np.int64)
    table[bases @ 4 ** np.arange(K - 1, -1, -1)] = list(words.values())
    return table


def _require_same(ours: np.ndarray, others: np.ndarray, name: str) -> None:
    if not np.array_equal(ours, others):
        raise ValueError(f"{name} differs in {int((ours != others).sum())} of {len(ours)} counts")


def _run(words: list[str | Path]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{words[0]} failed: {done.stderr.strip().splitlines()[-1:]}")
