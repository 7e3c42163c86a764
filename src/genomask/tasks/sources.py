"""Where a task's sequences come from. Each source is a choice of the ``task`` config group."""

from dataclasses import dataclass
from pathlib import Path

from genomask.checks import require, require_choice
from genomask.store.files import sha256
from genomask.tasks.examples import Benchmark, benchmark
from genomask.tasks.readers import Row, read_fasta_rows, read_rows

SPLITS = ("train", "dev", "test")
SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")


@dataclass
class TableTask:
    """Anyone's labelled sequences: one table for the k-shot pool, one for the test set."""

    name: str
    train: str
    test: str

    def fingerprint(self) -> dict[str, str]:
        """What shapes the rows: the content of both files, not where they lie."""
        return {part: sha256(_existing(getattr(self, part), f"task.{part}")) for part in ("train", "test")}

    def read(self) -> Benchmark:
        """Read both tables."""
        return benchmark(read_rows(Path(self.train)), read_rows(Path(self.test)))


@dataclass
class FastaTask:
    """One FASTA file a class, for the k-shot pool and for the test set, in the same order of classes."""

    name: str
    train: list[str]
    test: list[str]

    def __post_init__(self) -> None:
        require(
            len(self.train) >= 2, "task.train", "one FASTA file for each of two or more classes", self.train
        )
        same = len(self.train) == len(self.test)
        require(same, "task.test", f"as many files as task.train ({len(self.train)})", self.test)

    def fingerprint(self) -> dict[str, list[str]]:
        """What shapes the rows: the content of all files, in order."""
        return {
            "train": [sha256(_existing(path, "task.train")) for path in self.train],
            "test": [sha256(_existing(path, "task.test")) for path in self.test],
        }

    def read(self) -> Benchmark:
        """Read all files; a file's place in the list is its label."""
        return benchmark(_rows_of(self.train), _rows_of(self.test))


@dataclass
class FolderTask:
    """A benchmark folder with train, dev and test tables (GUE's and DNABERT's layout).

    ``pool`` names the split that episodes are drawn from; the paper has no development set, so ``dev`` is
    used only where it is asked for.
    """

    name: str
    dir: str
    pool: str = "train"

    def __post_init__(self) -> None:
        require_choice(self.pool, "task.pool", SPLITS[:2])

    def fingerprint(self) -> dict[str, str]:
        """What shapes the rows: the content of both tables."""
        return {split: sha256(self._file(part)) for split, part in (("train", self.pool), ("test", "test"))}

    def read(self) -> Benchmark:
        """Read the pool's and the test set's tables."""
        return benchmark(read_rows(self._file(self.pool)), read_rows(self._file("test")))

    def _file(self, split: str) -> Path:
        folder = Path(self.dir).expanduser()
        found = [folder / (split + suffix) for suffix in SUFFIXES if (folder / (split + suffix)).is_file()]
        if len(found) != 1:
            names = (
                ", ".join(sorted(path.name for path in folder.iterdir()))
                if folder.is_dir()
                else "no such folder"
            )
            raise FileNotFoundError(
                f"task.dir={self.dir} needs one file {split}.csv or {split}.tsv (or .gz); found: {names}."
            )
        return found[0]


def _existing(path: str, setting: str) -> Path:
    if not Path(path).expanduser().is_file():
        raise FileNotFoundError(f"{setting} needs a file; there is none at {path}.")
    return Path(path).expanduser()


def _rows_of(paths: list[str]) -> list[Row]:
    return [row for label, path in enumerate(paths) for row in read_fasta_rows(Path(path), str(label))]
