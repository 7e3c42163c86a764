"""What a search for motifs may vary: the fields of ``conf/motifs/*.yaml``."""

from dataclasses import dataclass, field
from typing import Final

from genomask.checks import require, require_choice

PARTS: Final = ("ranking", "discovery", "learned")
RELEASES: Final = (2014, 2016, 2018, 2020, 2022, 2024, 2026)  # of JASPAR, that pyjaspar carries
PAPER_MOTIFS: Final = (  # Table 6, of which Table 3 is a part
    "nCyyCCTCCn*", "sCsCCGCCsCCn", "sCwGCAGCn", "yyTTTATAn", "nTATAAAr", "nGAGGAGGv", "kGCTGCwGs",
    "ksCTGGGm", "nCCTGGCCh", "yyCCAGrGn", "TTTTTTTTTn", "GTGGCTsw",
)  # fmt: skip


@dataclass
class MotifSettings:
    """Everything about motifs; which part reads what is said in ``conf/motifs/standard.yaml``.

    Attributes:
        parts: What to do: known motifs in the ranking, discovery in the task, what a classifier learned.
        jaspar: Release of JASPAR to match against; None for no matching.
        group: Taxonomic group of its CORE collection.
        known_q: A k-mer whose best match has a q up to this is a known motif.
        permutations: Permutations of every enrichment test.
        tops: Sizes of the tops of a ranking in which known k-mers are counted.
        rankings: CSV files of other rankings to put beside those of the genome.
        consensus: Motifs to look up in every ranking, their core in capitals.
        positive: Class whose sequences are searched, against all others; None for the last one.
        rows: Sequences of the pool to search; None for all.
        strata: Strata of GC content within which words are compared; 1 for none.
        lengths: Lengths of the words that motifs grow from.
        alpha: Significance that a word needs to become a motif, and a motif to hold on held-out sequences.
        most: Motifs after which a search ends.
        classifier: Folder of a fine-tuned classifier; None for that of this configuration.
        attributed: Test sequences of the positive class to attribute; None for all.
        steps: Points of the line that gradients are integrated along.
        seqlet_share: Share of all bases that score high enough for a seqlet.
        seed: Draws rows, permutations and the windows that seqlets are compared with.

    Raises:
        ValueError: If a value is out of its range.
    """

    parts: list[str] = field(default_factory=lambda: list(PARTS))
    jaspar: int | None = 2024
    group: str = "vertebrates"
    known_q: float = 0.1
    permutations: int = 10_000
    tops: list[int] = field(default_factory=lambda: [20, 100, 1024])
    rankings: list[str] = field(default_factory=list)
    consensus: list[str] = field(default_factory=lambda: list(PAPER_MOTIFS))
    positive: str | None = None
    rows: int | None = None
    strata: int = 5
    lengths: list[int] = field(default_factory=lambda: [6, 7, 8])
    alpha: float = 0.05
    most: int = 20
    classifier: str | None = None
    attributed: int | None = 200
    steps: int = 128
    seqlet_share: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        for part in self.parts:
            require_choice(part, "motifs.parts", PARTS)
        if self.jaspar is not None:
            require(self.jaspar in RELEASES, "motifs.jaspar", f"null or one of {RELEASES}", self.jaspar)
        require(all(4 <= length <= 8 for length in self.lengths), "motifs.lengths", "4 to 8", self.lengths)
        require(self.lengths, "motifs.lengths", "at least one length", self.lengths)
        require(all(top >= 1 for top in self.tops), "motifs.tops", "numbers from 1", self.tops)
        for name in ("known_q", "alpha", "seqlet_share"):
            value = getattr(self, name)
            require(0 < value < 1, f"motifs.{name}", "a share between 0 and 1", value)
        for name in ("permutations", "strata", "most", "steps", "rows", "attributed"):
            value = getattr(self, name)  # rows and attributed may be None, for all
            require(value is None or value >= 1, f"motifs.{name}", "at least 1", value)
        require(self.seed >= 0, "motifs.seed", "at least 0", self.seed)
