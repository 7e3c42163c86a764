"""What every source of a benchmark can do; and the simplest source, the synthetic twins of the paper's benchmarks."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genomask.checks import require_choice
from genomask.files import sha256
from genomask.genome.encoded import EncodedGenome
from genomask.genome.fasta import FastaGenome
from genomask.genome.grch38 import Grch38Genome
from genomask.genome.synthetic.settings import SyntheticGenome
from genomask.genome.synthetic.task import TASKS, synthetic_task
from genomask.tasks.examples import Benchmark, benchmark

GenomeSource = FastaGenome | Grch38Genome


class Source:
    """A choice of the ``task`` config group."""

    name: str

    def genome_source(self) -> GenomeSource | None:
        """The genome that the benchmark is cut from; None if it is not."""
        return None

    def fingerprint(self) -> dict[str, Any]:
        """All that shapes the rows, but for the genome."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Fetch and check what is small, so that what is wrong shows before a genome is downloaded."""

    def read(self, genome: EncodedGenome | None = None) -> Benchmark:
        """Read or build the benchmark; ``genome`` is ``genome_source`` encoded."""
        raise NotImplementedError


def genome_source(path: str | None, assembly: str | None, cache: str | None) -> GenomeSource:
    """The FASTA file that is named, else the whole of GRCh38 as ``genome=grch38`` downloads it.

    Raises:
        ValueError: If another assembly is needed and no file is named.
    """
    if path:
        return FastaGenome(path)
    if assembly not in ("GRCh38", None):
        raise ValueError(f"task.assembly={assembly} needs its FASTA file: task.genome=FILE.")
    return Grch38Genome(cache=cache)


def files_at_hand(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Name, size and checksum of files."""
    return [{"name": path.name, "bytes": path.stat().st_size, "sha256": sha256(path)} for path in paths]


@dataclass
class SyntheticTask(Source):
    """One of the three tasks, built of the elements of the default synthetic genome with this seed."""

    twin: str
    name: str
    seed: int = 0

    def __post_init__(self) -> None:
        require_choice(self.twin, "task.twin", TASKS)

    def fingerprint(self) -> dict[str, object]:
        """What shapes the rows: the twin and the genome's settings."""
        return {"twin": self.twin, "genome": self._genome().fingerprint()}

    def read(self, genome: EncodedGenome | None = None) -> Benchmark:  # noqa: ARG002
        """Generate pool and test set."""
        rows = synthetic_task(self._genome(), self.twin)
        pool, test = ([(text, str(label)) for text, label in rows[part]] for part in ("train", "test"))
        task = benchmark(pool, test)
        return task._replace(origin={"source": f"synthetic twin of {self.twin}, seed {self.seed}", "files": []})

    def _genome(self) -> SyntheticGenome:
        return SyntheticGenome(seed=self.seed)
