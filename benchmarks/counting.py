"""Rows ``counts`` and ``counts_fasta``: all k-mers of 1 to 10 bases, beside tools that count those of 10."""

import tracemalloc
from collections import Counter
from collections.abc import Mapping
from shutil import rmtree
from typing import Any

import numpy as np

from benchmarks.external import JELLYFISH, KMC, counters, dumped, same_counts
from benchmarks.inputs import Inputs
from benchmarks.row import Comparison, Contender, Row
from genomask.alphabet import decode
from genomask.genome.counts import count_kmers
from genomask.genome.encoded import EncodedGenome, open_genome, write_genome
from genomask.genome.reader import read_pieces
from genomask.ranking.csv_table import kmer_codes

OURS = "genomask, k = 1..10"
SCRIPT = "dictionary in Python, k = 10"


def from_encoded(inputs: Inputs) -> Row:
    """From the encoded genome, with one thread."""
    genome = inputs.encoded
    tools, missing = counters(inputs.plain, inputs.folder)
    part = decode(genome.bases[slice(*genome.runs[0])][:1_000_000])
    contenders = {
        OURS: Contender(lambda: _count(genome)),
        **tools,
        SCRIPT: Contender(lambda: count_words(part, 10), len(part) / len(genome.bases)),
        "copy of the bases": Contender(lambda: np.array(genome.bases)),
    }

    def check(results: Mapping[str, Any]) -> str:
        first = np.arange(len(part)).reshape(1, -1)[:, [0, -1]] + [0, 1]
        words = results[SCRIPT]
        some = np.zeros(4**10, dtype=np.int64)
        some[kmer_codes(list(words), 10)] = list(words.values())
        alone = count_kmers(genome.bases[slice(*genome.runs[0])][: len(part)], first, k=10)[-1]
        same_counts(alone, {SCRIPT: some})
        return same_counts(results[OURS][-1], {name: dumped(name, inputs.folder) for name in tools})

    return Row(
        "k-mer counts from the encoded genome, one thread",
        (len(genome.bases) / 1e6, "Mb"),
        contenders,
        (
            Comparison(OURS, KMC, 4.5),
            Comparison(OURS, JELLYFISH, 17),
            Comparison(OURS, SCRIPT),
            Comparison(OURS, "copy of the bases"),
        ),
        check,
        clock="cpu",
        facts=lambda: _memory(genome),
        missing=missing,
        note="KMC and Jellyfish also parse the FASTA file and write a database.",
    )


def from_fasta(inputs: Inputs) -> Row:
    """From a plain FASTA file: it is encoded first, and written."""
    tools, missing = counters(inputs.plain, inputs.folder)
    directory = inputs.folder / "encoded again"

    def encode_and_count() -> list[np.ndarray]:
        directory.mkdir()
        write_genome(read_pieces(inputs.plain), directory)
        return _count(open_genome(directory))

    return Row(
        "k-mer counts from a plain FASTA file, encoding included, one thread counting",
        (len(inputs.encoded.bases) / 1e6, "Mb"),
        {OURS: Contender(encode_and_count, clear=lambda: rmtree(directory)), **tools},
        (Comparison(OURS, KMC, 1.5), Comparison(OURS, JELLYFISH)),
        lambda results: same_counts(results[OURS][-1], {name: dumped(name, inputs.folder) for name in tools}),
        missing=missing,
        note="Unlike the tools, genomask leaves the encoded genome on disk, ready for the next count; it is "
        "deleted before the next round, untimed.",
    )


def count_words(text: str, k: int) -> Counter[str]:
    """Count k-mers as a script does."""
    return Counter(text[start : start + k] for start in range(len(text) - k + 1))


def _count(genome: EncodedGenome) -> list[np.ndarray]:
    return count_kmers(genome.bases, genome.runs, k=10, threads=1)


def _memory(genome: EncodedGenome) -> dict[str, str]:
    """Memory that counting allocates, for the whole genome and for a tenth of it."""
    tenth = len(genome.bases) // 10
    runs = np.minimum(genome.runs, tenth)
    return {
        "memory allocated": f"{_peak(genome.bases, genome.runs):.0f} MB, "
        f"and {_peak(genome.bases[:tenth], runs):.0f} MB for a tenth of the genome"
    }


def _peak(bases: np.ndarray, runs: np.ndarray) -> float:
    tracemalloc.start()
    try:
        count_kmers(bases, runs, k=10, threads=1)
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
