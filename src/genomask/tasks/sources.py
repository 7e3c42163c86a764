"""What every source of a benchmark can do, and how rows become one; the synthetic twins of the paper's benchmarks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from genomask.alphabet import OTHER, decode
from genomask.checks import require_choice
from genomask.files import sha256
from genomask.genome.encoded import EncodedGenome
from genomask.genome.fasta import FastaGenome
from genomask.genome.grch38 import Grch38Genome
from genomask.genome.names import check_assembly, find_record, listed
from genomask.genome.sequences import reverse_complement
from genomask.genome.synthetic.settings import SyntheticGenome
from genomask.genome.synthetic.task import TASKS, synthetic_task
from genomask.tasks.examples import PARTS, Benchmark, benchmark
from genomask.tasks.readers import Row, Tally

NO_RECORD: Final = "on a chromosome that the genome lacks"
BEYOND: Final = "beyond the end of their chromosome"
NOT_ACGT: Final = "with letters other than A, C, G and T"

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
        """Read or build the benchmark; ``genome`` is ``genome_source`` encoded. Raises ConnectionError or
        FileNotFoundError if a file cannot be had; ValueError naming files and lines, if rows cannot be read or are no
        task."""
        raise NotImplementedError


def genome_source(path: str | None, assembly: str | None, cache: str | None) -> GenomeSource:
    """The FASTA file that is named, else GRCh38 by download; ValueError if the assembly is another."""
    if path:
        return FastaGenome(path)
    if assembly not in ("GRCh38", None):
        raise ValueError(f"task.assembly={assembly} needs its FASTA file: task.genome=FILE.")
    return Grch38Genome(cache=cache)


def files_at_hand(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Name, size and checksum of files."""
    return [{"name": path.name, "bytes": path.stat().st_size, "sha256": sha256(path)} for path in paths]


def cut_rows(rows: Sequence[Row], genome: EncodedGenome, assembly: str | None, tally: Tally) -> list[Row]:
    """The rows whose places the genome holds whole, with their sequences as their strands are read. Raises ValueError
    if the genome is of another assembly, or holds none."""
    check_assembly(genome, assembly)
    kept = list[Row]()
    for row in rows:
        place, bases = row.place, np.empty(0, np.uint8)
        assert place is not None, "rows that are cut have places"
        number = find_record(genome.names, place.record)
        first, last = genome.offsets[number : number + 2].tolist() if number is not None else (0, 0)
        inside = 0 <= place.start < place.stop <= last - first
        if inside:
            bases = genome.bases[first + place.start : first + place.stop]
        if not inside or (bases == OTHER).any():
            tally.leave_out(NO_RECORD if number is None else NOT_ACGT if inside else BEYOND)
        else:
            kept.append(row._replace(sequence=decode(reverse_complement(bases) if place.strand == "-" else bases)))
    if not kept:
        raise ValueError(f"The genome ({listed(genome.names)}) holds none of the {len(rows):,} places: {tally.lost}.")
    return kept


def benchmark_of(pool: list[Row], test: list[Row], kind: str, origin: dict[str, Any]) -> Benchmark:
    """The benchmark of these rows, with their places and lines; ValueError naming the files."""
    sides = (pool, test)
    number = {path: at for at, path in enumerate(dict.fromkeys(row.path for row in (*pool, *test)))}
    try:
        task = benchmark(*([(row.sequence, row.label) for row in rows] for rows in sides), kind=kind)
    except ValueError as error:
        raise ValueError(f"{', '.join(map(str, [*number][:4]))}: {error}") from None
    placed = all(row.place is not None for row in (*pool, *test))
    for part, rows in zip(PARTS, sides, strict=True):
        lines = np.array([(number[row.path], row.line) for row in rows], dtype=np.int64)
        places = [row.place for row in rows if row.place is not None] if placed else None
        task = task._replace(**{part: getattr(task, part)._replace(lines=lines, places=places)})
    return task._replace(origin=origin | {"row_files": [path.name for path in number]})


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
        return {"twin": self.twin, "genome": SyntheticGenome(seed=self.seed).fingerprint()}

    def read(self, genome: EncodedGenome | None = None) -> Benchmark:  # noqa: ARG002
        """Generate pool and test set."""
        rows = synthetic_task(SyntheticGenome(seed=self.seed), self.twin)
        task = benchmark(*([(text, str(label)) for text, label in rows[part]] for part in ("train", "test")))
        return task._replace(origin={"source": f"synthetic twin of {self.twin}, seed {self.seed}", "files": []})
