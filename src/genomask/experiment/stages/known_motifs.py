"""Part ``ranking`` of stage ``motifs``: known motifs in rankings and vocabulary, and the consensus table."""

from pathlib import Path
from typing import Final

import numpy as np

from genomask.analysis.motifs.consensus import Printed, read_printed
from genomask.analysis.motifs.known import KnownMotifs, compare_known
from genomask.checks import require
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.rank import (
    build_ranking,
    build_vocabulary,
    genome_artefact,
    ranking_artefact,
    vocabulary_artefact,
)
from genomask.experiment.store.artefact import Artefact, Count, Json
from genomask.files import sha256
from genomask.ranking.pmi import SCORERS
from genomask.ranking.table import Ranking, read_ranking
from genomask.ranking.vocabulary import membership
from genomask.ranking.vocabulary_csv import read_vocabulary

MOTIFS_FORMAT: Final = 2  # raised when the code would find otherwise
PACKAGE: Final = Path(__file__).resolve().parents[2]
PAPER_TABLES: Final = (PACKAGE.parents[1] / "experiments" / "paper", PACKAGE / "paper")


def known_artefact(run: Context) -> Artefact:
    """What is known of the motifs in a genome's rankings and vocabulary."""
    names = ("jaspar", "group", "known_q", "permutations", "tops", "consensus", "seed")
    settings = {"format": MOTIFS_FORMAT, "part": "ranking", **rankings_identity(run)}
    settings |= {name: getattr(run.config.motifs, name) for name in names}
    inputs = (genome_artefact(run), vocabulary_artefact(run))
    return Artefact("motifs", f"known-{run.config.genome.label}", settings, inputs)


def build_known(run: Context) -> Path:
    """Test and tabulate; the directory holds enrichment.json, consensus.csv, kmers.csv and figures."""
    settings, k = run.config.motifs, run.config.ranking.k

    def build(directory: Path, rankings: dict[str, Ranking], words: dict[int, np.ndarray]) -> dict[str, Count]:
        known, clear = compare_known(KnownMotifs(settings, k, _paper_ranks()), directory, rankings, words)
        counts = {"consensus motifs": Count(len(settings.consensus), len(settings.consensus), {})}
        if known:
            counts["known motifs (tomtom)"] = Count(known, known, {})
            counts["known motifs (core)"] = Count(known, clear, {f"without a clear core of {k} bases": known - clear})
        return counts

    return run.store.build(
        known_artefact(run),
        build,
        needs=lambda: (read_rankings(run), membership(read_vocabulary(build_vocabulary(run) / "vocabulary.csv"))),
    )


def ranking_runs(run: Context) -> dict[str, Context]:
    """The run as it would be with every way to score k-mers, by its name."""
    return {mode: run.with_settings("ranking", mode=mode) for mode in SCORERS}


def rankings_identity(run: Context) -> Json:
    """What tells the rankings of this run from others: their artefacts, and the content of given files."""
    built = {mode: ranking_artefact(other).digest for mode, other in ranking_runs(run).items()}
    return {"rankings": built, "given": [sha256(path) for path in _given(run)]}


def read_rankings(run: Context) -> dict[str, Ranking]:
    """The genome's ranking in every mode, and those of the files that were given, by name."""
    rankings = {mode: read_ranking(build_ranking(other) / "ranking.csv") for mode, other in ranking_runs(run).items()}
    for path in _given(run):
        given = read_ranking(path)
        require(given.k == run.config.ranking.k, str(path), f"{run.config.ranking.k}-mers", f"{given.k}-mers")
        rankings[path.as_posix() if path.stem in rankings else path.stem] = given
    return rankings


def _paper_ranks() -> Printed:
    """What the paper prints, where its tables lie; nothing elsewhere."""
    return next((read_printed(folder) for folder in PAPER_TABLES if folder.is_dir()), {})


def _given(run: Context) -> list[Path]:
    paths = [Path(text).expanduser() for text in run.config.motifs.rankings]
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"motifs.rankings needs files; there is none at {path}.")
    return paths
