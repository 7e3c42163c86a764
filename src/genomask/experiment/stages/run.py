"""Run the stages that are asked for, whatever they build, and check them before."""

from importlib import import_module
from typing import Any, NamedTuple

from genomask.analysis.variants.settings import check_variants
from genomask.experiment.stages.classifier import uses_encoder
from genomask.experiment.stages.context import Context
from genomask.experiment.store.artefact import Artefact


class Stage(NamedTuple):
    """What a stage does, by name: its module is imported when asked for, as most bring PyTorch along.

    ``report`` builds what is missing and prints what came out. ``artefact`` names what it builds; None where
    that is known only once other artefacts are there.
    """

    module: str
    report: str
    artefact: str | None


STAGES = {
    "rank": Stage("rank", "report_ranking", "ranking_artefact"),
    "vocab": Stage("rank", "report_vocabulary", "vocabulary_artefact"),
    "pretrain": Stage("pretrain", "report_encoder", "encoder_artefact"),
    "finetune": Stage("classifier", "report_classifier", "classifier_artefact"),
    "leaks": Stage("leaks", "report_leaks", "leaks_artefact"),
    "motifs": Stage("motifs", "run_motifs", None),
    "variants": Stage("variants", "report_variants", None),
    "mutagenesis": Stage("mutagenesis", "report_mutagenesis", None),
}


def check(run: Context) -> None:
    """Find what is wrong with a configuration before anything is built.

    Raises:
        ValueError: If the masking strategy refuses its settings, or a stage lacks its input or a package.
    """
    for stage in set(run.config.stage.run) & {"variants", "mutagenesis"}:
        check_variants(run.config.variants, stage)
    if _trains_an_encoder(run):
        from genomask.experiment.stages.strategy import check_strategy

        check_strategy(run)
    if "motifs" in run.config.stage.run:
        from genomask.experiment.stages.motifs import check_motifs

        check_motifs(run)


def run_stages(run: Context) -> None:
    """Check the configuration, then build whatever the stages asked for need."""
    check(run)
    for stage in run.config.stage.run:
        _function(STAGES[stage].module, STAGES[stage].report)(run)


def artefact_of(run: Context) -> Artefact:
    """What the last of the stages asked for builds.

    Raises:
        ValueError: If that cannot be named before other artefacts are built, as a sweep's plan must.
    """
    stage = run.config.stage.run[-1]
    name = STAGES[stage].artefact
    if name is None:
        raise ValueError(f"stage={stage} cannot be swept: run it by itself, without -m.")
    return _function(STAGES[stage].module, name)(run)


def _trains_an_encoder(run: Context) -> bool:
    """Whether an encoder may have to be trained for what is asked."""
    asked = set(run.config.stage.run)
    fine_tunes = "finetune" in asked and uses_encoder(run)
    scores = asked & {"variants", "mutagenesis"} and run.config.variants.classifiers is None
    motifs = run.config.motifs
    explains = "motifs" in asked and "learned" in motifs.parts and motifs.classifier is None
    return bool("pretrain" in asked or fine_tunes or scores or explains)


def _function(module: str, name: str) -> Any:
    return getattr(import_module(f"genomask.experiment.stages.{module}"), name)
