"""What is planted: the motifs of promoters and enhancers, and how often they appear."""

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64, UInt8

from genomask.alphabet import BASES

IUPAC: Final = {
    "A": "A", "C": "C", "G": "G", "T": "T", "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT",
}  # fmt: skip


class PromoterMotif(NamedTuple):
    """A motif at a distance from the transcription start site (TSS, position 0)."""

    name: str
    consensus: str  # IUPAC
    first: int  # leftmost and rightmost position of its first base
    last: int
    share: float  # of promoters that have it
    either_strand: bool


PROMOTER_MOTIFS: Final = (
    PromoterMotif("GC box", "KGGGCGGRRY", first=-112, last=-100, share=0.6, either_strand=True),
    PromoterMotif("CCAAT box", "RRCCAATSRG", first=-90, last=-78, share=0.5, either_strand=True),
    PromoterMotif("GC box", "KGGGCGGRRY", first=-62, last=-48, share=0.6, either_strand=True),
    PromoterMotif("TATA box", "TATAWAAR", first=-32, last=-28, share=0.8, either_strand=False),
    PromoterMotif("ETS", "CCGGAAGY", first=-18, last=-11, share=0.6, either_strand=True),
    PromoterMotif("Inr", "TCAKTY", first=-2, last=-2, share=0.9, either_strand=False),
    PromoterMotif("YY1", "AARATGGCGGC", first=6, last=14, share=0.7, either_strand=False),
    PromoterMotif("DPE", "RGWCGTG", first=28, last=28, share=0.5, either_strand=False),
)

ENHANCER_MOTIFS: Final = {
    "AP-1": "TGASTCA",
    "C/EBP": "TTGCGCAA",
    "ETS": "CCGGAAGT",
    "E-box": "CACGTG",
    "GATA": "AGATAAG",
    "RUNX": "TGTGGTT",
}
PROGRAMMES: Final = (("AP-1", "ETS", "RUNX"), ("C/EBP", "AP-1", "E-box"), ("GATA", "E-box", "ETS"))


def draw_motif(
    consensus: str, count: int, *, conservation: float, rng: np.random.Generator
) -> UInt8[np.ndarray, "sites bases"]:
    """Draw sites of a motif: a base obeys the consensus with this probability, else it is any base.

    Raises:
        KeyError: If the consensus holds a letter that is not IUPAC.
    """
    threshold = _base_probabilities(consensus, conservation).cumsum(axis=1)[:, :-1]
    return (rng.random((count, len(consensus), 1)) > threshold).sum(axis=-1, dtype=np.uint8)


def _base_probabilities(consensus: str, conservation: float) -> Float64[np.ndarray, "bases 4"]:
    allowed = np.array([[base in IUPAC[letter] for base in BASES] for letter in consensus])
    return conservation * allowed / allowed.sum(axis=1, keepdims=True) + (1 - conservation) / 4
