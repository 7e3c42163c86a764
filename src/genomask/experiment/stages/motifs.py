"""Stage ``motifs``: build its parts, and say in a few lines what came out; part ``ranking``: known motifs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from genomask.checks import require, require_packages
from genomask.console import say
from genomask.experiment.stages.context import Context, builds
from genomask.experiment.stages.rank import (
    genome_artefact,
    load_ranking,
    load_vocabulary,
    ranking_artefact,
    vocabulary_artefact,
)
from genomask.experiment.store.artefact import Artefact, Count, Json
from genomask.files import read_json, sha256, shipped
from genomask.models.settings import ModernBertSettings
from genomask.ranking.pmi import SCORERS
from genomask.ranking.table import Ranking, read_ranking
from genomask.ranking.vocabulary import membership

MOTIFS_FORMAT: Final = 3  # raised when the code would find otherwise
SHOWN: Final = 8  # motifs that are printed
UNEXPLAINED: Final = 0.1  # share of the margins from which gradients are not to be relied on


def check_motifs(run: Context) -> None:
    """Find what is missing, and a model that cannot be explained, before anything is built."""
    settings, model = run.config.motifs, run.config.model
    matching = () if settings.jaspar is None else ("pyjaspar", "memelite")
    require_packages("stage=motifs", "logomaker", "matplotlib", *matching, extra="motifs")
    trains = "learned" in settings.parts and settings.classifier is None
    fits = not (trains and isinstance(model, ModernBertSettings))
    require(fits, "motifs.parts=[learned]", "a BERT, whose embeddings it interpolates", f"model={model.name}")


def run_motifs(run: Context) -> None:
    """Build every configured part, and print its summary."""
    for part in run.config.motifs.parts:
        PARTS[part](run)


def known_artefact(run: Context) -> Artefact:
    """What is known of the motifs in a genome's rankings and vocabulary."""
    names = ("jaspar", "group", "known_q", "permutations", "tops", "consensus", "seed")
    settings = {"format": MOTIFS_FORMAT, "part": "ranking", **rankings_identity(run)}
    settings |= {name: getattr(run.config.motifs, name) for name in names}
    inputs = (genome_artefact(run), vocabulary_artefact(run))
    return Artefact("motifs", f"known-{run.config.genome.label}", settings, inputs)


@builds(known_artefact, needs=lambda run: (read_rankings(run), membership(load_vocabulary(run))))
def build_known(
    run: Context, directory: Path, rankings: dict[str, Ranking], words: dict[int, np.ndarray]
) -> dict[str, Count]:
    """Test and tabulate; the directory holds enrichment.json, consensus.csv and kmers.csv."""
    from genomask.analysis.motifs.consensus import read_printed
    from genomask.analysis.motifs.known import compare_known

    settings, k = run.config.motifs, run.config.ranking.k
    printed = read_printed(shipped("experiments/paper"))
    known = compare_known(directory, rankings, words, settings=settings, k=k, printed=printed)
    return {"consensus motifs": Count(len(settings.consensus)), **({"known motifs": Count(known)} if known else {})}


def rankings_identity(run: Context) -> Json:
    """What tells the rankings of this run from others: their artefacts, and the content of given files."""
    built = {mode: ranking_artefact(run.with_values(ranking={"mode": mode})).digest for mode in SCORERS}
    return {"rankings": built, "given": [sha256(path) for path in _given(run)]}


def read_rankings(run: Context) -> dict[str, Ranking]:
    """The genome's ranking in every mode, and those of the files that were given, by name."""
    rankings = {mode: load_ranking(run.with_values(ranking={"mode": mode})) for mode in SCORERS}
    for path in _given(run):
        given = read_ranking(path)
        require(given.k == run.config.ranking.k, str(path), f"{run.config.ranking.k}-mers", f"{given.k}-mers")
        rankings[path.as_posix() if path.stem in rankings else path.stem] = given
    return rankings


def _given(run: Context) -> list[Path]:
    paths = [Path(text).expanduser() for text in run.config.motifs.rankings]
    if missing := [str(path) for path in paths if not path.is_file()]:
        raise FileNotFoundError(f"motifs.rankings needs files; there is none at {missing[0]}.")
    return paths


def _ranking(run: Context) -> None:
    directory = build_known(run)
    say(f"\nKnown motifs in the rankings of {run.config.genome.label}: {directory}")
    say(f"  ranks of {len(run.config.motifs.consensus)} consensus motifs: {directory / 'consensus.csv'}")
    if not (directory / "enrichment.json").is_file():
        say("  motifs.jaspar=null: nothing was matched")
        return
    found = read_json(directory / "enrichment.json")
    for ranking, nulls in found["rankings"].items():
        if nulls:
            auc = nulls["matched"]["auc"]
            expected = f"{auc['expected']:.3f} expected of like composition (p {auc['p']:.2g})"
            say(f"  {ranking}: AUC of {found['known']} known k-mers {auc['observed']:.3f}, {expected}")
    say(f"  the best ranks, the vocabulary, and composition ignored: {directory / 'enrichment.json'}")


def _discovery(run: Context) -> None:
    from genomask.experiment.stages.motif_searches import build_discovered

    directory = build_discovered(run)
    found = read_json(directory / "motifs.json")
    say(f"\nMotifs of {found['benchmark']}, class {found['positive']}: {directory}")
    say(f"  searched {found['searched']} sequences, tested on {found['held_out']} others")
    _say_motifs(found)
    say(f"  logos: {directory / 'motifs-logos.pdf'}   ranks of their k-mers: {directory / 'ranks.csv'}")


def _learned(run: Context) -> None:
    from genomask.experiment.stages.motif_searches import METHODS, build_learned

    directory = build_learned(run)
    for method in METHODS:
        found = read_json(directory / f"{method}.json")
        say(f"\nMotifs that the classifier of {found['benchmark']} looks at, by {method}: {directory}")
        say(f"  {found['seqlets']} seqlets in {found['sequences']} test sequences of {found['positive']}")
        missed = found.get("unexplained", 0)
        if missed > UNEXPLAINED:
            say(f"  the gradients miss {missed:.0%} of the margins: raise motifs.steps", style="yellow")
        _say_motifs(found)
        say(f"  logos: {directory / f'{method}-logos.pdf'}")


def _say_motifs(found: dict[str, Any]) -> None:
    held = sorted((motif for motif in found["motifs"] if motif["holds"]), key=lambda motif: motif["q"])
    say(f"  {len(held)} motifs hold, of {len(found['motifs'])} found")
    for motif in held[:SHOWN]:
        best = motif["matches"][0] if motif["matches"] else None
        match = f"   {best['name']} {best['identifier']} (q {best['q']:.2g})" if best else ""
        shares = [f"{part / whole:.0%}" for part, whole in (motif["positives"], motif["negatives"])]
        say(f"    {motif['name']:<18} {shares[0]:>4} against {shares[1]:>4}, q {motif['q']:.1e}{match}")
    if "recovery" in found:
        truth = found["recovery"]
        precision = "none found" if truth["precision"] is None else f"{truth['precision']:.2f}"
        say(f"  planted motifs: recall {truth['recall']:.2f}, precision {precision}")


PARTS: Final[dict[str, Callable[[Context], None]]] = {"ranking": _ranking, "discovery": _discovery, "learned": _learned}
