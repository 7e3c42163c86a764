"""Where a task's sequences come from. Each source is a choice of the ``task`` config group."""

from dataclasses import dataclass
from pathlib import Path

from genomask.checks import require, require_choice
from genomask.files import sha256
from genomask.genome.encoded import EncodedGenome
from genomask.tasks.examples import Benchmark
from genomask.tasks.origin import Source, existing, from_files
from genomask.tasks.readers import Row, read_fasta_rows, read_rows

SPLITS = ("train", "dev", "test")
SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")


@dataclass
class TableTask(Source):
    """Anyone's labelled sequences: one table for the k-shot pool, one for the test set."""

    name: str
    train: str
    test: str

    def fingerprint(self) -> dict[str, str]:
        """What shapes the rows: the content of both files, not where they lie."""
        return {part: sha256(existing(getattr(self, part), f"task.{part}")) for part in ("train", "test")}

    def read(self, genome: EncodedGenome | None = None) -> Benchmark:  # noqa: ARG002
        """Read both tables."""
        train, test = existing(self.train, "task.train"), existing(self.test, "task.test")
        return from_files(read_rows(train), read_rows(test), [train, test])


@dataclass
class FastaTask(Source):
    """One FASTA file a class, for the k-shot pool and for the test set, in the same order of classes."""

    name: str
    train: list[str]
    test: list[str]

    def __post_init__(self) -> None:
        require(len(self.train) >= 2, "task.train", "one FASTA file for each of two or more classes", self.train)
        same = len(self.train) == len(self.test)
        require(same, "task.test", f"as many files as task.train ({len(self.train)})", self.test)

    def fingerprint(self) -> dict[str, list[str]]:
        """What shapes the rows: the content of all files, in order."""
        return {
            "train": [sha256(existing(path, "task.train")) for path in self.train],
            "test": [sha256(existing(path, "task.test")) for path in self.test],
        }

    def read(self, genome: EncodedGenome | None = None) -> Benchmark:  # noqa: ARG002
        """Read all files; a file's place in the list is its label."""
        train = [existing(path, "task.train") for path in self.train]
        test = [existing(path, "task.test") for path in self.test]
        return from_files(_rows_of(train), _rows_of(test), [*train, *test])


@dataclass
class FolderTask(Source):
    """A benchmark folder with train, dev and test tables (GUE's and DNABERT's layout).

    ``pool`` names the split that episodes are drawn from; the paper has no development set, so ``dev`` is
    used only where it is asked for. ``test`` names the split to test on, which DNABERT calls ``dev``.
    """

    name: str
    dir: str
    pool: str = "train"
    test: str = "test"

    def __post_init__(self) -> None:
        require_choice(self.pool, "task.pool", SPLITS[:2])
        require_choice(self.test, "task.test", SPLITS[1:])
        require(self.pool != self.test, "task.pool and task.test", "two different splits", self.pool)

    def fingerprint(self) -> dict[str, str]:
        """What shapes the rows: the content of both tables."""
        return {"train": sha256(self._file(self.pool)), "test": sha256(self._file(self.test))}

    def read(self, genome: EncodedGenome | None = None) -> Benchmark:  # noqa: ARG002
        """Read the pool's and the test set's tables."""
        pool, test = self._file(self.pool), self._file(self.test)
        return from_files(read_rows(pool), read_rows(test), [pool, test])

    def _folder(self) -> Path:
        return Path(self.dir).expanduser()

    def _file(self, split: str) -> Path:
        folder = self._folder()
        found = [folder / (split + suffix) for suffix in SUFFIXES if (folder / (split + suffix)).is_file()]
        if len(found) != 1:
            names = ", ".join(sorted(path.name for path in folder.iterdir())) if folder.is_dir() else "no such folder"
            raise FileNotFoundError(
                f"task.dir={folder} needs one file {split}.csv or {split}.tsv (or .gz); found: {names}."
            )
        return found[0]


def _rows_of(paths: list[Path]) -> list[Row]:
    return [row for label, path in enumerate(paths) for row in read_fasta_rows(path, str(label))]
