"""What ``stage=motifs``, ``stage=variants`` and ``stage=mutagenesis`` may vary: the fields of ``conf/motifs`` and
``conf/variants``, where comments say what each is.
"""

import re
from dataclasses import dataclass
from typing import Final

from genomask.checks import require, require_choice, require_packages
from genomask.genome.places import parse_region

PARTS: Final = ("ranking", "discovery", "learned")
RELEASES: Final = (2014, 2016, 2018, 2020, 2022, 2024, 2026)  # of JASPAR, that pyjaspar carries
SCORES = ("delta", "diff", "log_odds")
NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)


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


@dataclass
class VariantSettings:
    """Which variants and classifiers, what a window is, and how score lists are compared.

    Raises:
        ValueError: If a value is out of its range.
    """

    vcf: str | None
    classifiers: list[str] | None
    names: list[str] | None
    length: int | None
    position: float
    indels: str
    strands: str
    positive: str | None
    max_unknown: float
    score: str
    signed: bool
    top: list[int]
    reference: str | None
    resamples: int
    seed: int
    sequence: str | None
    region: str | None
    batch: int | None

    def __post_init__(self) -> None:
        require(self.classifiers != [], "variants.classifiers", "at least one folder, or null", [])
        for name in self.names or []:
            require(NAME.fullmatch(name), "variants.names", "letters, digits and _ only", name)
        require(
            self.names is None or len(set(self.names)) == len(self.classifiers or [0]),
            "variants.names", "a name of its own for every classifier", self.names,
        )  # fmt: skip
        for name in ("length", "resamples", "batch"):
            value = getattr(self, name)
            require(value is None or value >= 1, f"variants.{name}", "at least 1", value)
        for name in ("position", "max_unknown"):
            require(0 <= getattr(self, name) <= 1, f"variants.{name}", "a share from 0 to 1", getattr(self, name))
        require_choice(self.indels, "variants.indels", ("fill", "grow"))
        require_choice(self.strands, "variants.strands", ("one", "both"))
        require_choice(self.score, "variants.score", SCORES)
        require(self.top and min(self.top) >= 1, "variants.top", "numbers from 1", self.top)
        require(self.seed >= 0, "variants.seed", "at least 0", self.seed)
        if self.region is not None:
            try:
                parse_region(self.region)
            except ValueError as error:
                raise ValueError(f"variants.region: {error}.") from None


def check_variants(settings: VariantSettings, stage: str) -> None:
    """Raise ValueError where ``stage=variants`` or ``stage=mutagenesis`` lacks an input or a package."""
    needed = ("pysam", "pyarrow", "matplotlib") if stage == "variants" else ("matplotlib",)
    require_packages(f"stage={stage}", *needed, extra="variants")
    if stage == "variants":
        require(settings.vcf, "variants.vcf", "a VCF file (variants.vcf=FILE)", settings.vcf)
        return
    given = [value for value in (settings.sequence, settings.region) if value is not None]
    require(len(given) == 1, "stage=mutagenesis", "one of variants.sequence and variants.region", given)
