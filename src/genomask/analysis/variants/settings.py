"""What ``stage=variants`` and ``stage=mutagenesis`` may vary: the fields of ``conf/variants/*.yaml``."""

import re
from dataclasses import dataclass

from genomask.checks import require, require_choice, require_packages
from genomask.genome.places import parse_region

SCORES = ("delta", "diff", "log_odds")
NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)


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
    """Find what ``stage=variants`` or ``stage=mutagenesis`` lacks before anything is built.

    Raises:
        ValueError: If an input is not given, or a package is not installed.
    """
    needed = ("pysam", "pyarrow", "matplotlib") if stage == "variants" else ("matplotlib",)
    require_packages(f"stage={stage}", *needed, extra="variants")
    if stage == "variants":
        require(settings.vcf, "variants.vcf", "a VCF file (variants.vcf=FILE)", settings.vcf)
        return
    given = [value for value in (settings.sequence, settings.region) if value is not None]
    require(len(given) == 1, "stage=mutagenesis", "one of variants.sequence and variants.region", given)
