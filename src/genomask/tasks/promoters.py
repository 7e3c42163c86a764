"""``task=prom_core`` and ``task=prom_300``: promoters from files, EPD's export or start sites, and their negatives."""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import UInt8

from genomask.alphabet import encode
from genomask.checks import require, require_choice
from genomask.files import sha256
from genomask.genome.download import cache_folder, fetch
from genomask.genome.encoded import EncodedGenome
from genomask.genome.places import Place
from genomask.seeds import generator
from genomask.tasks.epd import (
    PROMOTER_BASES,
    StartSite,
    cut_exports,
    cut_promoters,
    read_start_sites,
    read_tata,
)
from genomask.tasks.examples import Benchmark, Examples
from genomask.tasks.file_task import BuiltTask, existing
from genomask.tasks.readers import Row, Tally
from genomask.tasks.sources import GenomeSource, files_at_hand
from genomask.tasks.split import canonical, draw_test_side, join_groups

# -34..+35 begins at 215. The released files' begins one base later. A split must not depend on the choice.
CORE_WINDOWS: Final = (slice(215, 285), slice(216, 286))
CORE_IN_BOTH: Final = slice(216, 285)
PAPER_COUNT: Final = 29_598  # promoters of EPDnew 006, and half of the paper's 59,196 rows
DRAWS: Final = 100  # more copies in a row than this are no accident
EPD: Final = "https://epd.expasy.org/ftp/epdnew/H_sapiens"
INSTEAD: Final = (
    "Without a network: task.tss=BED task.motifs=promoter_motifs.txt task.genome=FASTA, "
    "task.positives=[FASTA,FASTA] of EPD's selection tool, or task.dir=FOLDER with its tables."
)
ASSEMBLY_IN_NAMES: Final = {"GRCh38": "hg38", "GRCh37": "hg19"}


@dataclass
class Negatives:
    """How a promoter becomes its negative: cut into ``parts``, ``equal`` or between ``random`` breakpoints, of which
    ``kept`` stay (with ``keep_last`` the last one always); every base of the others is drawn anew, uniformly.
    ``redraw_copies`` draws again where all in the window was kept, which would give one sequence both labels."""

    parts: int
    kept: int
    breakpoints: str
    keep_last: bool
    redraw_copies: bool
    seed: int

    def __post_init__(self) -> None:
        require(self.parts >= 2, "task.negatives.parts", "at least 2", self.parts)
        fewest, kept = int(self.keep_last), self.kept
        require(fewest <= kept < self.parts, "task.negatives.kept", f"{fewest} to {self.parts - 1} parts", kept)
        require_choice(self.breakpoints, "task.negatives.breakpoints", ("equal", "random"))
        require(self.seed >= 0, "task.negatives.seed", "at least 0", self.seed)


def build(
    promoters: list[Row], window: slice, negatives: Negatives, tally: Tally, *, test_share: float, split_seed: int
) -> Benchmark:
    """Make pool and test set: every promoter's window (class 1) and its negative's (class 0), on one side, the same in
    ``prom_core`` and ``prom_300``. Pool rows that are, on either strand, in the test set too are taken out."""
    bases, kinds = np.stack([encode(row.sequence) for row in promoters]), np.array([row.label for row in promoters])
    keys = [canonical(bases[:, part]) for part in (slice(None), *CORE_WINDOWS, window)]
    group = join_groups(keys, len(bases))  # alike in any window
    in_test = draw_test_side(group, kinds, share=test_share, seed=split_seed)
    rows = np.stack((bases[:, window], _windows_of_negatives(bases, window, negatives)), axis=1)
    of_row = canonical(rows.reshape(-1, rows.shape[-1]))
    tested = {key for key, held in zip(of_row, in_test.repeat(2), strict=True) if held}
    crossing = np.array([key in tested for key in of_row]) & ~in_test.repeat(2)
    in_pool = ~in_test.repeat(2) & ~crossing
    found, lost = len(bases), f" ({tally.lost} left out)" if tally.lost else ""
    paper = f"; the paper's {2 * PAPER_COUNT:,} rows are of {PAPER_COUNT:,}" if found != PAPER_COUNT else ""
    origin: dict[str, Any] = {
        "note": f"{found:,} promoters{lost}{paper}",
        "promoters": found,
        "kinds": dict(sorted(Counter(kinds.tolist()).items())),
        "kinds_in_test": dict(sorted(Counter(kinds[in_test].tolist()).items())),
        "left_out": dict(tally.left_out),
        "groups_of_duplicates": len(np.unique(group)),
        "taken_out_of_pool_as_in_test": int(crossing.sum()),
    }
    places = [_inside(row.place, window) for row in promoters if row.place is not None for _ in range(2)]
    offsets = np.arange(2 * found + 1, dtype=np.int64) * rows.shape[-1]
    whole = Examples(rows.reshape(-1), offsets, np.tile([1, 0], found), places=places or None)
    pool, test = (whole.take(np.flatnonzero(side)) for side in (in_pool, in_test.repeat(2)))
    return Benchmark(pool, test, ("0", "1"), origin)


def _inside(place: Place, window: slice) -> Place:
    """Where a window of a promoter lies."""
    if place.strand == "+":
        return place._replace(start=place.start + window.start, stop=place.start + window.stop)
    return place._replace(start=place.stop - window.stop, stop=place.stop - window.start)


def _windows_of_negatives(
    promoters: UInt8[np.ndarray, "rows bases"], window: slice, settings: Negatives
) -> UInt8[np.ndarray, "rows _window"]:
    """The window's part of every negative; all windows are of the same negatives."""
    rng = generator(settings.seed, "promoters", "negatives")
    negatives = draw_negatives(promoters, settings, rng)
    for _ in range(DRAWS if settings.redraw_copies else 0):
        same = negatives == promoters
        copies = np.flatnonzero(same[:, window].all(axis=1) | same[:, CORE_IN_BOTH].all(axis=1))
        if not len(copies):
            break
        negatives[copies] = draw_negatives(promoters[copies], settings, rng)
    else:
        require(not settings.redraw_copies, "task.negatives", "parts whose change shows in the window", "none")
    return negatives[:, window]


def draw_negatives(
    promoters: UInt8[np.ndarray, "rows bases"], settings: Negatives, rng: np.random.Generator
) -> UInt8[np.ndarray, "rows bases"]:
    """Make a negative of every promoter: every choice of as many parts to keep is equally probable."""
    (rows, bases), parts = promoters.shape, settings.parts
    require(parts <= bases, "task.negatives.parts", f"at most {bases}", parts)
    if settings.breakpoints == "equal":
        part = np.broadcast_to(np.arange(bases) * parts // bases, (rows, bases))
    else:
        cuts = rng.random((rows, bases - 1)).argsort(axis=1)[:, : parts - 1] + 1
        begins = np.zeros((rows, bases), dtype=np.int64)
        np.put_along_axis(begins, cuts, 1, axis=1)
        part = begins.cumsum(axis=1)
    always = int(settings.keep_last)
    order = rng.random((rows, parts - always)).argsort(axis=1)
    kept = np.hstack((order < settings.kept - always, np.ones((rows, always), dtype=bool)))
    stays = np.take_along_axis(kept, part, axis=1)
    return np.where(stays, promoters, rng.integers(4, size=promoters.shape, dtype=np.uint8))


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
        require(0 < self.test_share < 1, "task.test_share", "a share between 0 and 1", self.test_share)
        require(self.split_seed >= 0, "task.split_seed", "at least 0", self.split_seed)
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
