"""``task=cohn_enh``: the Cohn enhancers (Sec. 5.1), cut from a genome as genomic-benchmarks cuts them."""

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

from genomask.files import sha256
from genomask.genome.download import cache_folder, fetch
from genomask.genome.encoded import EncodedGenome
from genomask.genome.places import Place
from genomask.tasks.examples import Benchmark
from genomask.tasks.file_task import BuiltTask
from genomask.tasks.readers import Names, Needs, Tally, read_rows
from genomask.tasks.sources import benchmark_of, cut_rows, files_at_hand

CLASSES: Final = ("negative", "positive")  # class 0 and class 1
SPLIT_NAMES: Final = ("train", "test")
INTERVALS: Final = Names(places=["region", "start", "end", "strand"]), Needs(places=True, sequence=False)
COMMIT: Final = "e14f0c001fb74e7f747c5f96dcb5e38b51202a69"  # the last that changed the four tables
TABLES: Final = (
    f"https://raw.githubusercontent.com/ML-Bioinfo-CEITEC/genomic_benchmarks/{COMMIT}/datasets/human_enhancers_cohn"
)
INSTEAD: Final = (
    "Without a network: task.coordinates=FOLDER with the tables train/positive.csv.gz and so on, "
    "task.genome=FASTA, or task.dir=FOLDER with train and test tables."
)


@dataclass
class CohnTask(BuiltTask):
    """Enhancers and other stretches of 500 bases; ``coordinates`` is a folder with their four tables."""

    name: str
    coordinates: str | None = None
    url: str = TABLES

    def fingerprint(self) -> dict[str, Any]:
        """Checksums of the tables, or the version of them that is downloaded."""
        if self.tables:
            return self.tables.fingerprint()
        files = self._coordinates() if self.coordinates else {}
        tables = {"-".join(key): sha256(path) for key, path in files.items()} or COMMIT
        return {"built": "intervals", "assembly": self.assembly, "tables": tables}

    def prepare(self) -> None:
        """Download the tables if they are needed."""
        if not (self.dir or self.coordinates):
            self._coordinates()

    def read(self, genome: EncodedGenome | None = None) -> Benchmark:
        """Read the tables, or cut the sequences."""
        if self.tables:
            return self.tables.read()
        assert genome is not None, "sequences that are cut need a genome"
        files, tally, sides = self._coordinates(), Tally(), {}
        for split in SPLIT_NAMES:
            of_split = [(files[split, name], str(label)) for label, name in enumerate(CLASSES)]
            rows = read_rows(of_split, *INTERVALS, tally=tally)
            sides[split] = cut_rows(rows, genome, self.assembly, tally)
        source = f"cut by {'coordinates at hand' if self.coordinates else self.url}"
        origin = {"source": source, "files": files_at_hand(files.values()), **tally.origin(), "assembly": self.assembly}
        return benchmark_of(sides["train"], sides["test"], "classes", origin)

    def _coordinates(self) -> dict[tuple[str, str], Path]:
        """The four tables by split and class: downloaded, or in the folder as SPLIT/CLASS.csv or *SPLIT_CLASS.csv."""
        folder, files = Path(self.coordinates or "").expanduser(), {}
        cache = cache_folder(self.cache) / "human_enhancers_cohn"
        for split, name in product(SPLIT_NAMES, CLASSES):
            table = f"{split}/{name}.csv"
            found = [cache / f"{table}.gz"]
            if self.coordinates:
                found = [*folder.glob(f"{table}*"), *folder.glob(f"*{split}_{name}.csv*")]
            else:
                fetch(f"{self.url.rstrip('/')}/{table}.gz", found[0], read_intervals, instead=INSTEAD)
            if len(found) != 1:
                raise FileNotFoundError(
                    f"task.coordinates={self.coordinates} needs one table {table}.gz or *{split}_{name}.csv.gz; "
                    f"found {len(found)}."
                )
            files[split, name] = found[0]
        return files


def read_intervals(path: Path) -> list[Place]:
    """Read region, start (0-based), end (exclusive) and strand; ValueError naming file and line for anything else."""
    return [row.place for row in read_rows([(path, "")], *INTERVALS) if row.place is not None]
