"""Benchmarks in files, whatever their layout and format; most choices of ``conf/task`` are presets of this one."""

from dataclasses import dataclass, fields
from typing import Any, Final

from genomask.checks import renamed_to, require, require_choice, take_old_names
from genomask.genome.assembly import require_assembly
from genomask.genome.encoded import EncodedGenome
from genomask.genome.names import listed
from genomask.seeds import generator
from genomask.tasks.assemble import SOURCE, Tally, add_negatives, benchmark_of, cut_rows, divide
from genomask.tasks.examples import KINDS, Benchmark
from genomask.tasks.files import Files, checksum, files_named, files_of_split, task_folder
from genomask.tasks.negatives import WAYS
from genomask.tasks.readers import Names, Needs, Row, read_rows
from genomask.tasks.records import parts_of
from genomask.tasks.sources import GenomeSource, Source, files_at_hand, genome_source
from genomask.tasks.split import SplitRule

MOST_LISTED: Final = 20  # files of a split that are listed one by one
FIRST_ROWS: Final = 100
_LOCATION: Final = ("name", "train", "test", "table", "dir", "pool", "genome", "cache", "column")
_SAME_FILES: Final = "training and test set are the same files, so that the scores say how well rows are remembered"


@dataclass
class FileTask(Source, Names, SplitRule):
    """Labelled sequences in files: where they are, how they are read (``Names``), how a test set is held out.

    ``train`` and ``test`` are files: one each, or one for each class in the order of the classes. ``dir`` is a folder
    with a file or a folder for each split, and ``pool`` and ``test`` name the two that are used. ``table`` is one file,
    or several, with a column of splits, in which ``train`` and ``test`` are what that column says; without such a
    column a test set is held out.
    """

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
    column: str | None = renamed_to("split")

    def __post_init__(self) -> None:
        take_old_names(self, "task")
        self._folder_name = self.name.strip("/")
        self.name = self._folder_name.replace("/", "_")  # fit for the name of a folder
        self._check_location()
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

    def _check_location(self) -> None:
        places = [name for name in ("table", "dir") if getattr(self, name)]
        places += ["train and task.test"] if self.train and self.test and not places else []
        needed = "one of task.train and task.test, task.table, task.dir"
        require(len(places) == 1, "A task of files", needed, " and ".join(places) or "none of them")
        if isinstance(self.train, list) and isinstance(self.test, list):
            same = len(self.train) == len(self.test) > 0
            require(same, "task.test", f"as many files as task.train ({len(self.train)})", self.test)
        require(self.table or not self.chosen, "task.holdout, task.folds and task.split_by", "task.table=FILE", None)

    def genome_source(self) -> GenomeSource | None:
        """The genome that the sequences are cut from, if they are."""
        return genome_source(self.genome, self.assembly, self.cache) if self.genome else None

    def fingerprint(self) -> dict[str, Any]:
        """What shapes the rows: the content of the files, and all other settings that are not at their default."""
        shape = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in _LOCATION}
        defaults = {field.name: field.default for field in fields(self)}
        changed = {name: value for name, value in shape.items() if value != defaults[name]}
        words = {"train": self.train, "test": self.test} if self.table else {}
        cut: dict[str, Any] = {"cut": True} if self.genome else {}
        return cut | changed | words | self._checksums()

    def read(self, genome: EncodedGenome | None = None) -> Benchmark:
        """Read the rows, cut those that are places, make negatives, hold out a test set: as the settings say.

        Raises:
            FileNotFoundError: If a file is not there.
            ValueError: Naming files and lines, if rows cannot be read or are no task.
        """
        files, tally = self._files(), Tally()
        sides = {side: self._read_side(group, genome, tally) for side, group in files.items()}
        if self.table:
            pool, test, held = divide(sides["table"], str(self.train), str(self.test), self, tally)
        else:
            pool, test, held = sides["train"], sides["test"], {}
        if self.negatives != "given":
            pool, test = (
                add_negatives(
                    rows,
                    [*pool, *test],
                    self.negatives,
                    genome,
                    draw=generator(self.split_seed, "task", "negatives", side),
                    tally=tally,
                )
                for side, rows in (("pool", pool), ("test", test))
            )
        same = not self.table and files["train"] == files["test"]
        warning = {"warning": _SAME_FILES} if same else {}
        origin = {"source": SOURCE, "files": self._listed(files), **held, **tally.origin(), **warning}
        return benchmark_of(pool, test, self.kind, origin)

    def look(self) -> None:
        """Read the first rows of every file, to find early that they cannot be read.

        Raises:
            FileNotFoundError: If a file is not there.
            ValueError: Naming file and line, if its columns are not clear or its first rows cannot be read.
        """
        for files in self._files().values():
            for file in files[:MOST_LISTED]:
                read_rows([file], self, self._needs(), most=FIRST_ROWS)

    def _read_side(self, files: Files, genome: EncodedGenome | None, tally: Tally) -> list[Row]:
        rows, notes = read_rows(files, self, self._needs())
        tally.say(*notes)
        count = len(rows)
        tally.read += count
        if genome is not None:
            rows = cut_rows(rows, genome, self.assembly, tally)
            if not rows:
                lost = ", ".join(f"{count:,} {why}" for why, count in tally.left_out.items())
                raise ValueError(f"The genome ({listed(genome.names)}) holds none of the {count:,} places: {lost}.")
        if self.longest is not None:
            short = [row for row in rows if len(row.sequence) <= self.longest]
            tally.leave_out(f"longer than task.longest={self.longest}", len(rows) - len(short))
            rows = short
        return rows

    def _files(self) -> dict[str, Files]:
        if self.table:
            return {"table": files_named(self.table, "task.table")}
        if self.dir:
            folder = task_folder(self.dir, self._folder_name)
            splits = {"train": (self.pool, "task.pool"), "test": (self.test, "task.test")}
            return {side: files_of_split(folder, *split) for side, split in splits.items()}
        return {side: files_named(getattr(self, side), f"task.{side}") for side in ("train", "test")}

    def _checksums(self) -> dict[str, Any]:
        return {f"{side}_files" if self.table else side: checksum(files) for side, files in self._files().items()}

    def _listed(self, files: dict[str, Files]) -> list[dict[str, Any]]:
        if any(len(group) > MOST_LISTED for group in files.values()):
            return [{"name": side, "sha256": digest} for side, digest in self._checksums().items()]
        paths = [path for group in files.values() for path, _ in group]
        return files_at_hand(part for path in paths for part in (parts_of(path) if path.is_dir() else [path]))

    def _needs(self) -> Needs:
        placed = bool(self.places or self.genome or self.holdout or self.split_by == "chromosome")
        return Needs(placed, self.genome is None, None if self.negatives == "given" else "1")
