"""What every source of a benchmark can say of itself, and of the files that it read."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from genomask.checks import one_line
from genomask.files import sha256
from genomask.genome.encoded import EncodedGenome
from genomask.genome.fasta import FastaGenome
from genomask.genome.grch38 import Grch38Genome, cache_folder
from genomask.tasks.examples import Benchmark, benchmark
from genomask.tasks.fetch import fetch
from genomask.tasks.readers import Row

Content = TypeVar("Content")
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


def from_files(pool: list[Row], test: list[Row], paths: Sequence[Path]) -> Benchmark:
    """A benchmark of these rows, with the note that they were read from these files as they are.

    Raises:
        ValueError: Naming the files, if the rows are no task.
    """
    try:
        task = benchmark(pool, test)
    except ValueError as error:
        raise ValueError(f"{', '.join(map(str, paths))}: {one_line(str(error))}") from None
    return task._replace(origin={"source": "read from files at hand", "files": files_at_hand(paths)})


def files_at_hand(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Name, size and checksum of files."""
    return [{"name": path.name, "bytes": path.stat().st_size, "sha256": sha256(path)} for path in paths]


def existing(path: str, setting: str) -> Path:
    """The path of a file that is there.

    Raises:
        FileNotFoundError: Naming the setting, if it is not.
    """
    if not Path(path).expanduser().is_file():
        raise FileNotFoundError(f"{setting} needs a file; there is none at {path}.")
    return Path(path).expanduser()


def cached(
    url: str, cache: str | None, folder: str, read: Callable[[Path], Content], instead: str
) -> tuple[Path, Content]:
    """Fetch a file into a folder of the cache and read it."""
    path = cache_folder(cache) / folder / url.rpartition("/")[2]
    return path, fetch(url, path, read, instead=instead)
