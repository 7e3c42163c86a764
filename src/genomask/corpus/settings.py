"""How the genome is cut into pretraining segments."""

from dataclasses import dataclass
from pathlib import Path

from genomask.checks import require, require_choice


@dataclass
class CorpusSettings:
    """Segmentation of Sec. 3, steps 1 to 3.

    ``gaps`` says what happens to bases that are not A, C, G or T: ``"drop"`` leaves out every segment that holds one
    (the paper); ``"join"`` deletes them first, so that a segment may run across a gap (the released code). ``regions``
    is a BED file: segments come from its regions alone, each with ``margin`` bases on either side, cut from its start.
    ``jitter`` moves a segment by up to so many bases, drawn anew every time. ``strand`` is ``"given"``, the FASTA
    file's (the paper), or ``"both"``: one is drawn for every segment and epoch.
    """

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
