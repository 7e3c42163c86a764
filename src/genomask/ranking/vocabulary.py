"""PMI-VOCAB's masking vocabulary: the k-mers of length 2..10 that are worth masking whole (Sec. 5.4)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64, Int64

from genomask.alphabet import encode, kmer_text
from genomask.checks import require, require_choice
from genomask.files import write_csv
from genomask.genome.sequences import kmer_codes
from genomask.ranking.csv_table import COUNT, KMER, SCORE, read_csv, refuse_repeats, row_error
from genomask.ranking.pmi import RARE_COUNT, normalized_pmi, pmi_by_length, settle_ties

FLOOR_COUNT: Final = 10_000  # Sec. 5.4
SIZE: Final = 40_000  # Sec. 5.4
COLUMNS: Final = {"rank": COUNT, "kmer": KMER, "length": COUNT, "count": COUNT, "normalized_pmi": SCORE}
GENOME_BASES: Final = 2.94e9  # A, C, G and T of GRCh38's 24 chromosomes, on which the two above were set


@dataclass
class VocabularySettings:
    """Which k-mers become words: those of ``shortest`` to ``longest`` bases that occur ``floor_count`` times.

    ``size`` is their number, exactly. Floor and size, where they are None, are scaled to the genome; then there are at
    most as many words as k-mers that reach the floor. ``selection`` is ``global``, which ranks all lengths together
    (Sec. 5.4), or ``quota``, each length apart. ``quotas`` are the shares of each length, as in Levine et al. (2021),
    where what a length cannot fill passes to the next longer one; with None every length keeps the same share of its
    k-mers, as half of 40,000 words cannot be 2-mers, of which DNA has 16. ``rare_count`` is c of Eq. 2.
    """

    shortest: int = 2
    longest: int = 10
    floor_count: int | None = None
    size: int | None = None
    selection: str = "global"
    quotas: list[float] | None = None
    rare_count: int = RARE_COUNT

    def __post_init__(self) -> None:
        lengths = f"2 <= shortest <= longest <= 10, with longest={self.longest}"
        require(2 <= self.shortest <= self.longest <= 10, "vocab.shortest", lengths, self.shortest)
        require_choice(self.selection, "vocab.selection", ("global", "quota"))
        for name in ("floor_count", "size"):
            value = getattr(self, name)
            require(value is None or value >= 1, f"vocab.{name}", "null or a number from 1", value)
        require(self.rare_count >= 2, "vocab.rare_count", "at least 2 occurrences", self.rare_count)
        if self.quotas is not None:
            self._check_quotas(self.quotas)

    def _check_quotas(self, quotas: list[float]) -> None:
        lengths = self.longest - self.shortest + 1
        require(self.selection == "quota", "vocab.quotas", "selection=quota", self.selection)
        valid = len(quotas) == lengths and min(quotas) >= 0 and abs(sum(quotas) - 1) < 1e-6
        require(valid, "vocab.quotas", f"{lengths} shares from 0 that sum to 1", quotas)


@dataclass(frozen=True, eq=False)
class MaskingVocabulary:
    """Words in the order of their rank, highest normalized PMI first."""

    words: list[str]
    count: Int64[np.ndarray, " words"]
    normalized_pmi: Float64[np.ndarray, " words"]


def scale_to_genome(settings: VocabularySettings, genome_bases: int) -> tuple[int, int]:
    """Floor and size of the vocabulary of a genome of so many A, C, G and T.

    An open floor is the share of the genome that 10,000 is of the human genome, but at least c, below which Eq. 2 calls
    a k-mer rare. Where c is the larger (below 30 Mb), fewer k-mers pass, about in inverse proportion, and an open size
    shrinks alike: human chromosome 20 and parts of it down to 1 Mb so keep 17 to 19 % of what reaches the floor.
    """
    human_share = FLOOR_COUNT * genome_bases / GENOME_BASES
    floor = settings.floor_count or max(settings.rare_count, round(human_share))
    return floor, settings.size or max(1, round(SIZE * min(1, human_share / floor)))


def build_vocabulary(counts: Sequence[Int64[np.ndarray, " _kmers"]], settings: VocabularySettings) -> MaskingVocabulary:
    """Choose the words by Eq. 1 and Eq. 2, each length scored on its own counts; equal scores go by length and code."""
    needed = f"counts for n = 1..{settings.longest}"
    require(len(counts) >= settings.longest, "A vocabulary", needed, f"{len(counts)} table(s)")
    floor, size = scale_to_genome(settings, int(counts[0].sum()))
    scores, rows = pmi_by_length(counts[: settings.longest]), []
    for n in range(settings.shortest, settings.longest + 1):
        codes = np.flatnonzero(counts[n - 1] >= floor)
        common = counts[n - 1][codes]
        normalized = normalized_pmi(scores[n - 2][codes], common, rare_count=settings.rare_count)
        rows.append((np.full(len(codes), n), codes, common, normalized))
    length, code, count, score = map(np.concatenate, zip(*rows, strict=True))
    require(len(code) > 0, "vocab.floor_count", "a floor that some k-mer reaches", floor)

    score = settle_ties(score)
    ranked = np.lexsort((code, length, -score))
    if settings.selection == "quota":
        ranked = ranked[_within_quotas(length[ranked], size, settings)]
    chosen = ranked[:size]
    asked = settings.size or max(1, len(chosen))
    require(len(chosen) == asked, "vocab.size", f"at most the {len(chosen)} words there are", asked)
    words = [kmer_text(*word) for word in zip(code[chosen].tolist(), length[chosen].tolist(), strict=True)]
    return MaskingVocabulary(words, count[chosen], score[chosen])


def membership(vocabulary: MaskingVocabulary) -> dict[int, Bool[np.ndarray, " _kmers"]]:
    """Which of all ``4**n`` k-mers are words, by base-4 code, for every length n that has words."""
    member = {}
    for n in sorted({len(word) for word in vocabulary.words}):
        member[n] = np.zeros(4**n, dtype=bool)
        member[n][kmer_codes(encode("".join(word for word in vocabulary.words if len(word) == n)), n)[::n]] = True
    return member


def _within_quotas(
    length: Int64[np.ndarray, " rows"], size: int, settings: VocabularySettings
) -> Bool[np.ndarray, " rows"]:
    """Mark the best k-mers of each length; the rows are in the order of their rank."""
    available = np.bincount(length, minlength=settings.longest + 1)[settings.shortest :]
    shares = available / len(length) if settings.quotas is None else settings.quotas
    wanted = np.diff(np.rint(np.cumsum(shares) * size).astype(int), prepend=0)
    kept, left_over = np.zeros(len(length), dtype=bool), 0
    for n, (goal, there) in enumerate(zip(wanted, available, strict=True), start=settings.shortest):
        taken = min(goal + left_over, there)
        left_over += goal - taken
        kept[np.flatnonzero(length == n)[:taken]] = True
    return kept


def write_vocabulary(vocabulary: MaskingVocabulary, path: Path) -> None:
    """Write ``rank,kmer,length,count,normalized_pmi``, best rank first."""
    words = vocabulary.words
    ranks, lengths = range(1, len(words) + 1), map(len, words)
    counts, scores = vocabulary.count.tolist(), vocabulary.normalized_pmi.tolist()
    write_csv(path, COLUMNS, zip(ranks, words, lengths, counts, scores, strict=True))


def read_vocabulary(path: Path) -> MaskingVocabulary:
    """Read a vocabulary whose rows stand in the order of their rank; what is wrong is a ValueError with the line."""
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
    write_csv(path, ("length", "words"), table5(vocabulary).items())
