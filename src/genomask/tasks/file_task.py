"""Benchmarks in files, whatever their layout and format; most choices of ``conf/task`` are presets of this one."""

import hashlib
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, Final

from genomask.checks import require, require_choice
from genomask.files import sha256
from genomask.genome.encoded import EncodedGenome
from genomask.genome.names import require_assembly
from genomask.seeds import generator
from genomask.tasks.examples import KINDS, Benchmark
from genomask.tasks.negatives import WAYS, add_negatives
from genomask.tasks.readers import Names, Needs, Row, Tally, read_rows
from genomask.tasks.records import kind_of, parts_of
from genomask.tasks.sources import GenomeSource, Source, benchmark_of, cut_rows, files_at_hand, genome_source
from genomask.tasks.split import SplitRule, divide

SPLITS: Final = ("train", "dev", "test")
SOURCE: Final = "read from files at hand"
MOST_LISTED: Final = 20  # files of a split that are listed one by one
FIRST_ROWS: Final = 100
_LOCATION: Final = ("name", "train", "test", "table", "dir", "pool", "genome", "cache", "column")
_SAME_FILES: Final = "training and test set are the same files, so that the scores say how well rows are remembered"

Files = list[tuple[Path, str | None]]  # each with the label of its rows, if they do not say their own


@dataclass
class FileTask(Source, Names, SplitRule):
    """Labelled sequences in files: ``train`` and ``test`` (one file each, or one for each class in the order of the
    classes), a folder ``dir`` with a file or folder for the splits that ``pool`` and ``test`` name, or a ``table`` (one
    file or several) in whose column of splits ``train`` and ``test`` are words; without such a column a test set is
    held out."""

    name: str
    train: Any = None
    test: Any = None
    table: Any = None
    dir: str | None = None
    pool: str = "train"
    longest: int | None = None
    genome: str | None = None
    assembly: str | None = None
    negatives: str = "given"
    cache: str | None = None

    def __post_init__(self) -> None:
        self._folder_name = self.name.strip("/")
        self.name = self._folder_name.replace("/", "_")  # fit for the name of a folder
        places = [name for name in ("table", "dir") if getattr(self, name)]
        places += ["train and task.test"] if self.train and self.test and not places else []
        needed = "one of task.train and task.test, task.table, task.dir"
        require(len(places) == 1, "A task of files", needed, " and ".join(places) or "none of them")
        if isinstance(self.train, list) and isinstance(self.test, list):
            same = len(self.train) == len(self.test) > 0
            require(same, "task.test", f"as many files as task.train ({len(self.train)})", self.test)
        require(self.table or not self.chosen, "task.holdout, task.folds and task.split_by", "task.table=FILE", None)
        self.train, self.test = self.train or "train", self.test or "test"
        if self.dir:
            require(self.pool != self.test, "task.pool and task.test", "two different splits", self.pool)
        fits = self.places is None or len(self.places) in (3, 4)
        require(fits, "task.places", "three or four columns: record, start, stop and strand", self.places)
        require_choice(self.kind, "task.kind", KINDS)
        require_choice(self.negatives, "task.negatives", WAYS)
        fits = self.only is None or all(self.only.partition(":"))
        require(fits, "task.only", "COLUMN:VALUE", self.only)
        for setting, needs in (("task.negatives=matched", self.negatives == "matched"), ("task.bases", self.bases)):
            require(self.genome or not needs, setting, "the genome that places are cut from: task.genome=FASTA", None)
        self.check_rule()
        require_assembly(self.assembly)

    def genome_source(self) -> GenomeSource | None:
        """The genome that the sequences are cut from, if they are."""
        return genome_source(self.genome, self.assembly, self.cache) if self.genome else None

    def fingerprint(self) -> dict[str, Any]:
        """What shapes the rows: the content of the files, and all other settings that are not at their default."""
        changed = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in _LOCATION and getattr(self, field.name) != field.default
        }
        words = {"train": self.train, "test": self.test} if self.table else {}
        cut: dict[str, Any] = {"cut": True} if self.genome else {}
        return cut | changed | words | self._checksums()

    def read(self, genome: EncodedGenome | None = None) -> Benchmark:
        """Read the rows, cut those that are places, make negatives, hold out a test set: as the settings say."""
        files, tally, held = self._files(), Tally(), {}
        sides = {side: self._read_side(group, genome, tally) for side, group in files.items()}
        if self.table:
            pool, test, held = divide(sides["table"], str(self.train), str(self.test), self, tally)
        else:
            pool, test = sides["train"], sides["test"]
        if self.negatives != "given":
            make = partial(add_negatives, positives=[*pool, *test], way=self.negatives, genome=genome, tally=tally)
            draws = (generator(self.split_seed, "task", "negatives", side) for side in ("pool", "test"))
            pool, test = (make(rows, draw=draw) for rows, draw in zip((pool, test), draws, strict=True))
        warning = {"warning": _SAME_FILES} if not self.table and files["train"] == files["test"] else {}
        origin = {"source": SOURCE, "files": self._listed(files), **held, **tally.origin(), **warning}
        return benchmark_of(pool, test, self.kind, origin)

    def look(self) -> None:
        """Read the first rows of every file, to find early that they cannot be read. Raises as ``read`` does."""
        for files in self._files().values():
            for file in files[:MOST_LISTED]:
                read_rows([file], self, self._needs(), most=FIRST_ROWS)

    def _read_side(self, files: Files, genome: EncodedGenome | None, tally: Tally) -> list[Row]:
        rows = read_rows(files, self, self._needs(), tally=tally)
        if genome is not None:
            rows = cut_rows(rows, genome, self.assembly, tally)
        if self.longest is None:
            return rows
        short = [row for row in rows if len(row.sequence) <= self.longest]
        tally.leave_out(f"longer than task.longest={self.longest}", len(rows) - len(short))
        return short

    def _files(self) -> dict[str, Files]:
        if self.table:
            return {"table": files_named(self.table, "task.table")}
        if self.dir:
            folder = _task_folder(self.dir, self._folder_name)
            splits = {"train": (self.pool, "task.pool"), "test": (self.test, "task.test")}
            return {side: files_of_split(folder, *split) for side, split in splits.items()}
        return {side: files_named(getattr(self, side), f"task.{side}") for side in ("train", "test")}

    def _checksums(self) -> dict[str, Any]:
        return {f"{side}_files" if self.table else side: _checksum(files) for side, files in self._files().items()}

    def _listed(self, files: dict[str, Files]) -> list[dict[str, Any]]:
        if any(len(group) > MOST_LISTED for group in files.values()):
            return [{"name": side, "sha256": digest} for side, digest in self._checksums().items()]
        return files_at_hand(part for group in files.values() for part in _parts(group))

    def _needs(self) -> Needs:
        placed = bool(self.places or self.genome or self.holdout or self.split_by == "chromosome")
        return Needs(placed, self.genome is None, None if self.negatives == "given" else "1")


@dataclass(kw_only=True)
class BuiltTask(Source):
    """A benchmark of the paper: tables that exist in ``dir``, or built of what was published and of a genome."""

    dir: str | None = None
    pool: str = "train"
    genome: str | None = None
    assembly: str | None = "GRCh38"
    cache: str | None = None

    def __post_init__(self) -> None:
        require_assembly(self.assembly)

    def genome_source(self) -> GenomeSource | None:
        """The genome that the sequences are cut from, if any is needed."""
        return None if self.dir else genome_source(self.genome, self.assembly, self.cache)

    @property
    def tables(self) -> FileTask | None:
        """The tables that exist, if they are named."""
        return FileTask(self.name, dir=self.dir, pool=self.pool) if self.dir else None


def files_named(value: Any, setting: str) -> Files:
    """The files that a setting names: one, or one for each class in the order of the classes."""
    if isinstance(value, str):
        return [(existing(value, setting), None)]
    paths = [existing(path, setting) for path in value]
    unlabelled = len(paths) > 1 and all(kind_of(path) in ("fasta", "bed") for path in paths)
    return [(path, str(number) if unlabelled else None) for number, path in enumerate(paths)]


def existing(path: str, setting: str) -> Path:
    """The path of a file, or of a folder with its parts; FileNotFoundError naming the setting if it is not there."""
    found = Path(path).expanduser()
    if not found.is_file() and not (found.is_dir() and parts_of(found)):
        raise FileNotFoundError(f"{setting} needs a file; there is none at {path}.")
    return found


def files_of_split(folder: Path, split: str, setting: str) -> Files:
    """The files of one split: ``SPLIT.csv`` (or another format, packed or not), Hugging Face's parts
    ``SPLIT-*.parquet`` in the folder or in ``data/``, ``SPLIT/CLASS/*.txt``, or a file for each class,
    ``SPLIT/CLASS.csv``. Raises FileNotFoundError if there is none, or several could be meant."""
    inside, entries = folder / split, sorted(folder.iterdir()) if folder.is_dir() else []
    names = [path.name for path in entries if path.is_file()]
    found = [name for name in names if name.partition(".")[0] == split and kind_of(Path(name))]
    parts = sorted(path for home in (folder, folder / "data") for path in home.glob(f"{split}-*"))
    parts = [path for path in parts if kind_of(path) == "parquet"]
    if len(found) == 1:
        return [(folder / found[0], None)]
    if not found and parts:
        return [(path, None) for path in parts]
    if not found and inside.is_dir():
        texts = [(path, path.parent.name) for path in sorted(inside.glob("*/*.txt"))]
        of_class = [(path, path.name.partition(".")[0]) for path in parts_of(inside)]
        is_parts = all(kind_of(path) in ("parquet", "json") for path, _ in of_class)
        if texts or of_class:
            return [(path, None if is_parts and not texts else label) for path, label in texts or of_class]
    there = ", ".join(path.name for path in entries[:20]) if folder.is_dir() else "no such folder"
    others = [other for other in SPLITS if other != split and any(name.startswith(f"{other}.") for name in names)]
    other = f" Another split: {setting}={others[0]}." if others else ""
    raise FileNotFoundError(
        f"task.dir={folder} needs one file {split}.csv, .tsv, .jsonl, .parquet or .fa (packed or not), or a folder "
        f"{split} with a folder or file for each class; found: {there}.{other}"
    )


def _task_folder(directory: str, name: str) -> Path:
    """``dir/NAME``, ``dir/GUE/NAME``, or ``dir`` itself; an error if the name is a path, as ``tf/0``, to nowhere."""
    root = Path(directory).expanduser()
    for folder in (root / name, root / "GUE" / name):
        if folder.is_dir():
            return folder
    if "/" in name:
        tables = sorted({path.parent.relative_to(root).as_posix() for path in root.rglob("train.*")})
        raise FileNotFoundError(
            f"task.dir={directory} has no folder {name} (task.name); folders with tables: "
            f"{', '.join(tables[:60]) or 'none'}."
        )
    return root


def _parts(files: Files) -> list[Path]:
    return [part for path, _ in files for part in (parts_of(path) if path.is_dir() else [path])]


def _checksum(files: Files) -> Any:
    """What identifies the content of files: a digest, or one for each class in the order of the classes."""
    if any(path.is_dir() for path, _ in files) or any(label and not label.isdecimal() for _, label in files):
        found = hashlib.sha256()
        for path in _parts(files):
            found.update(f"{path.parent.name}/{path.name} {sha256(path)}\n".encode())
        return found.hexdigest()
    digests = [sha256(path) for path, _ in files]
    return digests[0] if len(digests) == 1 else digests
