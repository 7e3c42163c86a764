"""Stage ``motifs``: build its parts, and say in a few lines what came out and where it is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from genomask.checks import require, require_packages
from genomask.console import say
from genomask.experiment.stages.context import Context
from genomask.models.settings import ModernBertSettings

SHOWN = 8  # motifs that are printed
UNEXPLAINED = 0.1  # share of the margins from which gradients are not to be relied on


def check_motifs(run: Context) -> None:
    """Find what is missing, and a model that cannot be explained, before anything is built."""
    settings, model = run.config.motifs, run.config.model
    matching = () if settings.jaspar is None else ("pyjaspar", "memelite")
    require_packages("stage=motifs", "logomaker", "matplotlib", *matching, extra="motifs")
    trains = "learned" in settings.parts and settings.classifier is None
    fits = not (trains and isinstance(model, ModernBertSettings))
    require(fits, "motifs.parts=[learned]", "a BERT, whose embeddings it interpolates", f"model={model.name}")


def run_motifs(run: Context) -> None:
    """Build every part that is asked for, and print its summary."""
    for part in run.config.motifs.parts:
        PARTS[part](run)


def _ranking(run: Context) -> None:
    from genomask.experiment.stages.known_motifs import build_known

    directory = build_known(run)
    say(f"\nKnown motifs in the rankings of {run.config.genome.label}: {directory}")
    say(f"  ranks of {len(run.config.motifs.consensus)} consensus motifs: {directory / 'consensus.csv'}")
    if not (directory / "enrichment.json").is_file():
        say("  motifs.jaspar=null: nothing was matched")
        return
    found = _read(directory / "enrichment.json")
    for ranking, definitions in found["rankings"].items():
        for definition, nulls in definitions.items():
            say(f"  {ranking}, {definition} ({nulls['matched']['known']} known): {_effects(nulls)}")
    words = found["vocabulary"]
    for definition in (name for name in words if name != "words"):
        tested = words[definition]["matched"]
        say(
            f"  vocabulary, {definition}: {tested['observed']:.0f} of {words['words']} words are known, "
            f"{tested['expected']:.1f} expected (p {tested['p']:.2g})"
        )


def _effects(nulls: dict[str, Any]) -> str:
    matched, plain = nulls["matched"], nulls["unmatched"]
    tops = ", ".join(
        f"{tested['observed']:.0f} of the best {n}, {tested['expected']:.1f} expected (p {tested['p']:.2g})"
        for n, tested in matched["top"].items()
    )
    auc = matched["auc"]
    return (
        f"AUC {auc['observed']:.3f}, {auc['expected']:.3f} expected of like composition (p {auc['p']:.2g}; "
        f"{plain['auc']['p']:.2g} if composition is ignored); {tops}"
    )


def _discovery(run: Context) -> None:
    from genomask.experiment.stages.discovered_motifs import build_discovered

    directory = build_discovered(run)
    found = _read(directory / "motifs.json")
    say(f"\nMotifs of {found['benchmark']}, class {found['positive']}: {directory}")
    say(f"  searched {found['searched']} sequences, tested on {found['held_out']} others")
    _say_motifs(found)
    say(f"  logos: {directory / 'motifs-logos.pdf'}   ranks of their k-mers: {directory / 'ranks.csv'}")


def _learned(run: Context) -> None:
    from genomask.experiment.stages.learned_motifs import METHODS, build_learned

    directory = build_learned(run)
    for method in METHODS:
        found = _read(directory / f"{method}.json")
        say(f"\nMotifs that the classifier of {found['benchmark']} looks at, by {method}: {directory}")
        say(f"  {found['seqlets']} seqlets in {found['sequences']} test sequences of {found['positive']}")
        if found.get("unexplained", 0) > UNEXPLAINED:
            say(
                f"  the gradients miss {found['unexplained']:.0%} of the margins: raise motifs.steps",
                style="yellow",
            )
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
        shares = f"recall {truth['recall']:.2f}, precision {precision} (chance {truth['chance']:.2f})"
        say(f"  planted motifs: {shares}")


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


PARTS: dict[str, Callable[[Context], None]] = {
    "ranking": _ranking,
    "discovery": _discovery,
    "learned": _learned,
}
