"""Cut a genome into segments (Sec. 3, "Pretraining data preparation")."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, UInt8

from genomask.corpus.settings import CorpusSettings
from genomask.genome.encoded import EncodedGenome


class Segments(NamedTuple):
    """Start and length in bases of every segment; starts count only the bases that can be part of one."""

    start: Int64[np.ndarray, " segments"]
    length: Int64[np.ndarray, " segments"]

    def take(self, rows: np.ndarray | slice) -> "Segments":
        """Segments at these rows (an index array, a slice or a mask)."""
        return Segments(self.start[rows], self.length[rows])


class Axis(NamedTuple):
    """The line along which segments are laid: stretches of the genome, end to end.

    ``origin[i]`` is where stretch ``i`` starts on the line, ``genome[i]`` where it starts in the genome.
    """

    origin: Int64[np.ndarray, " _stretches"]
    genome: Int64[np.ndarray, " stretches"]
    chromosomes: Int64[np.ndarray, " _chromosomes"]


def lay_out(genome: EncodedGenome, *, gaps: str) -> Axis:
    """Lay the genome out for cutting: whole chromosomes, or what is left when the gaps are taken out."""
    if gaps == "drop":
        return Axis(genome.offsets, genome.offsets[:-1], genome.offsets)
    origin = np.concatenate(([0], np.cumsum(genome.runs[:, 1] - genome.runs[:, 0])))
    first_run = np.searchsorted(genome.runs[:, 0], genome.offsets)
    return Axis(origin, genome.runs[:, 0], origin[first_run])


def cut(genome: EncodedGenome, settings: CorpusSettings, generator: np.random.Generator) -> Segments:
    """Cut every chromosome from a random start into consecutive segments of random length.

    Half of the segments have ``longest`` bases, the others a length drawn uniformly from
    ``shortest..longest`` (steps 1 and 2); those with a base other than A, C, G or T are left out (step 3).

    Raises:
        ValueError: If the genome yields no segment for training or none for validation.
    """
    axis = lay_out(genome, gaps=settings.gaps)
    bounds = zip(axis.chromosomes[:-1].tolist(), axis.chromosomes[1:].tolist(), strict=True)
    parts = [_cut_chromosome(start, stop, settings, generator) for start, stop in bounds]
    segments = Segments(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    return segments.take(_inside_a_run(segments, genome)) if settings.gaps == "drop" else segments


def _cut_chromosome(start: int, stop: int, settings: CorpusSettings, generator: np.random.Generator) -> Segments:
    first = start + int(generator.integers(1, settings.first_start, endpoint=True)) - 1
    mean = (
        settings.full_share * settings.longest + (1 - settings.full_share) * (settings.shortest + settings.longest) / 2
    )
    count = int((stop - first) / mean * 1.05) + 100  # enough to pass the end, bar a miracle: checked below
    length = generator.integers(settings.shortest, settings.longest, size=count, endpoint=True)
    length[generator.random(count) < settings.full_share] = settings.longest
    end = first + np.cumsum(length)
    assert end[-1] >= stop, "too few segment lengths were drawn"
    # The released code advances by L but takes L + 1 bases: its segments share one base with the next.
    whole = end + settings.extra_bases <= stop
    return Segments((end - length)[whole], length[whole] + settings.extra_bases)


def _inside_a_run(segments: Segments, genome: EncodedGenome) -> np.ndarray:
    run = np.searchsorted(genome.runs[:, 0], segments.start, side="right") - 1
    return (run >= 0) & (segments.start + segments.length <= genome.runs[run, 1])


def read(genome: EncodedGenome, axis: Axis, segments: Segments) -> UInt8[np.ndarray, "batch bases"]:
    """Read the bases of a few segments, as wide as the longest of them and filled up with ``OTHER``."""
    from genomask.loops import read_segments

    batch = np.empty((len(segments.start), segments.length.max(initial=0)), dtype=np.uint8)
    stretches = np.searchsorted(axis.origin, segments.start, side="right") - 1
    source = genome.bases.view(np.ndarray)
    source.flags.writeable = False  # as of a genome on disk: the loop is compiled once
    read_segments(source, (axis.origin, axis.genome), segments, stretches, batch)
    return batch
