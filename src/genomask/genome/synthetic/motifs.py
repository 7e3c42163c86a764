"""What is planted: motifs, and promoters and enhancers, stretches of background with a grammar of motifs in them."""

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8

from genomask.alphabet import BASES

IUPAC: Final = {
    "A": "A", "C": "C", "G": "G", "T": "T", "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT",
}  # fmt: skip
PROMOTER_BASES: Final = 600
TSS: Final = 350  # position of the transcription start site in a promoter
ISLAND_SHARE: Final = 0.7  # of promoters lie in a CpG island
ISLAND_ENRICHMENT: Final = (0.1, 0.6)  # share of A and T that became C or G, in an island
PROMOTER_ENRICHMENT: Final = (0.0, 0.2)  # and elsewhere
ENHANCER_BASES: Final = 500
ENHANCER_ENRICHMENT: Final = (0.0, 0.1)
SITE_EVERY: Final = 50  # bases of enhancer per place for a motif
SITE_SHARE: Final = 0.35  # of places that are taken


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


class Sites(NamedTuple):
    """Where one motif was planted in a block of elements; positions count along the element."""

    motif: str
    bases: int  # width of the motif
    element: Int64[np.ndarray, " sites"]
    start: Int64[np.ndarray, " sites"]
    reverse: Bool[np.ndarray, " sites"]


def draw_motif(
    consensus: str, count: int, *, conservation: float, rng: np.random.Generator
) -> UInt8[np.ndarray, "sites bases"]:
    """Draw sites of a motif: a base obeys the consensus with probability ``conservation``, else it is any base."""
    allowed = np.array([[base in IUPAC[letter] for base in BASES] for letter in consensus])
    probability = conservation * allowed / allowed.sum(axis=1, keepdims=True) + (1 - conservation) / 4
    threshold = probability.cumsum(axis=1)[:, :-1]
    return (rng.random((count, len(consensus), 1)) > threshold).sum(axis=-1, dtype=np.uint8)


def plant_promoters(
    blocks: UInt8[np.ndarray, "elements bases"], *, conservation: float, rng: np.random.Generator
) -> list[Sites]:
    """Turn blocks of background into promoters, in place; each block holds ``PROMOTER_BASES``."""
    count = len(blocks)
    island = rng.random(count) < ISLAND_SHARE
    enrichment = (rng.uniform(*ISLAND_ENRICHMENT, size=count), rng.uniform(*PROMOTER_ENRICHMENT, size=count))
    enrich(blocks, np.where(island, *enrichment), rng)
    planted = []
    for motif in PROMOTER_MOTIFS:
        element = np.flatnonzero(rng.random(count) < motif.share)
        start = TSS + rng.integers(motif.first, motif.last + 1, size=element.size)
        reverse = (rng.random(element.size) < 0.5) & motif.either_strand
        sites = Sites(motif.name, len(motif.consensus), element, start, reverse)
        _write(blocks, sites, draw_motif(motif.consensus, element.size, conservation=conservation, rng=rng))
        planted.append(sites)
    return planted


def plant_enhancers(
    blocks: UInt8[np.ndarray, "elements bases"], *, conservation: float, rng: np.random.Generator
) -> list[Sites]:
    """Turn blocks of ``ENHANCER_BASES`` of background into enhancers, in place. An enhancer follows one programme: its
    motifs take turns along the element, some places stay empty."""
    count, places = len(blocks), ENHANCER_BASES // SITE_EVERY
    enrich(blocks, rng.uniform(*ENHANCER_ENRICHMENT, size=count), rng)
    programme = np.array(PROGRAMMES)[rng.integers(len(PROGRAMMES), size=count)]
    wanted = programme[:, np.arange(places) % programme.shape[1]]
    taken = rng.random((count, places)) < SITE_SHARE
    planted = []
    for name, consensus in ENHANCER_MOTIFS.items():
        element, place = np.nonzero(taken & (wanted == name))
        start = place * SITE_EVERY + rng.integers(SITE_EVERY - len(consensus) + 1, size=element.size)
        sites = Sites(name, len(consensus), element, start, rng.random(element.size) < 0.5)
        _write(blocks, sites, draw_motif(consensus, element.size, conservation=conservation, rng=rng))
        planted.append(sites)
    return planted


def enrich(
    blocks: UInt8[np.ndarray, "elements bases"], probability: Float64[np.ndarray, " elements"], rng: np.random.Generator
) -> None:
    """Turn A into C and T into G (bit 1 of a base) with each element's probability."""
    blocks |= 2 * (rng.random(blocks.shape) < probability[:, None]).astype(np.uint8)


def _write(
    blocks: UInt8[np.ndarray, "elements bases"], sites: Sites, copies: UInt8[np.ndarray, "sites _bases"]
) -> None:
    along = np.arange(sites.bases)
    within = np.where(sites.reverse[:, None], sites.bases - 1 - along, along)
    blocks[sites.element[:, None], sites.start[:, None] + within] = copies ^ sites.reverse[:, None]
