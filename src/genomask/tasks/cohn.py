"""``task=cohn_enh``: the Cohn enhancers (Sec. 5.1), cut from a genome as genomic-benchmarks cuts them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from genomask.files import sha256
from genomask.genome.assembly import require_assembly
from genomask.genome.download import cache_folder, fetch
from genomask.genome.encoded import EncodedGenome
from genomask.genome.names import listed
from genomask.genome.places import Place
from genomask.tasks.assemble import Tally, benchmark_of, cut_rows
from genomask.tasks.examples import Benchmark
from genomask.tasks.file_task import FileTask
from genomask.tasks.readers import Names, Needs, Row, read_rows
from genomask.tasks.sources import GenomeSource, Source, files_at_hand, genome_source

CLASSES: Final = ("negative", "positive")  # class 0 and class 1
SPLIT_NAMES: Final = ("train", "test")
INTERVALS: Final = Names(places=["region", "start", "end", "strand"]), Needs(places=True, sequence=False)
COUNTS: Final = {"train": (10_422, 10_421), "test": (3_474, 3_474)}  # negatives, positives (Sec. 5.1)
COMMIT: Final = "e14f0c001fb74e7f747c5f96dcb5e38b51202a69"  # the last that changed the four tables
TABLES: Final = (
    f"https://raw.githubusercontent.com/ML-Bioinfo-CEITEC/genomic_benchmarks/{COMMIT}/datasets/human_enhancers_cohn"
)
INSTEAD: Final = (
    "Without a network: task.coordinates=FOLDER with the tables train/positive.csv.gz and so on, "
    "task.genome=FASTA, or task.dir=FOLDER with train and test tables."
)


@dataclass
class CohnTask(Source):
    """Enhancers and other stretches of the genome, 500 bases each.

    ``dir`` reads tables of sequences that exist. Else ``coordinates`` is a folder with the benchmark's four
    tables, which are downloaded if it is null, and the sequences are cut from ``genome``.
    """

    name: str
    dir: str | None = None
    pool: str = "train"
    coordinates: str | None = None
    genome: str | None = None
    assembly: str | None = "GRCh38"
    url: str = TABLES
    cache: str | None = None

    def __post_init__(self) -> None:
        require_assembly(self.assembly)

    def genome_source(self) -> GenomeSource | None:
        """The genome that the sequences are cut from, if any is needed."""
        return None if self.dir else genome_source(self.genome, self.assembly, self.cache)

    def fingerprint(self) -> dict[str, Any]:
        """What shapes the rows; the genome is an input of its own."""
        if self.dir:
            return FileTask(self.name, dir=self.dir, pool=self.pool).fingerprint()
        known: dict[str, Any] = {"built": "intervals", "assembly": self.assembly}
        if not self.coordinates:
            return {**known, "tables": COMMIT}
        return {**known, "tables": {"-".join(key): sha256(path) for key, path in self._tables().items()}}

    def prepare(self) -> None:
        """Download the tables if they are needed."""
        if not (self.dir or self.coordinates):
            self._tables()

    def read(self, genome: EncodedGenome | None = None) -> Benchmark:
        """Read the tables of sequences, or cut the sequences.

        Raises:
            ConnectionError: If the tables are needed and cannot be downloaded.
            FileNotFoundError: If a file is not there.
            ValueError: If a table is not what it should be, or the genome is another assembly or holds no
                sequence of some class.
        """
        if self.dir:
            return FileTask(self.name, dir=self.dir, pool=self.pool).read()
        assert genome is not None, "sequences that are cut need a genome"
        files = self._tables()
        sides, held, tally = {}, {}, Tally()
        for split in SPLIT_NAMES:
            rows = read_rows([(files[split, name], str(label)) for label, name in enumerate(CLASSES)], *INTERVALS).rows
            tally.read += len(rows)
            sides[split] = cut_rows(rows, genome, self.assembly, tally)
            held[split] = [(_count(sides[split], label), COUNTS[split][label]) for label in range(len(CLASSES))]
        note = _coverage(held, tally)
        if not all(count for classes in held.values() for count, _ in classes):
            raise ValueError(f"The genome ({listed(genome.names)}) holds too little of the benchmark: {note}.")
        origin = {
            "source": f"cut by {'coordinates at hand' if self.coordinates else self.url}",
            "files": files_at_hand(files.values()),
            **tally.origin(),
            "note": note,
            "assembly": self.assembly,
            "held_of_whole": held,
        }
        return benchmark_of(sides["train"], sides["test"], "classes", origin)

    def _tables(self) -> dict[tuple[str, str], Path]:
        """The four tables by split and class: downloaded, or in the folder as SPLIT/CLASS.csv or *SPLIT_CLASS.csv."""
        folder, files = Path(self.coordinates or "").expanduser(), {}
        for split in SPLIT_NAMES:
            for name in CLASSES:
                if not self.coordinates:
                    path = cache_folder(self.cache) / "human_enhancers_cohn" / split / f"{name}.csv.gz"
                    fetch(f"{self.url.rstrip('/')}/{split}/{name}.csv.gz", path, read_intervals, instead=INSTEAD)
                    files[split, name] = path
                    continue
                found = [*folder.glob(f"{split}/{name}.csv*"), *folder.glob(f"*{split}_{name}.csv*")]
                if len(found) != 1:
                    raise FileNotFoundError(
                        f"task.coordinates={self.coordinates} needs one table {split}/{name}.csv.gz or "
                        f"*{split}_{name}.csv.gz; found {len(found)}."
                    )
                files[split, name] = found[0]
        return files


def read_intervals(path: Path) -> list[Place]:
    """Read a table of genomic-benchmarks: region, start (0-based), end (exclusive), strand.

    Raises:
        ValueError: Naming file and line, for anything else.
    """
    return [row.place for row in read_rows([(path, "")], *INTERVALS).rows if row.place is not None]


def _count(rows: list[Row], label: int) -> int:
    return sum(row.label == str(label) for row in rows)


def _coverage(held: dict[str, list[tuple[int, int]]], tally: Tally) -> str:
    """How much of the whole benchmark is there, by split and class."""
    pairs = [pair for classes in held.values() for pair in classes]
    count, whole = (sum(column) for column in zip(*pairs, strict=True))
    parts = "; ".join(
        f"{split} " + ", ".join(f"class {label} {found:,} of {of:,}" for label, (found, of) in enumerate(classes))
        for split, classes in held.items()
    )
    missing = "".join(f"; {number:,} {reason}" for reason, number in tally.left_out.items())
    return f"{count:,} of the benchmark's {whole:,} sequences ({count / whole:.1%}): {parts}{missing}"
