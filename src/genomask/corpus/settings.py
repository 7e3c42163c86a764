"""How the genome is cut into pretraining segments."""

from dataclasses import dataclass

from genomask.checks import require, require_choice


@dataclass
class CorpusSettings:
    """Segmentation of Sec. 3, steps 1 to 3.

    ``gaps`` says what happens to bases that are not A, C, G or T: ``"drop"`` leaves out every segment that
    holds one (the paper); ``"join"`` deletes them first, so that a segment may run across a gap (the
    released code). ``strand`` says which strand a segment is read from: ``"given"`` is the FASTA file's (the paper);
    ``"both"`` draws one for every segment and epoch.
    """

    longest: int
    shortest: int
    full_share: float
    first_start: int
    extra_bases: int
    gaps: str
    validation_share: float
    strand: str = "given"

    def __post_init__(self) -> None:
        require(1 <= self.shortest <= self.longest, "corpus.shortest", "1..corpus.longest", self.shortest)
        require(0 <= self.full_share <= 1, "corpus.full_share", "a share from 0 to 1", self.full_share)
        require(self.first_start >= 1, "corpus.first_start", "at least 1", self.first_start)
        require(self.extra_bases >= 0, "corpus.extra_bases", "at least 0", self.extra_bases)
        require_choice(self.gaps, "corpus.gaps", ("drop", "join"))
        require_choice(self.strand, "corpus.strand", ("given", "both"))
        share = self.validation_share
        require(0 < share < 1, "corpus.validation_share", "a share between 0 and 1", share)
