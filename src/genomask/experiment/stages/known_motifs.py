"""Part ``ranking`` of stage ``motifs``: known motifs in rankings and vocabulary, and the consensus table."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Int64

from genomask.alphabet import kmer_table
from genomask.analysis.motifs.consensus import MotifRank, Printed, consensus_table, read_printed
from genomask.analysis.motifs.enrichment import (
    Enrichment,
    both_strands,
    composition_strata,
    enrichment,
    palindromes,
    share_of_words,
)
from genomask.analysis.motifs.jaspar import core_kmers, matched_kmers, read_jaspar
from genomask.checks import require
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.rank import (
    build_ranking,
    build_vocabulary,
    genome_artefact,
    ranking_artefact,
    vocabulary_artefact,
)
from genomask.experiment.store.artefact import Artefact, Json
from genomask.files import sha256, write_json
from genomask.ranking.csv_table import write_csv
from genomask.ranking.pmi import SCORERS
from genomask.ranking.table import Ranking, read_ranking
from genomask.ranking.vocabulary import membership
from genomask.ranking.vocabulary_csv import read_vocabulary
from genomask.seeds import generator

MOTIFS_FORMAT: Final = 2  # raised when the code would find otherwise
NULLS: Final = {"matched": composition_strata, "unmatched": palindromes}
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
    return run.store.build(
        known_artefact(run),
        partial(_known, run),
        needs=lambda: (read_rankings(run), membership(read_vocabulary(build_vocabulary(run) / "vocabulary.csv"))),
    )


def ranking_runs(run: Context) -> dict[str, Context]:
    """The run as it would be with every way to score k-mers, by its name."""
    config, saved = run.config, run.store.config
    return {
        mode: Context(
            replace(config, ranking=replace(config.ranking, mode=mode)),
            replace(run.store, config={**saved, "ranking": {**saved.get("ranking", {}), "mode": mode}}),
        )
        for mode in SCORERS
    }


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


def paper_ranks() -> Printed:
    """What the paper prints, where its tables lie; nothing elsewhere."""
    return next((read_printed(folder) for folder in PAPER_TABLES if folder.is_dir()), {})


def write_ranks(rows: list[MotifRank], path: Path) -> None:
    """Write a consensus table."""
    write_csv(path, MotifRank._fields, rows)


def _given(run: Context) -> list[Path]:
    paths = [Path(text).expanduser() for text in run.config.motifs.rankings]
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"motifs.rankings needs files; there is none at {path}.")
    return paths


def _known(run: Context, directory: Path, vocabulary: Path, rankings: Mapping[str, Ranking]) -> None:
    settings = run.config.motifs
    write_ranks(consensus_table(rankings, settings.consensus, paper_ranks()), directory / "consensus.csv")
    if settings.jaspar is None:
        return
    k = run.config.ranking.k
    known = read_jaspar(settings.jaspar, settings.group)
    matches = matched_kmers(known, k)
    labels = {
        "tomtom": both_strands(np.array([match.q <= settings.known_q for match in matches]), k),
        "core": core_kmers(known, k),
    }
    ranks = {name: ranking.rank for name, ranking in rankings.items()}
    columns = zip(
        kmer_table(k), matches, *(label.tolist() for label in labels.values()),
        *(rank.tolist() for rank in ranks.values()), strict=True,
    )  # fmt: skip
    header = ("kmer", "identifier", "name", "p", "q", *labels, *ranks)
    write_csv(directory / "kmers.csv", header, ((kmer, *match, *rest) for kmer, match, *rest in columns))
    words = membership(read_vocabulary(vocabulary / "vocabulary.csv")).get(k)
    _test(run, labels, ranks, words, directory, motifs=len(known))


def _test(
    run: Context,
    labels: dict[str, Bool[np.ndarray, " kmers"]],
    ranks: dict[str, Int64[np.ndarray, " kmers"]],
    words: Bool[np.ndarray, " kmers"] | None,
    directory: Path,
    *,
    motifs: int,
) -> None:
    """Every ranking and the vocabulary, by every definition of a known motif, against every null."""
    from genomask.analysis.figure_style import look, save
    from genomask.analysis.motifs.figures import running_sums

    settings, k = run.config.motifs, run.config.ranking.k
    labels = {name: label for name, label in labels.items() if 0 < label.sum() < len(label)}
    tested: dict[tuple[str, str, str], Enrichment] = {}
    chosen: dict[str, Any] = {}
    for definition, label in labels.items():
        for null, strata in NULLS.items():
            draw = (label, strata(k), k)
            for name, rank in ranks.items():
                rng = generator(settings.seed, "motifs", definition, null)  # the same draws for every ranking
                tested[name, definition, null] = enrichment(
                    rank, *draw, tops=settings.tops, permutations=settings.permutations, rng=rng
                )
            if words is not None:
                rng = generator(settings.seed, "motifs", definition, null)
                found = share_of_words(words, *draw, permutations=settings.permutations, rng=rng)
                chosen.setdefault(definition, {})[null] = found.summary()
    summary: dict[str, Any] = {
        "jaspar": {"release": settings.jaspar, "group": settings.group, "motifs": motifs},
        "known": {name: int(label.sum()) for name, label in labels.items()},
        "permutations": settings.permutations,
        "seed": settings.seed,
        "rankings": {},
        "vocabulary": {"words": int(words.sum()) if words is not None else 0, **chosen},
    }
    for (name, definition, null), found in tested.items():
        of_ranking = summary["rankings"].setdefault(name, {})
        of_ranking.setdefault(definition, {})[null] = found.summary()
    write_json(directory / "enrichment.json", summary)
    curves = {(name, what): (e.curve, e.band) for (name, what, null), e in tested.items() if null == "matched"}
    with look():
        save(running_sums(curves), directory / "enrichment")
