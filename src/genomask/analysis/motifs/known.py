"""Known motifs in rankings of k-mers and in a masking vocabulary, tested against k-mers of like composition."""

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Int64

from genomask.alphabet import kmer_table
from genomask.analysis.figure_style import look, save
from genomask.analysis.motifs.consensus import MotifRank, Printed, consensus_table
from genomask.analysis.motifs.enrichment import (
    both_strands,
    composition_strata,
    enrichment,
    palindromes,
    share_of_words,
)
from genomask.analysis.motifs.figures import running_sums
from genomask.analysis.motifs.jaspar import core_kmers, cores, matched_kmers, read_jaspar
from genomask.analysis.motifs.settings import MotifSettings
from genomask.files import write_csv, write_json
from genomask.ranking.table import Ranking
from genomask.seeds import generator

NULLS: Final = {"matched": composition_strata, "unmatched": palindromes}


class KnownMotifs(NamedTuple):
    """What is compared: how, by the settings; k-mers of which length; and the ranks that the paper prints."""

    settings: MotifSettings
    k: int
    printed: Printed


def compare_known(
    chosen: KnownMotifs,
    directory: Path,
    rankings: Mapping[str, Ranking],
    words: dict[int, Bool[np.ndarray, " _kmers"]],
) -> tuple[int, int]:
    """Write the ranks of consensus motifs, and how known motifs are placed in rankings of k-mers and a vocabulary.

    Args:
        chosen: What is compared.
        directory: Where ``consensus.csv`` goes and, unless nothing is matched, ``kmers.csv``, ``enrichment.json`` and
            a figure.
        rankings: By name.
        words: Which k-mers the vocabulary holds, by their length.

    Returns:
        Known motifs that were read, and those of them that have a clear core of k bases.
    """
    settings, k, printed = chosen
    write_csv(directory / "consensus.csv", MotifRank._fields, consensus_table(rankings, settings.consensus, printed))
    if settings.jaspar is None:
        return 0, 0
    known = read_jaspar(settings.jaspar, settings.group)
    matches, clear = matched_kmers(known, k), cores(known, k)
    labels = {
        "tomtom": both_strands(np.array([match.q <= settings.known_q for match in matches]), k),
        "core": core_kmers(clear, k),
    }
    ranks = {name: ranking.rank for name, ranking in rankings.items()}
    columns = zip(
        kmer_table(k), matches, *(label.tolist() for label in labels.values()),
        *(rank.tolist() for rank in ranks.values()), strict=True,
    )  # fmt: skip
    header = ("kmer", "identifier", "name", "p", "q", *labels, *ranks)
    write_csv(directory / "kmers.csv", header, ((kmer, *match, *rest) for kmer, match, *rest in columns))
    about = {"jaspar": {"release": settings.jaspar, "group": settings.group, "motifs": len(known)}}
    summary, curves = _test(chosen, labels, ranks, words.get(k))
    write_json(directory / "enrichment.json", about | summary)
    with look():
        save(running_sums(curves), directory / "enrichment")
    return len(known), len(clear)


def _test(
    chosen: KnownMotifs,
    labels: dict[str, Bool[np.ndarray, " kmers"]],
    ranks: dict[str, Int64[np.ndarray, " kmers"]],
    words: Bool[np.ndarray, " kmers"] | None,
) -> tuple[dict[str, Any], dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]]:
    """Every ranking and the vocabulary, by every definition of a known motif, against every null; and curves."""
    settings, k, _ = chosen
    labels = {name: label for name, label in labels.items() if 0 < label.sum() < len(label)}
    rankings: dict[str, Any] = {}
    vocabulary: dict[str, Any] = {"words": int(words.sum()) if words is not None else 0}
    curves: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
    for (definition, label), (null, strata) in product(labels.items(), NULLS.items()):
        draw = (label, strata(k), k)
        for name, rank in ranks.items():
            rng = generator(settings.seed, "motifs", definition, null)  # the same draws for every ranking
            found = enrichment(rank, *draw, tops=settings.tops, permutations=settings.permutations, rng=rng)
            rankings.setdefault(name, {}).setdefault(definition, {})[null] = found.summary()
            if null == "matched":
                curves[name, definition] = (found.curve, found.band)
        if words is not None:
            rng = generator(settings.seed, "motifs", definition, null)
            held = share_of_words(words, *draw, permutations=settings.permutations, rng=rng)
            vocabulary.setdefault(definition, {})[null] = held.summary()
    summary = {
        "known": {name: int(label.sum()) for name, label in labels.items()},
        "permutations": settings.permutations,
        "seed": settings.seed,
        "rankings": rankings,
        "vocabulary": vocabulary,
    }
    return summary, curves
