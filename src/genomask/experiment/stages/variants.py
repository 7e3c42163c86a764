"""Stage ``variants``: from a VCF to scores, their agreement (Fig. 2), and what ClinVar says of them."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from genomask.analysis.figure_style import save
from genomask.analysis.variants import score_vcf
from genomask.analysis.variants.alleles import WindowSettings
from genomask.analysis.variants.comparison import CLASSES, Overlap, Separation, overlap_figure, overlaps, separation
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
Lists = dict[str, np.ndarray]


def report_variants(run: Context) -> None:
    """Build everything that the VCF and the classifiers allow, and say what came out."""
    settings = run.config.variants
    assert settings.vcf
    vcf, classifiers = survey(Path(settings.vcf)), open_classifiers(run)
    names = list(classifiers.positives)
    score_vcf.check_header(vcf, classifiers.positives, Path(settings.vcf))
    artefact, score = scores_artefact(run, classifiers, vcf), partial(_score, run, classifiers, vcf)
    directory = run.store.build(artefact, score, needs=lambda: [build_genome(run)], resume_from="*")
    summary = read_json(directory / "summary.json")
    say(f"\n{summary['alleles']:,} alleles of {settings.vcf}, windows of {classifiers.length} bases")
    refused = sum(summary["not_scored"].values())
    say(f"  {summary['scored']:,} scored by {', '.join(names)}, {refused:,} not scored")
    for why, number in summary["not_scored"].items():
        say(f"    {number:,} not scored: {why}, such as {summary['first_not_scored'][why]}")
    say(f"  {directory / 'scores.parquet'}\n  {directory / 'scored.vcf.gz'}")
    compared = partial(_build_comparison, run, artefact, names)
    if len(names) > 1 and summary["scored"]:
        folder = compared("overlap", _overlap, format=OVERLAP_FORMAT, top=settings.top, reference=settings.reference)
        say(f"  agreement at the top (Fig. 2): {folder / 'overlap.csv'}")
    if summary["with_significance"]:
        say(f"  pathogenic against benign: {compared('clinvar', _clinvar, format=CLINVAR_FORMAT) / 'clinvar.csv'}")


def scores_artefact(run: Context, classifiers: ClassifierSet, vcf: VcfSummary) -> Artefact:
    """The scores, identified by the text of the VCF, the genome, the classifiers, and what a window is. The
    directory holds ``scores.parquet``, ``scored.vcf.gz`` (with ``.tbi`` if the VCF is in order) and
    ``summary.json``; a scoring that was interrupted goes on."""
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
    scoring = score_vcf.Scoring(open_genome(genome), classifiers.predictors, windows, windows_at_once(run), both)
    finished = score_vcf.score_vcf(source, vcf.record_count, parts, scoring)
    scored = directory / "scores.parquet"
    score_vcf.join(finished, scored, list(classifiers.positives))
    score_vcf.write_vcf(directory / "scored.vcf.gz", source, vcf, score_vcf.read_rows(scored), classifiers.positives)
    summary = score_vcf.summarise(scored)
    write_json(directory / "summary.json", {"records": vcf.record_count} | summary)
    shutil.rmtree(parts)
    return {"alleles": Count(summary["alleles"], summary["not_scored"])}


def _build_comparison(
    run: Context, source: Artefact, names: list[str], kind: str, write: Callable[..., None], **shaping: Any
) -> Path:
    """Compare the scored alleles by their scores, classes and significance ('' where none)."""
    settings = run.config.variants
    shaping |= {name: getattr(settings, name) for name in ("score", "signed", "resamples", "seed")}

    def build(directory: Path) -> None:
        columns = ["class", "significance", *(f"{name}_{settings.score}" for name in names)]
        table = pq.read_table(run.store.path(source) / "scores.parquet", columns=columns)
        table = table.filter(table[columns[-1]].is_valid())
        rows = {name: np.array([value or "" for value in table[name].to_pylist()], dtype=str) for name in columns[:2]}
        values = {name: table[f"{name}_{settings.score}"].to_numpy() for name in names}
        write(run, directory, {name: v if settings.signed else np.abs(v) for name, v in values.items()}, rows)

    return run.store.build(Artefact(kind, source.label, shaping, (source,)), build)


def _overlap(run: Context, directory: Path, lists: Lists, _: Lists) -> None:
    """Compare the score lists at the top: ``overlap.csv`` and Figure 2."""
    settings = run.config.variants
    drawn = {"resamples": settings.resamples, "seed": settings.seed}
    found = overlaps(lists, reference=settings.reference, tops=settings.top, **drawn)
    write_csv(directory / "overlap.csv", Overlap._fields, map(_cells, found))
    save(overlap_figure(found), directory / "overlap")


def _clinvar(run: Context, directory: Path, lists: Lists, rows: Lists) -> None:
    """Tell pathogenic from benign alleles by their scores: ``clinvar.csv``."""
    said, found = rows["significance"], []
    drawn = {"resamples": run.config.variants.resamples, "seed": run.config.variants.seed}
    for name, score in lists.items():
        for kind in CLASSES:
            chosen = (said != "") & ((rows["class"] == kind) | (kind == "all"))
            pathogenic = said[chosen] == "pathogenic"
            found.append(separation(score[chosen], pathogenic, classifier=name, variant_class=kind, **drawn))
    write_csv(directory / "clinvar.csv", Separation._fields, map(_cells, found))


def _cells(row: tuple[Any, ...]) -> list[Any]:
    return [f"{value:.6g}" if isinstance(value, float) else value for value in row]
