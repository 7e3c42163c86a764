"""Read a genome, count its k-mers, rank them."""

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from genomask.genome.counts import count_kmers
from genomask.genome.encoded import BASES_FILE, EncodedGenome, open_genome
from genomask.genome.fasta import FastaGenome
from genomask.ranking.table import Ranking, rank_kmers
from genomask.ranking.vocabulary import MaskingVocabulary, VocabularySettings, build_vocabulary


def read_genome(source: str | Path | Any, folder: str | Path | None = None) -> EncodedGenome:
    """Read a genome: ``bases`` 0..4 of all records end to end, their ``names``, and more.

    Args:
        source: A FASTA file, a folder ``runs/genome/NAME``, or a choice of the ``genome`` config group, such as
            ``genomask.SyntheticGenome()``.
        folder: Where its bases are kept, one byte each, for the memory map; None for a folder until Python ends.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or no FASTA.
    """
    if isinstance(source, str | Path):
        path = Path(source).expanduser()
        if (path / BASES_FILE).is_file():
            return open_genome(path)
        source = FastaGenome(str(path))
    directory = Path(folder or tempfile.mkdtemp(prefix="genomask-"))
    if folder is None:
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
    directory.mkdir(parents=True, exist_ok=True)
    source.encode(directory)
    return open_genome(directory)


def count(genome: EncodedGenome, k: int = 6) -> list[Int64[np.ndarray, " _kmers"]]:
    """Count every n-mer of a genome for n = 1..k, within stretches of A, C, G and T.

    Returns:
        Occurrences by base-4 code in the order A, T, C, G (``alphabet.kmer_table`` names them); entry ``n - 1`` has
        ``4**n``. A ValueError if k is not from 1 to 12.
    """
    return count_kmers(genome.bases, genome.runs, k=k)


def rank(counts: Sequence[Int64[np.ndarray, " _kmers"]], *, k: int = 6, mode: str = "eq1") -> Ranking:
    """Rank all k-mers by normalized PMI (Eq. 1 and 2, Sec. 4.1); rank 1 is the highest.

    Args:
        counts: Of all lengths up to k, as ``count`` gives them.
        k: Length of the ranked k-mers.
        mode: ``eq1``, or ``released`` for the score of the ranking that the authors published.

    Raises:
        ValueError: If the counts stop short of k, or a setting is out of range.
    """
    return rank_kmers(counts, k=k, mode=mode)


def vocabulary(counts: Sequence[Int64[np.ndarray, " _kmers"]], **settings: int | str) -> MaskingVocabulary:
    """Choose the words of a PMI-VOCAB masking vocabulary (Sec. 5.4).

    Args:
        counts: Of all lengths up to the longest word's, as ``count(genome, k=10)`` gives them.
        settings: Fields of ``VocabularySettings``, such as ``longest=8``.

    Raises:
        ValueError: If the counts stop short, or a setting is out of range.
    """
    return build_vocabulary(counts, VocabularySettings(**settings))  # pyright: ignore[reportArgumentType]
