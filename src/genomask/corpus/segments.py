"""Cut a genome into segments (Sec. 3, "Pretraining data preparation")."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, UInt8

from genomask.corpus.settings import CorpusSettings
from genomask.genome.assembly import reverse_complement
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


class Corpus(NamedTuple):
    """A genome laid out for reading segments, and the strand that they are read from."""

    genome: EncodedGenome
    axis: Axis
    strand: str = "given"

    def read(self, segments: Segments, keys: Int64[np.ndarray, " segments"]) -> list[UInt8[np.ndarray, " _bases"]]:
        """Read the bases of a few segments; with ``strand="both"``, each from a strand that its key draws."""
        found = [self._bases(int(start), int(length)) for start, length in zip(*segments, strict=True)]
        if self.strand == "both":
            found = [reverse_complement(bases) if key & 1 else bases for bases, key in zip(found, keys, strict=True)]
        return found

    def _bases(self, start: int, length: int) -> UInt8[np.ndarray, " bases"]:
        stretch = int(np.searchsorted(self.axis.origin, start, side="right")) - 1
        parts, stop = [], start + length
        while start < stop:  # once, unless the segment leads from one stretch into the next
            end = min(stop, int(self.axis.origin[stretch + 1]))
            shift = int(self.axis.genome[stretch] - self.axis.origin[stretch])
            parts.append(np.asarray(self.genome.bases[start + shift : end + shift]))
            start, stretch = end, stretch + 1
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
