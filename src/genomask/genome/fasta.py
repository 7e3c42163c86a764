"""``genome=fasta``: the records of any FASTA file, or some of them."""

import hashlib
import re
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from genomask.checks import require
from genomask.genome.encoded import Pieces, write_genome
from genomask.genome.reader import fasta_file, read_pieces


@dataclass
class FastaGenome:
    """A genome in a FASTA file: plain, gzip or bgzip."""

    path: str
    chromosomes: list[str] | None = None  # names of records, or patterns such as chr*; None: all records

    def __post_init__(self) -> None:
        require(self.chromosomes != [], "genome.chromosomes", "names or patterns, or null for all", [])

    @property
    def label(self) -> str:
        """The file's name without its endings, fit for the name of a folder."""
        stem = re.sub(r"(\.(fa|fas|fasta|fna|gz|bgz))+$", "", Path(self.path).name, flags=re.IGNORECASE)
        return re.sub(r"[^\w.]+", "-", stem, flags=re.ASCII).strip("-.") or "genome"

    def fingerprint(self) -> dict[str, Any]:
        """All that shapes the genome, for hashing: what is in the file, whatever it is called.

        Raises:
            FileNotFoundError: If there is no such file.
        """
        with fasta_file(self.path).open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return {"source": "fasta", "sha256": sha256, "chromosomes": sorted(set(self.chromosomes or ["*"]))}

    def encode(self, directory: Path) -> None:
        """Write the encoded genome into an existing directory.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file is not whole and sound, or a name or pattern matches no record.
        """
        with closing(self._records()) as records:
            write_genome(records, directory)

    def _records(self) -> Generator[tuple[str, Pieces]]:
        patterns = self.chromosomes or ["*"]
        unmatched = set(patterns)
        names: list[str] = []
        for name, pieces in read_pieces(fasta_file(self.path)):
            names.append(name)
            matching = {pattern for pattern in patterns if name == pattern or fnmatchcase(name, pattern)}
            unmatched -= matching
            if matching:
                yield name, pieces
        if unmatched:
            raise ValueError(
                f"genome.chromosomes needs names or patterns of records in {self.path}; "
                f"none is called {' or '.join(sorted(unmatched))}, they are called {', '.join(names[:50])}"
                f"{', ...' if names[50:] else '.'}"
            )
