"""``task=cohn_enh``: the Cohn enhancers (Sec. 5.1), cut from a genome as genomic-benchmarks cuts them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from genomask.checks import require_choice
from genomask.files import sha256
from genomask.genome.assembly import require_assembly
from genomask.genome.encoded import EncodedGenome
from genomask.tasks.examples import Benchmark
from genomask.tasks.intervals import CLASSES, SPLIT_NAMES, cut_intervals, read_intervals
from genomask.tasks.origin import GenomeSource, Source, cached, files_at_hand, genome_source
from genomask.tasks.sources import SPLITS, FolderTask

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
        require_choice(self.pool, "task.pool", SPLITS[:2])
        require_assembly(self.assembly)

    def genome_source(self) -> GenomeSource | None:
        """The genome that the sequences are cut from, if any is needed."""
        return None if self.dir else genome_source(self.genome, self.assembly, self.cache)

    def fingerprint(self) -> dict[str, Any]:
        """What shapes the rows; the genome is an input of its own."""
        if self.dir:
            return FolderTask(self.name, self.dir, self.pool).fingerprint()
        known: dict[str, Any] = {"built": "intervals", "assembly": self.assembly}
        if not self.coordinates:
            return {**known, "tables": COMMIT}
        return {**known, "tables": {"-".join(key): sha256(path) for key, path in self._files().items()}}

    def prepare(self) -> None:
        """Download the tables if they are needed."""
        if not (self.dir or self.coordinates):
            self._download()

    def read(self, genome: EncodedGenome | None = None) -> Benchmark:
        """Read the tables of sequences, or cut the sequences.

        Raises:
            ConnectionError: If the tables are needed and cannot be downloaded.
            FileNotFoundError: If a file is not there.
            ValueError: If a table is not what it should be, or the genome is another assembly or holds no
                sequence of some class.
        """
        if self.dir:
            return FolderTask(self.name, self.dir, self.pool).read()
        assert genome is not None, "sequences that are cut need a genome"
        files = self._files() if self.coordinates else self._download()
        places = {key: read_intervals(path) for key, path in files.items()}
        source = "coordinates at hand" if self.coordinates else self.url
        task = cut_intervals(places, genome, self.assembly, whole=COUNTS)
        origin = {"source": f"cut by {source}", "files": files_at_hand(files.values()), **(task.origin or {})}
        return task._replace(origin=origin)

    def _files(self) -> dict[tuple[str, str], Path]:
        """The four tables of the folder: SPLIT/CLASS.csv.gz, or any one name with split and class in it."""
        folder = Path(self.coordinates or "").expanduser()
        files = {}
        for split in SPLIT_NAMES:
            for name in CLASSES:
                found = [*folder.glob(f"{split}/{name}.csv*"), *folder.glob(f"*{split}_{name}.csv*")]
                if len(found) != 1:
                    raise FileNotFoundError(
                        f"task.coordinates={self.coordinates} needs one table {split}/{name}.csv.gz or "
                        f"*{split}_{name}.csv.gz; found {len(found)}."
                    )
                files[split, name] = found[0]
        return files

    def _download(self) -> dict[tuple[str, str], Path]:
        files = {}
        for split in SPLIT_NAMES:
            for name in CLASSES:
                url = f"{self.url.rstrip('/')}/{split}/{name}.csv.gz"
                folder = f"human_enhancers_cohn/{split}"
                files[split, name], _ = cached(url, self.cache, folder, read_intervals, INSTEAD)
        return files
