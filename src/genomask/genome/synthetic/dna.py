"""The synthetic genome's DNA: isochores, repeats, few CpG; promoters and enhancers with a grammar of motifs."""

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, UInt8

from genomask.alphabet import BASES
from genomask.seeds import generator

ISOCHORE_BASES: Final = (50_000, 300_000)  # shortest and longest domain of even composition
ISOCHORE_GC: Final = (0.35, 0.55)  # share of G and C in a domain, before CpG decay
CPG_LOSS: Final = 0.78  # share of CpG that decayed to TpG or CpA
DIVERGENCE: Final = (0.05, 0.20)  # share of bases in which a copy differs from its consensus
TANDEM_EVERY: Final = 2_000  # bases of genome per tandem repeat
TANDEM_BASES: Final = (10, 40)
TANDEM_UNIT: Final = 4  # longest unit; half of the repeats have a unit of one base, A or T
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


class Family(NamedTuple):
    """An interspersed repeat: copies keep the 3' end of the consensus, as retrotransposons do."""

    name: str
    shortest: int  # bases of the shortest copy
    longest: int  # bases of the longest copy, which is the consensus
    gc: float
    share: float  # of the genome


FAMILIES: Final = (
    Family("Alu-like", shortest=270, longest=300, gc=0.58, share=0.08),
    Family("L1-like", shortest=200, longest=2_000, gc=0.40, share=0.10),
)
TAIL_BASES: Final = 18  # poly-A at the 3' end of every consensus

Bases = UInt8[np.ndarray, " bases"]
Blocks = UInt8[np.ndarray, "elements bases"]
Shares = Float32[np.ndarray, " bases"]  # of G and C, at every base
Random = np.random.Generator
Consensus = dict[Family, UInt8[np.ndarray, " _bases"]]


def draw_consensus(seed: int) -> Consensus:
    """Draw the founding copy of every repeat family, the same for a genome and its benchmarks."""
    rng = generator(seed, "synthetic", "repeats")
    consensus = {}
    for family in FAMILIES:
        founder = draw_bases(np.full(family.longest, family.gc, np.float32), rng)
        founder[-TAIL_BASES:] = 0
        consensus[family] = founder
    return consensus


def draw_isochores(length: int, rng: Random) -> Shares:
    """Draw the share of G and C at every base, constant within a domain."""
    shortest, longest = ISOCHORE_BASES
    ends = rng.integers(shortest, longest + 1, size=length // shortest + 1).cumsum()
    levels = rng.uniform(*ISOCHORE_GC, size=ends.size).astype(np.float32)
    return np.repeat(levels, np.diff(np.minimum(ends, length), prepend=0))


def draw_background(gc: Shares, consensus: Consensus, rng: Random) -> Bases:
    """Draw DNA without elements (bases 0..3), given the share of G and C at every base, with diverged copies of the
    repeat families of ``consensus`` on both strands."""
    bases = draw_bases(gc, rng)
    for family, founder in consensus.items():
        _insert_copies(bases, family, founder, rng)
    _insert_tandem_repeats(bases, rng)
    _decay_cpg(bases, rng)
    return bases


def draw_bases(gc: Shares, rng: Random) -> Bases:
    """Draw independent bases, of which a share ``gc`` is G or C."""
    strong = (rng.random(gc.size, dtype=np.float32) < gc).astype(np.uint8)
    return 2 * strong + rng.integers(2, size=gc.size, dtype=np.uint8)


def _insert_copies(bases: Bases, family: Family, founder: UInt8[np.ndarray, " _bases"], rng: Random) -> None:
    count = int(family.share * bases.size / ((family.shortest + family.longest) / 2))
    lengths = rng.integers(family.shortest, family.longest + 1, size=count)
    copy, within = _ragged(lengths)
    reverse = rng.integers(2, size=count)[copy]
    from_end = np.where(reverse, within, lengths[copy] - 1 - within)
    letters = founder[founder.size - 1 - from_end] ^ reverse.astype(np.uint8)
    mutated = rng.random(copy.size) < rng.uniform(*DIVERGENCE, size=count)[copy]
    letters[mutated] ^= rng.integers(1, 4, size=int(mutated.sum()), dtype=np.uint8)
    _scatter(bases, lengths, letters, rng)


def _insert_tandem_repeats(bases: Bases, rng: Random) -> None:
    count = bases.size // TANDEM_EVERY
    lengths = rng.integers(TANDEM_BASES[0], TANDEM_BASES[1] + 1, size=count)
    unit_lengths = rng.integers(2, TANDEM_UNIT + 1, size=count)
    units = rng.integers(4, size=(count, TANDEM_UNIT), dtype=np.uint8)
    unit_lengths[: count // 2] = 1
    units[: count // 2, 0] &= 1  # runs of A and of T; runs of C and G are rare in human DNA
    repeat, within = _ragged(lengths)
    _scatter(bases, lengths, units[repeat, within % unit_lengths[repeat]], rng)


def _decay_cpg(bases: Bases, rng: Random) -> None:
    """Turn most CpG into TpG, or into CpA if the other strand decayed."""
    cytosine = np.flatnonzero((bases[:-1] == BASES.index("C")) & (bases[1:] == BASES.index("G")))
    decayed = cytosine[rng.random(cytosine.size) < CPG_LOSS]
    other_strand = rng.integers(2, size=decayed.size)
    bases[decayed + other_strand] = BASES.index("T") - other_strand  # T on this strand, A across from T


def _ragged(lengths: Int64[np.ndarray, " items"]) -> tuple[np.ndarray, np.ndarray]:
    """Item and position within the item, for all bases of all items laid end to end."""
    item = np.repeat(np.arange(lengths.size), lengths)
    return item, np.arange(item.size) - np.repeat(lengths.cumsum() - lengths, lengths)


def _scatter(
    bases: Bases, lengths: Int64[np.ndarray, " items"], letters: UInt8[np.ndarray, " _bases"], rng: Random
) -> None:
    """Write items, laid end to end in ``letters``, over random places; later ones lie over earlier ones."""
    starts = (rng.random(lengths.size) * (bases.size - lengths + 1)).astype(np.int64)
    item, within = _ragged(lengths)
    bases[starts[item] + within] = letters


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


def draw_motif(consensus: str, count: int, *, conservation: float, rng: Random) -> UInt8[np.ndarray, "sites bases"]:
    """Draw sites of a motif: a base obeys the consensus with probability ``conservation``, else it is any base."""
    allowed = np.array([[base in IUPAC[letter] for base in BASES] for letter in consensus])
    probability = conservation * allowed / allowed.sum(axis=1, keepdims=True) + (1 - conservation) / 4
    threshold = probability.cumsum(axis=1)[:, :-1]
    return (rng.random((count, len(consensus), 1)) > threshold).sum(axis=-1, dtype=np.uint8)


def plant_promoters(blocks: Blocks, *, conservation: float, rng: Random) -> list[Sites]:
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
        planted.append(_plant(blocks, sites, motif.consensus, conservation, rng))
    return planted


def plant_enhancers(blocks: Blocks, *, conservation: float, rng: Random) -> list[Sites]:
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
        planted.append(_plant(blocks, sites, consensus, conservation, rng))
    return planted


def enrich(blocks: Blocks, probability: Float64[np.ndarray, " elements"], rng: Random) -> None:
    """Turn A into C and T into G (bit 1 of a base) with each element's probability."""
    blocks |= 2 * (rng.random(blocks.shape) < probability[:, None]).astype(np.uint8)


def _plant(blocks: Blocks, sites: Sites, consensus: str, conservation: float, rng: Random) -> Sites:
    copies = draw_motif(consensus, sites.element.size, conservation=conservation, rng=rng)
    along = np.arange(sites.bases)
    within = np.where(sites.reverse[:, None], sites.bases - 1 - along, along)
    blocks[sites.element[:, None], sites.start[:, None] + within] = copies ^ sites.reverse[:, None]
    return sites
