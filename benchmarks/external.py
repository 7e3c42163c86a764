"""Tools that a user would run instead; each is measured where its Debian package is installed."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.row import Contender
from genomask.ranking.csv_table import kmer_codes

KMC: Final = "KMC, k = 10"
JELLYFISH: Final = "Jellyfish, k = 10"
PACKAGE: Final = {KMC: "kmc", JELLYFISH: "jellyfish"}


def counters(fasta: Path, folder: Path) -> tuple[dict[str, Contender], dict[str, str]]:
    """Contenders that count the 10-mers of a FASTA file, one strand, one thread; and what is missing."""
    commands = {
        KMC: [
            "kmc",
            "-k10",
            "-b",
            "-ci1",
            "-cs4294967295",
            "-t1",
            "-m2",
            "-fm",
            fasta,
            folder / "kmc",
            folder,
        ],
        JELLYFISH: [
            "jellyfish",
            "count",
            "-m",
            "10",
            "-s",
            "2M",
            "-t",
            "1",
            "-o",
            folder / "jellyfish",
            fasta,
        ],
    }
    here = {name: words for name, words in commands.items() if shutil.which(str(words[0]))}
    missing = {name: f"apt-get install {PACKAGE[name]}" for name in commands if name not in here}
    return {name: Contender(_running(words)) for name, words in here.items()}, missing


def dumped(name: str, folder: Path) -> np.ndarray:
    """Counts of all 10-mers, by base-4 code, that the last call of a tool found."""
    text = folder / "dump.txt"
    if name == KMC:
        run(["kmc_tools", "-t1", "transform", folder / "kmc", "dump", text])
    else:
        run(["jellyfish", "dump", "-c", "-o", text, folder / "jellyfish"])
    words = [line.split() for line in text.read_text(encoding="ascii").splitlines()]
    counts = np.zeros(4**10, dtype=np.int64)
    counts[kmer_codes([kmer for kmer, _ in words], 10)] = [int(count) for _, count in words]
    return counts


def same_counts(ours: np.ndarray, others: Mapping[str, np.ndarray]) -> str:
    """Say that others found our counts.

    Raises:
        ValueError: If one did not.
    """
    for name, counts in others.items():
        if not np.array_equal(ours, counts):
            raise ValueError(f"{name} differs in {int((ours != counts).sum())} of {len(ours)} counts")
    return f"the counts of all 10-mers equal those of {' and '.join(others)}"


def run(words: list[str | Path]) -> None:
    """Run a command quietly.

    Raises:
        ValueError: If it fails.
    """
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{words[0]} failed: {done.stderr.strip().splitlines()[-1:]}")


def _running(words: list[str | Path]):
    return lambda: run(words)
