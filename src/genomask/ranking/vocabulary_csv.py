"""The masking vocabulary as a CSV, and how many words it has of each length (Table 5)."""

from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np

from genomask.files import write_csv
from genomask.ranking.csv_table import COUNT, KMER, SCORE, read_csv, refuse_repeats, row_error
from genomask.ranking.vocabulary import MaskingVocabulary

COLUMNS: Final = {"rank": COUNT, "kmer": KMER, "length": COUNT, "count": COUNT, "normalized_pmi": SCORE}
TABLE5_COLUMNS: Final = ("length", "words")


def write_vocabulary(vocabulary: MaskingVocabulary, path: Path) -> None:
    """Write ``rank,kmer,length,count,normalized_pmi``, best rank first."""
    words = vocabulary.words
    ranks, lengths = range(1, len(words) + 1), map(len, words)
    counts, scores = vocabulary.count.tolist(), vocabulary.normalized_pmi.tolist()
    write_csv(path, COLUMNS, zip(ranks, words, lengths, counts, scores, strict=True))


def read_vocabulary(path: Path) -> MaskingVocabulary:
    """Read a vocabulary whose rows stand in the order of their rank.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a cell is malformed, a word is repeated, a length is not its word's, or a rank
            is out of order.
    """
    columns = read_csv(path, COLUMNS)
    words = columns["kmer"]
    for index, (rank, word, length) in enumerate(zip(columns["rank"], words, columns["length"], strict=True)):
        if rank != index + 1:
            raise row_error(path, index, f"rank {index + 1}", rank)
        if length != len(word):
            raise row_error(path, index, f"the length of {word}, which is {len(word)}", length)
    refuse_repeats(path, "kmer", words)
    return MaskingVocabulary(words, np.array(columns["count"], dtype=np.int64), np.array(columns["normalized_pmi"]))


def table5(vocabulary: MaskingVocabulary) -> dict[int, int]:
    """Words per length, shortest first (Table 5)."""
    return dict(sorted(Counter(map(len, vocabulary.words)).items()))


def write_table5(vocabulary: MaskingVocabulary, path: Path) -> None:
    """Write ``length,words``."""
    write_csv(path, TABLE5_COLUMNS, table5(vocabulary).items())
