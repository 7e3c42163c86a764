"""``task=prom_core`` and ``task=prom_300``: from files at hand, from EPD's export, or from start sites."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from genomask.checks import require
from genomask.files import sha256
from genomask.genome.download import cache_folder, fetch
from genomask.genome.encoded import EncodedGenome
from genomask.tasks.examples import Benchmark
from genomask.tasks.file_task import BuiltTask, existing
from genomask.tasks.promoters.build import Negatives, build
from genomask.tasks.promoters.epd import (
    PROMOTER_BASES,
    StartSite,
    cut_exports,
    cut_promoters,
    read_start_sites,
    read_tata,
)
from genomask.tasks.readers import Tally
from genomask.tasks.sources import GenomeSource, files_at_hand
from genomask.tasks.split import SplitRule

EPD: Final = "https://epd.expasy.org/ftp/epdnew/H_sapiens"
INSTEAD: Final = (
    "Without a network: task.tss=BED task.motifs=promoter_motifs.txt task.genome=FASTA, "
    "task.positives=[FASTA,FASTA] of EPD's selection tool, or task.dir=FOLDER with its tables."
)
ASSEMBLY_IN_NAMES: Final = {"GRCh38": "hg38", "GRCh37": "hg19"}


@dataclass
class PromoterTask(BuiltTask):
    """Promoters and their negatives. ``positives`` are sequences that EPD exported, or ``tss`` are start sites whose
    promoters are cut from ``genome``; with none of them, EPDnew's start sites are downloaded."""

    name: str
    start: int  # where the window begins in the promoter's 300 bases, counted from 0
    bases: int  # how long it is
    negatives: Negatives
    positives: list[str] | None = None  # one file a kind of promoter
    export_start: int = -249  # position of the first base in these files
    tss: str | None = None
    motifs: str | None = None
    release: str = "006"
    url: str = EPD
    test_share: float = 0.1  # Sec. 5.1: "70% and 30%", but its counts are 90 and 10
    split_seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        inside = 0 <= self.start < self.start + self.bases <= PROMOTER_BASES and self.bases > 0
        found = (self.start, self.start + self.bases)
        require(inside, "task.start and task.bases", f"a window of the promoter's {PROMOTER_BASES}", found)
        SplitRule(test_share=self.test_share, split_seed=self.split_seed).check_rule()
        given = [name for name in ("dir", "positives", "tss") if getattr(self, name)]
        require(len(given) <= 1, "A promoter task", "one of task.dir, task.positives, task.tss", given)

    def genome_source(self) -> GenomeSource | None:
        """The genome that promoters are cut from, if any is needed."""
        return None if self.positives else super().genome_source()

    def fingerprint(self) -> dict[str, Any]:
        """Settings, and checksums of the files or the release that is downloaded."""
        if self.tables:
            return self.tables.fingerprint()
        shape = {name: getattr(self, name) for name in ("start", "bases", "test_share", "split_seed")}
        # Two settings that were once, so that what was built with their defaults is still found.
        fixed = {"together": "duplicates", "negatives": {**asdict(self.negatives), "of": "promoter"}}
        if self.positives:
            known = {"positives": list(map(sha256, self._positives())), "export_start": self.export_start}
        else:
            motifs = sha256(existing(self.motifs, "task.motifs")) if self.motifs else None
            known = {"tss": sha256(existing(self.tss, "task.tss"))} if self.tss else {"epdnew": self.release}
            known |= {"motifs": motifs, "assembly": self.assembly}
        return {"built": "promoters", **shape, **fixed, **known}

    def prepare(self) -> None:
        """Download the start sites if they are needed, and read them."""
        if not (self.dir or self.positives):
            self._sites()

    def read(self, genome: EncodedGenome | None = None) -> Benchmark:
        """Read the tables; or cut the promoters, split them and make negatives."""
        if self.tables:
            return self.tables.read()
        tally = Tally()
        if self.positives:
            files, source = self._positives(), "built from sequences at hand"
            promoters = cut_exports(files, self.export_start, tally)
        else:
            assert genome is not None, "promoters that are cut need a genome"
            sites, kinds, files = self._sites()
            promoters = cut_promoters(sites, kinds, genome, self.assembly, tally)
            source = "built from start sites at hand" if self.tss else f"built from EPDnew {self.release}, {self.url}"
        window, share = slice(self.start, self.start + self.bases), self.test_share
        task = build(promoters, window, self.negatives, tally, test_share=share, split_seed=self.split_seed)
        return task._replace(origin={"source": source, "files": files_at_hand(files), **(task.origin or {})})

    def _positives(self) -> list[Path]:
        return [existing(path, "task.positives") for path in self.positives or ()]

    def _sites(self) -> tuple[list[StartSite], dict[str, str], list[Path]]:
        home, url = cache_folder(self.cache) / f"epdnew-{self.release}", f"{self.url.rstrip('/')}/{self.release}"
        if self.tss:
            table = existing(self.tss, "task.tss")
            sites = read_start_sites(table)
        else:
            name = ASSEMBLY_IN_NAMES.get(self.assembly or "")
            require(name, "EPDnew's start sites", "task.assembly=GRCh38 or GRCh37", self.assembly)
            table = home / f"Hs_EPDnew_{self.release}_{name}.bed"
            sites = fetch(f"{url}/{table.name}", table, read_start_sites, instead=INSTEAD)
        if self.motifs:
            motifs = existing(self.motifs, "task.motifs")
            return sites, read_tata(motifs), [table, motifs]
        if self.tss:
            return sites, {}, [table]
        motifs = home / "promoter_motifs.txt"
        return sites, fetch(f"{url}/db/{motifs.name}", motifs, read_tata, instead=INSTEAD), [table, motifs]
