"""``genome=grch38``: GRCh38.p13, the assembly of the paper (Sec. 3), downloaded from NCBI."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from genomask.checks import require
from genomask.genome.download import cache_folder, download
from genomask.genome.encoded import Pieces, write_genome
from genomask.genome.names import HUMAN
from genomask.genome.reader import read_pieces
from genomask.genome.tracks import check_tracks, fingerprint_tracks, write_tracks

RELEASE: Final = "GRCh38.p13"
ASSEMBLY: Final = f"GCF_000001405.39_{RELEASE}"
CHECKSUMS: Final = "md5checksums.txt"
_FOLDER: Final = f"{ASSEMBLY}_assembly_structure/Primary_Assembly/assembled_chromosomes/FASTA"

# NCBI's name of each sequence. The number after the point changes with every change of the sequence, so
# that the names tell this assembly from any other.
_VERSIONS: Final = "11 12 12 12 10 12 14 11 12 11 10 12 11 9 10 10 11 10 10 11 9 11 11 10".split()  # noqa: SIM905  (a column of 24 numbers else)
_ACCESSIONS: Final = {
    chromosome: f"NC_{number:06}.{version}"
    for number, (chromosome, version) in enumerate(zip(HUMAN, _VERSIONS, strict=True), start=1)
}


@dataclass
class Grch38Genome:
    """The human reference genome, a record for each chromosome, called chr1 to chrY. ``chromosomes=[1, 2, 3]`` is what
    the ranking was counted on that the paper's authors published."""

    chromosomes: list[str] | None = None  # of 1..22, X, Y; None: all 24
    cache: str | None = None  # where downloads stay; None: folder genomask of the user's cache
    url: str = f"https://ftp.ncbi.nlm.nih.gov/genomes/all/GCF/000/001/405/{ASSEMBLY}"  # or a copy of it
    tracks: Any = None  # {NAME: FILE}, BED, bigWig or VCF files by name (Any: Hydra lets no typed mapping be set)

    label: ClassVar[str] = "grch38"  # in directories and tables

    def __post_init__(self) -> None:
        known = self.chromosomes is None or (self.chromosomes and set(self.chromosomes) <= set(HUMAN))
        require(bool(known), "genome.chromosomes", "some of 1..22, X, Y, or null for all", self.chromosomes)
        check_tracks(self.tracks)

    @property
    def rough_bases(self) -> int:
        """About as many bases as the chosen chromosomes have."""
        return 3_100_000_000 * len(self._chosen()) // len(HUMAN)

    def fingerprint(self) -> dict[str, Any]:
        """All that shapes the genome, for hashing; needs no network."""
        chosen = {"source": "grch38", "release": RELEASE, "chromosomes": self._chosen()}
        return chosen | fingerprint_tracks(self.tracks)

    def encode(self, directory: Path) -> list[str]:
        """Download what is not in the cache yet, and write the encoded genome into an existing directory; returns the
        chromosomes that it leaves out. Raises ConnectionError; ValueError if a file is not NCBI's."""
        with closing(_records(self._download())) as records:
            write_genome(records, directory)
        left_out = [f"chr{name}" for name in HUMAN if name not in self._chosen()]
        write_tracks(self.tracks, directory, left_out=left_out)
        return left_out

    def _chosen(self) -> list[str]:
        return [name for name in HUMAN if self.chromosomes is None or name in self.chromosomes]

    def _download(self) -> dict[str, Path]:
        """The file of every chosen chromosome, in the cache."""
        folder, url = cache_folder(self.cache) / RELEASE, self.url.rstrip("/")
        files: dict[str, Path] = {}
        try:
            download(f"{url}/{CHECKSUMS}", folder / CHECKSUMS)
            # Lines of NCBI's list read ``<md5>  ./<path>``.
            lines = map(str.split, (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines())
            checksums = {words[1].removeprefix("./"): words[0] for words in lines if len(words) == 2}
            for chromosome in self._chosen():
                place = f"{_FOLDER}/chr{chromosome}.fna.gz"
                require(place in checksums, str(folder / CHECKSUMS), f"a checksum of {place}", "none")
                files[chromosome] = folder / Path(place).name
                download(f"{url}/{place}", files[chromosome], md5=checksums[place])
        except ConnectionError as error:
            raise ConnectionError(f"{error} Or take a FASTA file: genome=fasta genome.path=FILE.") from None
        return files


def _records(files: dict[str, Path]) -> Generator[tuple[str, Pieces]]:
    """Read the chromosomes, and see to it that they are those of this assembly."""
    for chromosome, file in files.items():
        for name, pieces in read_pieces(file):
            require(name == _ACCESSIONS[chromosome], str(file), f"sequence {_ACCESSIONS[chromosome]}", name)
            yield f"chr{chromosome}", pieces
