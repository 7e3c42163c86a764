"""What every source of a benchmark can do, and what is kept of the files that it read."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from genomask.files import sha256
from genomask.genome.encoded import EncodedGenome
from genomask.genome.fasta import FastaGenome
from genomask.genome.grch38 import Grch38Genome
from genomask.tasks.examples import Benchmark

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
