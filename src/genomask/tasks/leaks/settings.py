"""What counts as a leak, and which rows a run leaves out."""

from dataclasses import dataclass, field
from typing import Final

from genomask.checks import require, require_choice
from genomask.tasks.kmers import LONGEST_K

ACROSS: Final = ("exact", "reverse", "near", "places")  # relations of pool and test rows
DROPPABLE: Final = ("repeats", *ACROSS, "genome")
SIDES: Final = ("pool", "test")


@dataclass
class LeakSettings:
    """How leaks are found, and what becomes of them; by default nothing is left out.

    Attributes:
        k: Bases in the k-mers of near duplicates, both strands taken together.
        share: Two rows are near duplicates if they share this much of the k-mers of the one that has fewer.
        genome: Whether the report looks for the test set in the pretraining genome.
        genome_k: Bases in the k-mers that are looked for in the genome.
        drop: Rows to leave out of a run: ``exact``, ``reverse``, ``near`` and ``places`` concern pairs of a
            pool and a test row; ``repeats`` are rows that their own set has already, and all copies of those
            that it has with several labels; ``genome`` are test rows that occur whole in the genome.
        side: The side that loses its rows, ``pool`` or ``test``.
    """

    k: int = 12
    share: float = 0.5
    genome: bool = True
    genome_k: int = 31
    drop: list[str] = field(default_factory=list)
    side: str = "pool"

    def __post_init__(self) -> None:
        for name in ("k", "genome_k"):
            value = getattr(self, name)
            require(1 <= value <= LONGEST_K, f"leaks.{name}", f"a number from 1 to {LONGEST_K}", value)
        require(0 < self.share <= 1, "leaks.share", "a share above 0 and up to 1", self.share)
        for relation in self.drop:
            require_choice(relation, "leaks.drop", DROPPABLE)
        require_choice(self.side, "leaks.side", SIDES)
        fits = "genome" not in self.drop or self.side == "test"
        require(fits, "leaks.side", "test where leaks.drop has genome, which concerns test rows", self.side)
