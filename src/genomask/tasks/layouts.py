"""Benchmarks in the layouts of others: GUE, genomic-benchmarks, and one table with a column of splits."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from genomask.checks import require
from genomask.files import sha256
from genomask.genome.encoded import EncodedGenome
from genomask.genome.places import Place
from genomask.tasks.examples import Benchmark, benchmark
from genomask.tasks.origin import Source, existing, from_files
from genomask.tasks.readers import Row, labelled, read_table, sequence_text, whole_number
from genomask.tasks.sources import FolderTask
from genomask.text_files import read_lines, wrong_line

PLACE_COLUMNS: Final = 4  # record, start, stop, strand


@dataclass
class GueTask(FolderTask):
    """A task of GUE: ``name`` is its folder below ``dir``, such as ``tf/0`` or ``prom/prom_core_all``."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._subfolder = self.name.strip("/")
        self.name = self._subfolder.replace("/", "_")  # fit for the name of a folder

    def _folder(self) -> Path:
        root = Path(self.dir).expanduser()
        places = [root / self._subfolder, root / "GUE" / self._subfolder]
        found = [folder for folder in places if folder.is_dir()]
        if not found:
            tables = sorted({path.parent.relative_to(root).as_posix() for path in root.rglob("train.*")})
            raise FileNotFoundError(
                f"task.dir={self.dir} has no folder {self._subfolder} (task.name); "
                f"folders with tables: {', '.join(tables[:60]) or 'none'}."
            )
        return found[0]


@dataclass
class GenomicBenchmarksTask(Source):
    """A folder as genomic-benchmarks writes it: ``train/CLASS/*.txt`` and ``test/CLASS/*.txt``."""

    name: str
    dir: str

    def fingerprint(self) -> dict[str, str]:
        """What shapes the rows: the names and contents of all files of both splits."""
        return {split: _digest(self._files(split)) for split in ("train", "test")}

    def read(self, genome: EncodedGenome | None = None) -> Benchmark:  # noqa: ARG002
        """Read every file as one sequence; the folder that it lies in is its class."""
        pool, test = ([_row(path) for path in self._files(split)] for split in ("train", "test"))
        task = benchmark(pool, test)
        files = [{"name": split, "sha256": digest} for split, digest in self.fingerprint().items()]
        return task._replace(origin={"source": "read from files at hand", "files": files})

    def _files(self, split: str) -> list[Path]:
        files = sorted(Path(self.dir).expanduser().glob(f"{split}/*/*.txt"))
        if not files:
            raise FileNotFoundError(f"task.dir={self.dir} needs files {split}/CLASS/NAME.txt; there are none.")
        return files


@dataclass
class SplitTableTask(Source):
    """One table with a column that says which split a row is in, and perhaps columns with its place."""

    name: str
    table: str
    column: str = "split"
    train: str = "train"
    test: str = "test"
    places: list[str] | None = None  # columns of record, start (from 0), stop (behind it) and strand

    def __post_init__(self) -> None:
        fits = self.places is None or len(self.places) == PLACE_COLUMNS
        require(fits, "task.places", "four columns: record, start, stop and strand", self.places)

    def fingerprint(self) -> dict[str, Any]:
        """What shapes the rows: the table's content and which of its columns is read."""
        shape = {name: getattr(self, name) for name in ("column", "train", "test", "places")}
        return {"table": sha256(existing(self.table, "task.table")), **shape}

    def read(self, genome: EncodedGenome | None = None) -> Benchmark:  # noqa: ARG002
        """Read the rows of both splits.

        Raises:
            ValueError: If the table lacks a column, or a split has no rows.
        """
        path = existing(self.table, "task.table")
        columns = ("sequence", "label", self.column, *(self.places or ()))
        rows = list(read_table(path, columns))
        wanted = {
            name: [row for row in rows if row.cells[self.column.lower()] == name] for name in (self.train, self.test)
        }
        for name, chosen in wanted.items():
            require(chosen, f"{path}, column {self.column}", f"rows that say {name}", "none")
        pool, test = ([labelled(path, row) for row in chosen] for chosen in wanted.values())
        task = from_files(pool, test, [path])
        if not self.places:
            return task
        names = [name.lower() for name in self.places]
        first, second = (
            [_place(path, row.line, [row.cells[name] for name in names]) for row in chosen]
            for chosen in wanted.values()
        )
        return task._replace(places=(first, second))


def _digest(files: list[Path]) -> str:
    found = hashlib.sha256()
    for path in files:
        found.update(f"{path.parent.name}/{path.name} {sha256(path)}\n".encode())
    return found.hexdigest()


def _row(path: Path) -> Row:
    texts = [(line.number, line.text.strip()) for line in read_lines(path) if line.text.strip()]
    require(len(texts) == 1, str(path), "one DNA sequence, in one line", f"{len(texts)} lines of text")
    return sequence_text(path, *texts[0]), path.parent.name


def _place(path: Path, line: int, cells: list[str]) -> Place:
    try:
        place = Place(cells[0], whole_number(cells[1]), whole_number(cells[2]), cells[3])
    except ValueError:
        raise wrong_line(path, line, f"start and stop must be whole numbers from 0; found {cells}") from None
    fits = place.record and place.start < place.stop and place.strand in ("+", "-")
    if not fits:
        raise wrong_line(path, line, f"a place needs a record, start before stop, and strand + or -; found {cells}")
    return place
