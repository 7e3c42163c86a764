"""Stage ``variants``: from a VCF to scores, their agreement (Fig. 2), and what ClinVar says of them."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from genomask.analysis.figure_style import save
from genomask.analysis.variants.alleles import WindowSettings
from genomask.analysis.variants.comparison import (
    CLASSES,
    Overlap,
    Separation,
    overlap_figure,
    overlaps,
    separation,
)
from genomask.analysis.variants.score_vcf import (
    Scoring,
    check_header,
    join,
    read_rows,
    score_vcf,
    summarise,
    write_vcf,
)
from genomask.console import say
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.rank import build_genome, genome_artefact
from genomask.experiment.stages.saved_classifiers import ClassifierSet, open_classifiers, windows_at_once
from genomask.experiment.store.artefact import Artefact, Count
from genomask.files import read_json, write_csv, write_json
from genomask.genome.encoded import open_genome
from genomask.genome.vcf import VcfSummary, survey

SCORES_FORMAT = 2  # raised when the code would write other scores
OVERLAP_FORMAT = CLINVAR_FORMAT = 1
PARTS = "parts"


def report_variants(run: Context) -> None:
    """Build everything that the VCF and the classifiers allow, and say what came out."""
    settings = run.config.variants
    assert settings.vcf
    vcf, classifiers = survey(Path(settings.vcf)), open_classifiers(run)
    names = list(classifiers.positives)
    check_header(vcf, classifiers.positives, Path(settings.vcf))
    artefact = scores_artefact(run, classifiers, vcf)
    directory = run.store.build(
        artefact,
        partial(_score, run, classifiers, vcf),
        needs=lambda: [build_genome(run)],
        resume_from="*",
    )
    summary = read_json(directory / "summary.json")
    say(f"\n{summary['alleles']:,} alleles of {settings.vcf}, windows of {classifiers.length} bases")
    refused = sum(summary["not_scored"].values())
    say(f"  {summary['scored']:,} scored by {', '.join(names)}, {refused:,} not scored")
    for why, number in summary["not_scored"].items():
        say(f"    {number:,} not scored: {why}, such as {summary['first_not_scored'][why]}")
    say(f"  {directory / 'scores.parquet'}\n  {directory / 'scored.vcf.gz'}")
    if len(names) > 1 and summary["scored"]:
        say(f"  agreement at the top (Fig. 2): {build_overlap(run, artefact, names) / 'overlap.csv'}")
    if summary["with_significance"]:
        say(f"  pathogenic against benign: {build_clinvar(run, artefact, names) / 'clinvar.csv'}")


def scores_artefact(run: Context, classifiers: ClassifierSet, vcf: VcfSummary) -> Artefact:
    """The scores, identified by the text of the VCF, the genome, the classifiers, and what a window is.

    The directory holds ``scores.parquet``, ``scored.vcf.gz`` (with ``.tbi`` if the VCF is in order) and
    ``summary.json``; a scoring that was interrupted goes on.
    """
    settings = run.config.variants
    assert settings.vcf
    stem = Path(settings.vcf).name.removesuffix(".gz").removesuffix(".bgz").removesuffix(".vcf")
    names = ("position", "indels", "strands", "max_unknown")
    shaping = {
        "format": SCORES_FORMAT,
        "vcf": vcf.sha256,
        "classifiers": classifiers.identity,
        "length": classifiers.length,
        **{name: getattr(settings, name) for name in names},
    }
    return Artefact("variants", f"{stem}-{classifiers.length}bp", shaping, (genome_artefact(run),))


def build_overlap(run: Context, source: Artefact, names: list[str]) -> Path:
    """Compare the score lists at the top; the directory holds ``overlap.csv`` and Figure 2."""
    settings = run.config.variants
    shaping = _comparing(run, "top", "reference") | {"format": OVERLAP_FORMAT}

    def build(directory: Path) -> None:
        lists = _lists(run, run.store.path(source), names)
        found = overlaps(
            {name: score for name, (score, _) in lists.items()},
            reference=settings.reference,
            tops=settings.top,
            resamples=settings.resamples,
            seed=settings.seed,
        )
        write_csv(directory / "overlap.csv", Overlap._fields, map(_cells, found))
        save(overlap_figure(found), directory / "overlap")

    return run.store.build(Artefact("overlap", source.label, shaping, (source,)), build)


def build_clinvar(run: Context, source: Artefact, names: list[str]) -> Path:
    """Tell pathogenic from benign alleles by their scores; the directory holds ``clinvar.csv``."""
    settings, shaping = run.config.variants, _comparing(run) | {"format": CLINVAR_FORMAT}

    def build(directory: Path) -> None:
        found = []
        for name, (score, rows) in _lists(run, run.store.path(source), names).items():
            said = rows["significance"]
            for kind in CLASSES:
                chosen = (said != "") & ((rows["class"] == kind) | (kind == "all"))
                found.append(
                    separation(
                        score[chosen],
                        said[chosen] == "pathogenic",
                        classifier=name,
                        variant_class=kind,
                        resamples=settings.resamples,
                        seed=settings.seed,
                    )
                )
        write_csv(directory / "clinvar.csv", Separation._fields, map(_cells, found))

    return run.store.build(Artefact("clinvar", source.label, shaping, (source,)), build)


def _score(
    run: Context, classifiers: ClassifierSet, vcf: VcfSummary, directory: Path, genome: Path
) -> dict[str, Count]:
    settings, parts = run.config.variants, directory / PARTS
    source = Path(settings.vcf or "")
    parts.mkdir(exist_ok=True)
    windows = WindowSettings(
        length=classifiers.length,
        position=settings.position,
        grow=settings.indels == "grow",
        max_unknown=settings.max_unknown,
        shortest=classifiers.shortest,
        longest=classifiers.longest,
    )
    both = settings.strands == "both"
    scoring = Scoring(open_genome(genome), classifiers.predictors, windows, windows_at_once(run), both)
    finished = score_vcf(source, vcf.record_count, parts, scoring)
    scored = directory / "scores.parquet"
    join(finished, scored, list(classifiers.positives))
    write_vcf(directory / "scored.vcf.gz", source, vcf, read_rows(scored), classifiers.positives)
    summary = summarise(scored)
    write_json(directory / "summary.json", {"records": vcf.record_count} | summary)
    shutil.rmtree(parts)
    return {"alleles": Count(summary["alleles"], summary["scored"], summary["not_scored"])}


def _cells(row: tuple[Any, ...]) -> list[Any]:
    return [f"{value:.6g}" if isinstance(value, float) else value for value in row]


def _comparing(run: Context, *more: str) -> dict[str, Any]:
    return {name: getattr(run.config.variants, name) for name in ("score", "signed", "resamples", "seed", *more)}


def _lists(run: Context, directory: Path, names: list[str]) -> dict[str, tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Scores of the scored alleles by classifier, with their class and significance ('' where none)."""
    settings = run.config.variants
    columns = ["class", "significance", *(f"{name}_{settings.score}" for name in names)]
    table = pq.read_table(directory / "scores.parquet", columns=columns)
    table = table.filter(table[columns[-1]].is_valid())
    rows = {name: np.array([value or "" for value in table[name].to_pylist()], dtype=str) for name in columns[:2]}
    values = {name: table[f"{name}_{settings.score}"].to_numpy() for name in names}
    return {name: (value if settings.signed else np.abs(value), rows) for name, value in values.items()}
