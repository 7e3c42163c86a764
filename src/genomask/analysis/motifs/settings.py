"""What a search for motifs may vary: the fields of ``conf/motifs/*.yaml``, where comments say what each is."""

from dataclasses import dataclass
from typing import Final

from genomask.checks import require, require_choice

PARTS: Final = ("ranking", "discovery", "learned")
RELEASES: Final = (2014, 2016, 2018, 2020, 2022, 2024, 2026)  # of JASPAR, that pyjaspar carries


@dataclass
class MotifSettings:
    """Everything about motifs; None stands for all rows, sequences or no matching, or for the last class.

    Raises:
        ValueError: If a value is out of its range.
    """

    parts: list[str]
    jaspar: int | None
    group: str
    known_q: float
    permutations: int
    tops: list[int]
    rankings: list[str]
    consensus: list[str]
    positive: str | None
    rows: int | None
    strata: int
    lengths: list[int]
    alpha: float
    most: int
    classifier: str | None
    attributed: int | None
    steps: int
    seqlet_share: float
    seed: int

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
            value = getattr(self, name)
            require(value is None or value >= 1, f"motifs.{name}", "at least 1", value)
        require(self.seed >= 0, "motifs.seed", "at least 0", self.seed)
