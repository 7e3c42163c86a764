"""DNA without elements: isochores, interspersed and tandem repeats, and few CpG."""

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from genomask.alphabet import BASES
from genomask.seeds import generator

ISOCHORE_BASES: Final = (50_000, 300_000)  # shortest and longest domain of even composition
ISOCHORE_GC: Final = (0.35, 0.55)  # share of G and C in a domain, before CpG decay
CPG_LOSS: Final = 0.78  # share of CpG that decayed to TpG or CpA
DIVERGENCE: Final = (0.05, 0.20)  # share of bases in which a copy differs from its consensus
TANDEM_EVERY: Final = 2_000  # bases of genome per tandem repeat
TANDEM_BASES: Final = (10, 40)
TANDEM_UNIT: Final = 4  # longest unit; half of the repeats have a unit of one base, A or T


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


def draw_isochores(length: int, rng: np.random.Generator) -> Float32[np.ndarray, " bases"]:
    """Draw the share of G and C at every base, constant within a domain."""
    shortest, longest = ISOCHORE_BASES
    ends = rng.integers(shortest, longest + 1, size=length // shortest + 1).cumsum()
    levels = rng.uniform(*ISOCHORE_GC, size=ends.size).astype(np.float32)
    return np.repeat(levels, np.diff(np.minimum(ends, length), prepend=0))


def draw_background(
    gc: Float32[np.ndarray, " bases"], consensus: Consensus, rng: np.random.Generator
) -> UInt8[np.ndarray, " bases"]:
    """Draw DNA without elements (bases 0..3), given the share of G and C at every base, with diverged copies of the
    repeat families of ``consensus`` on both strands."""
    bases = draw_bases(gc, rng)
    for family, founder in consensus.items():
        _insert_copies(bases, family, founder, rng)
    _insert_tandem_repeats(bases, rng)
    _decay_cpg(bases, rng)
    return bases


def draw_bases(gc: Float32[np.ndarray, " bases"], rng: np.random.Generator) -> UInt8[np.ndarray, " bases"]:
    """Draw independent bases, of which a share ``gc`` is G or C."""
    strong = (rng.random(gc.size, dtype=np.float32) < gc).astype(np.uint8)
    return 2 * strong + rng.integers(2, size=gc.size, dtype=np.uint8)


def _insert_copies(
    bases: UInt8[np.ndarray, " bases"], family: Family, founder: UInt8[np.ndarray, " _bases"], rng: np.random.Generator
) -> None:
    count = int(family.share * bases.size / ((family.shortest + family.longest) / 2))
    lengths = rng.integers(family.shortest, family.longest + 1, size=count)
    copy, within = _ragged(lengths)
    reverse = rng.integers(2, size=count)[copy]
    from_end = np.where(reverse, within, lengths[copy] - 1 - within)
    letters = founder[founder.size - 1 - from_end] ^ reverse.astype(np.uint8)
    mutated = rng.random(copy.size) < rng.uniform(*DIVERGENCE, size=count)[copy]
    letters[mutated] ^= rng.integers(1, 4, size=int(mutated.sum()), dtype=np.uint8)
    _scatter(bases, lengths, letters, rng)


def _insert_tandem_repeats(bases: UInt8[np.ndarray, " bases"], rng: np.random.Generator) -> None:
    count = bases.size // TANDEM_EVERY
    lengths = rng.integers(TANDEM_BASES[0], TANDEM_BASES[1] + 1, size=count)
    unit_lengths = rng.integers(2, TANDEM_UNIT + 1, size=count)
    units = rng.integers(4, size=(count, TANDEM_UNIT), dtype=np.uint8)
    unit_lengths[: count // 2] = 1
    units[: count // 2, 0] &= 1  # runs of A and of T; runs of C and G are rare in human DNA
    repeat, within = _ragged(lengths)
    _scatter(bases, lengths, units[repeat, within % unit_lengths[repeat]], rng)


def _decay_cpg(bases: UInt8[np.ndarray, " bases"], rng: np.random.Generator) -> None:
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
    bases: UInt8[np.ndarray, " bases"],
    lengths: Int64[np.ndarray, " items"],
    letters: UInt8[np.ndarray, " _bases"],
    rng: np.random.Generator,
) -> None:
    """Write items, laid end to end in ``letters``, over random places; later ones lie over earlier ones."""
    starts = (rng.random(lengths.size) * (bases.size - lengths + 1)).astype(np.int64)
    item, within = _ragged(lengths)
    bases[starts[item] + within] = letters
