"""Cut a genome into segments (Sec. 3, "Pretraining data preparation")."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from genomask.checks import require, require_choice
from genomask.genome.encoded import EncodedGenome, is_lower
from genomask.genome.names import place_in
from genomask.genome.places import read_bed
from genomask.genome.sequences import reverse_complement
from genomask.text_files import wrong_line


@dataclass
class CorpusSettings:
    """Segmentation of Sec. 3, steps 1 to 3. ``gaps``: ``"drop"`` leaves out every segment with a base other than A, C,
    G and T (the paper); ``"join"`` deletes these first, so that a segment may run across a gap (the released code).
    ``regions`` is a BED file from whose regions alone, with ``margin`` bases on either side, segments come. ``jitter``
    moves a segment by up to so many bases, drawn anew every time. ``strand`` is ``"given"``, the FASTA file's (the
    paper), or ``"both"``: one is drawn for every segment and epoch."""

    longest: int
    shortest: int
    full_share: float
    first_start: int
    extra_bases: int
    gaps: str
    validation_share: float
    strand: str = "given"
    regions: str | None = None
    margin: int = 0
    jitter: int = 0

    def __post_init__(self) -> None:
        require(1 <= self.shortest <= self.longest, "corpus.shortest", "1..corpus.longest", self.shortest)
        require(0 <= self.full_share <= 1, "corpus.full_share", "a share from 0 to 1", self.full_share)
        require(self.first_start >= 1, "corpus.first_start", "at least 1", self.first_start)
        require(self.extra_bases >= 0, "corpus.extra_bases", "at least 0", self.extra_bases)
        require_choice(self.gaps, "corpus.gaps", ("drop", "join"))
        for name in ("margin", "jitter"):
            require(getattr(self, name) >= 0, f"corpus.{name}", "at least 0", getattr(self, name))
        whole = self.gaps == "drop" or not (self.regions or self.jitter)
        require(whole, "corpus.gaps", "drop, where corpus.regions or corpus.jitter is set", self.gaps)
        there = self.regions is None or Path(self.regions).expanduser().is_file()
        require(there, "corpus.regions", "a BED file", self.regions)
        require_choice(self.strand, "corpus.strand", ("given", "both"))
        share = self.validation_share
        require(0 < share < 1, "corpus.validation_share", "a share between 0 and 1", share)


class Segments(NamedTuple):
    """Start and length in bases of every segment; starts count only the bases that can be part of one."""

    start: Int64[np.ndarray, " segments"]
    length: Int64[np.ndarray, " segments"]

    def take(self, rows: np.ndarray | slice) -> "Segments":
        """Segments at these rows (an index array, a slice or a mask)."""
        return Segments(self.start[rows], self.length[rows])


class Axis(NamedTuple):
    """The line along which segments are laid, stretches end to end: ``origin[i]`` is where stretch ``i`` starts on the
    line, ``genome[i]`` where it starts in the genome."""

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
    """Cut every chromosome from a random start into consecutive segments: half of ``longest`` bases, the others of a
    length drawn from ``shortest..longest`` (steps 1 and 2); those with a base other than A, C, G or T are left out
    (step 3). Raises ValueError if ``regions`` is no BED file, or names a record that the genome lacks."""
    if settings.regions is None:
        bounds = pairwise(lay_out(genome, gaps=settings.gaps).chromosomes.tolist())
        parts = [_cut_chromosome(start, stop, settings, generator) for start, stop in bounds]
    else:
        parts = [_cut_region(*region, settings) for region in read_regions(genome, settings)]
    segments = Segments(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    if settings.gaps != "drop":
        return segments
    run = np.searchsorted(genome.runs[:, 0], segments.start, side="right") - 1
    return segments.take((run >= 0) & (segments.start + segments.length <= genome.runs[run, 1]))


def read_regions(genome: EncodedGenome, settings: CorpusSettings) -> list[tuple[int, int]]:
    """Regions of a BED file in the genome, each with its margin, as far as its record goes."""
    file, found = Path(settings.regions or "").expanduser(), []
    for line, place, *_ in read_bed(file):
        try:
            name, inside = place_in(genome, place)
        except ValueError as error:
            raise wrong_line(file, line, str(error)) from None
        first, last = genome.offsets[genome.names.index(name) :][:2].tolist()
        found.append((max(inside.start - settings.margin, first), min(inside.stop + settings.margin, last)))
    return found


def _cut_region(start: int, stop: int, settings: CorpusSettings) -> Segments:
    """Cut a region from its start into segments of full length; what is left at its end is a shorter one."""
    begin = np.arange(start, stop, settings.longest)
    length = np.minimum(settings.longest, stop - begin)
    long_enough = length >= settings.shortest
    return Segments(begin[long_enough], length[long_enough])


def _cut_chromosome(start: int, stop: int, settings: CorpusSettings, generator: np.random.Generator) -> Segments:
    first = start + int(generator.integers(1, settings.first_start, endpoint=True)) - 1
    half = (settings.shortest + settings.longest) / 2
    mean = settings.full_share * settings.longest + (1 - settings.full_share) * half
    count = int((stop - first) / mean * 1.05) + 100  # enough to pass the end, bar a miracle: checked below
    length = generator.integers(settings.shortest, settings.longest, size=count, endpoint=True)
    length[generator.random(count) < settings.full_share] = settings.longest
    end = first + np.cumsum(length)
    assert end[-1] >= stop, "too few segment lengths were drawn"
    # The released code advances by L but takes L + 1 bases: its segments share one base with the next.
    whole = end + settings.extra_bases <= stop
    return Segments((end - length)[whole], length[whole] + settings.extra_bases)


class Piece(NamedTuple):
    """The bases of a segment, which of them are lower case in the FASTA file, and the values of tracks."""

    bases: UInt8[np.ndarray, " bases"]
    lower: Bool[np.ndarray, " bases"] | None
    tracks: dict[str, Float32[np.ndarray, " bases"]]


class Corpus(NamedTuple):
    """A genome laid out for reading segments."""

    genome: EncodedGenome
    axis: Axis  # how its stretches are laid end to end
    strand: str = "given"  # or both: every segment is read from a strand that its key draws
    jitter: int = 0  # bases by which a segment is moved at most, as its key draws; never over a gap

    def read(self, segments: Segments, keys: Int64[np.ndarray, " segments"]) -> list[Piece]:
        """Read a few segments, as their keys say."""
        return [self._piece(*map(int, place)) for place in zip(*segments, keys, strict=True)]

    def _piece(self, start: int, length: int, key: int) -> Piece:
        if self.jitter:
            run = int(np.searchsorted(self.genome.runs[:, 0], start, side="right")) - 1
            first, last = self.genome.runs[run].tolist()
            moved = start + (key >> 1) % (2 * self.jitter + 1) - self.jitter
            start = max(first, min(moved, last - length))
        parts = list(self._places(start, start + length))
        bases, lower = np.concatenate([self.genome.bases[place] for place in parts]), None
        if len(self.genome.lower):
            lower = np.concatenate([is_lower(self.genome, place.start, place.stop) for place in parts])
        known = self.genome.tracks.items()
        tracks = {name: np.concatenate([values[place] for place in parts]) for name, values in known}
        if self.strand == "both" and key & 1:
            flipped = {name: values[::-1] for name, values in tracks.items()}
            return Piece(reverse_complement(bases), None if lower is None else lower[::-1], flipped)
        return Piece(bases, lower, tracks)

    def _places(self, start: int, stop: int) -> Iterator[slice]:
        """The stretches of the genome that a segment is made of: one, unless it leads over a deleted gap."""
        stretch = int(np.searchsorted(self.axis.origin, start, side="right")) - 1
        while start < stop:
            end = min(stop, int(self.axis.origin[stretch + 1]))
            shift = int(self.axis.genome[stretch] - self.axis.origin[stretch])
            yield slice(start + shift, end + shift)
            start, stretch = end, stretch + 1
