"""``genome=fasta``: the records of FASTA or 2bit files, all or some of them, with tracks along them."""

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from fnmatch import fnmatchcase
from glob import has_magic
from pathlib import Path
from typing import Any, Final

from genomask.checks import require
from genomask.files import sha256
from genomask.genome.encoded import Pieces, write_genome
from genomask.genome.reader import encode_piece, fasta_file, read_pieces
from genomask.genome.tracks import check_tracks, fingerprint_tracks, write_tracks

_ENDINGS: Final = re.compile(r"(\.(fa|fas|fasta|fna|2bit|gz|bgz))+$", re.IGNORECASE)
_INDEXES: Final = (".fai", ".gzi")  # lie beside FASTA files, and fit the same patterns
_TWO_BIT: Final = (b"\x43\x27\x41\x1a", b"\x1a\x41\x27\x43")  # in either order of bytes
_PACKED: Final = (".gz", ".bgz", ".2bit")
_BASES_A_BYTE: Final = 3  # of such a file, or more
_AT_ONCE: Final = 1 << 20  # bases of a 2bit file


@dataclass
class FastaGenome:
    """A genome in FASTA files (plain, gzip or bgzip) or 2bit files."""

    path: Any  # a file, a pattern such as chr*.fa.gz, or a list of them
    chromosomes: list[str] | None = None  # names of records, or patterns such as chr*; None: all records
    tracks: Any = None  # {NAME: FILE}, BED, bigWig or VCF files by name (Any: Hydra lets no typed mapping be set)

    def __post_init__(self) -> None:
        require(self.chromosomes != [], "genome.chromosomes", "names or patterns, or null for all", [])
        paths = [self.path] if isinstance(self.path, str) else self.path
        fits = isinstance(paths, list) and paths and all(isinstance(path, str) for path in paths)
        require(fits, "genome.path", "a file, a pattern, or a list of them", self.path)
        self._paths: list[str] = paths
        check_tracks(self.tracks)

    @property
    def label(self) -> str:
        """The first file's name without its endings, fit for the name of a folder."""
        name = f"{_ENDINGS.sub('', Path(self._paths[0]).name)}{'-and-more' if self._paths[1:] else ''}"
        return re.sub(r"[^\w.]+", "-", name, flags=re.ASCII).strip("-.") or "genome"

    @property
    def rough_bases(self) -> int:
        """At most about as many bases as the genome has, by the sizes of its files; 0 where some records are chosen."""
        if self.chromosomes is not None:
            return 0
        return sum(file.stat().st_size * (_BASES_A_BYTE if file.suffix in _PACKED else 1) for file in self._files())

    def fingerprint(self) -> dict[str, Any]:
        """All that shapes the genome, for hashing: what is in the files, whatever they are called."""
        digests = list(map(sha256, self._files()))
        return {
            "source": "fasta",
            "sha256": digests[0] if len(digests) == 1 else digests,
            "chromosomes": sorted(set(self.chromosomes or ["*"])),
            **fingerprint_tracks(self.tracks),
        }

    def encode(self, directory: Path) -> list[str]:
        """Write the encoded genome and its tracks into an existing directory; returns the records that it leaves out.
        Raises ValueError if a file is not whole and sound, a record is in two files, or a name or pattern matches no
        record."""
        left_out: list[str] = []
        with closing(self._records(left_out)) as records:
            write_genome(records, directory, source=f"genome.path={self.path}")
        write_tracks(self.tracks, directory, left_out=left_out)
        return left_out

    def _files(self) -> list[Path]:
        """The files that are meant, in the order of the list, and those of a pattern as people count."""
        files: list[Path] = []
        for text in self._paths:
            path = Path(text).expanduser()
            if path.is_file() or not has_magic(str(path)):
                files.append(fasta_file(path))
                continue
            top = Path(path.anchor)
            found = [file for file in top.glob(str(path.relative_to(top))) if file.suffix not in _INDEXES]
            if not found:
                raise FileNotFoundError(f"A genome needs a FASTA file; none is called {path}.")
            files += sorted(found, key=lambda file: [part.zfill(20) for part in re.split(r"(\d+)", file.name)])
        return files

    def _records(self, left_out: list[str]) -> Generator[tuple[str, Pieces]]:
        """The chosen records; the names of the others are added to ``left_out``."""
        patterns = self.chromosomes or ["*"]
        unmatched, homes = set(patterns), dict[str, Path]()
        for file in self._files():
            with file.open("rb") as opened:
                read = read_2bit if opened.read(4) in _TWO_BIT else read_pieces
            for name, pieces in read(file):
                if name in homes:
                    raise ValueError(f"Record {name} is in {homes[name]} and in {file}; a genome has it once.")
                homes[name] = file
                matching = {pattern for pattern in patterns if name == pattern or fnmatchcase(name, pattern)}
                unmatched -= matching
                if matching:
                    yield name, pieces
                else:
                    left_out.append(name)
        if unmatched:
            names = list(homes)
            raise ValueError(
                f"genome.chromosomes needs names or patterns of records in {self.path}; "
                f"none is called {' or '.join(sorted(unmatched))}, they are called {', '.join(names[:50])}"
                f"{', ...' if names[50:] else '.'}"
            )


def read_2bit(path: Path) -> Iterator[tuple[str, Pieces]]:
    """Yield names and pieces of a 2bit file as ``read_pieces`` does; ValueError if it is damaged."""
    try:
        import py2bit
    except ImportError:
        raise ValueError(f"{path} is a 2bit file, which py2bit reads: install it with pip install py2bit.") from None

    def read(function: Callable[..., Any], *arguments: object) -> Any:
        try:
            return function(*arguments)
        except RuntimeError as error:
            raise ValueError(f"{path} cannot be read: it is a damaged 2bit file ({error}).") from None

    with read(py2bit.open, str(path), True) as file:
        for name, length in file.chroms().items():
            pieces = ((start, min(start + _AT_ONCE, length)) for start in range(0, length, _AT_ONCE))
            yield name, (encode_piece(read(file.sequence, name, *piece).encode()) for piece in pieces)
