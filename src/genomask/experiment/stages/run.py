"""Every stage by name, and where its code is; check a run, then run its stages."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, Literal, NamedTuple

from genomask.checks import require_choice
from genomask.experiment.stages.classifier import check_classifier, check_settings
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.motifs import check_motifs
from genomask.experiment.stages.pretrain import check_pretraining
from genomask.experiment.stages.strategy import check_strategy
from genomask.experiment.store.artefact import Artefact
from genomask.finetune.classifiers import uses_encoder
from genomask.models.initial import weight_bytes
from genomask.training.loggers import wandb_mode

CHECKPOINT_COPIES: Final = 7  # an encoder, and two checkpoints of weights and both moments of AdamW


class StageEntry(NamedTuple):
    """The module of a stage, imported when it runs as it may need an extra, and its functions; each takes the run.

    ``report`` builds what is missing and prints the result. ``artefact`` names what the stage builds; None where that
    is known only once other artefacts are there, so that the stage cannot be swept. ``check`` refuses unfit inputs.
    """

    module: str
    report: str
    artefact: str | None = None
    check: str | None = None

    def function(self, purpose: Literal["report", "artefact", "check"]) -> Callable[..., Any]:
        """Import the function for a purpose."""
        return getattr(import_module(f"genomask.experiment.stages.{self.module}"), getattr(self, purpose))


STAGES: Final = {
    "rank": StageEntry("rank", "report_ranking", "ranking_artefact"),
    "vocab": StageEntry("rank", "report_vocabulary", "vocabulary_artefact"),
    "pretrain": StageEntry("pretrain", "report_encoder", "encoder_artefact"),
    "finetune": StageEntry("classifier", "report_classifier", "classifier_artefact", check="check_classifier"),
    "embed": StageEntry("embed", "report_embeddings", "embedding_artefact", check="check_embeddings"),
    "leaks": StageEntry("task", "report_leaks", "leaks_artefact"),
    "motifs": StageEntry("motifs", "run_motifs"),
    "variants": StageEntry("variants", "report_variants"),
    "mutagenesis": StageEntry("mutagenesis", "report_mutagenesis"),
}


def check(run: Context) -> None:
    """Find what is wrong with a configuration before anything is built."""
    for stage in run.config.stage.run:
        require_choice(stage, "stage.run", tuple(STAGES))
    by_classes = ["motifs"] if set(run.config.motifs.parts) & {"discovery", "learned"} else []
    by_classes += [] if run.config.variants.classifiers else ["variants", "mutagenesis"]
    kind = getattr(run.config.task, "kind", "classes")
    for stage in run.config.stage.run:
        if stage in by_classes and kind != "classes":
            raise ValueError(f"stage={stage} needs a task of classes; found task.kind={kind}.")
    if _needs_an_encoder(run) and run.config.encoder is None:
        check_strategy(run)
        check_pretraining(run)
    if "finetune" in run.config.stage.run:
        check_settings(run)
    if run.config.logger.wandb != "never" and set(run.config.stage.run) & {"pretrain", "finetune"}:
        wandb_mode(run.config.logger)
    if "motifs" in run.config.stage.run:
        check_motifs(run)


def check_inputs(run: Context) -> None:
    """Read what the stages will read, and see that results can be written, before anything is trained."""
    entries = [STAGES[stage] for stage in run.config.stage.run]
    if all(entry.artefact is not None and run.store.has(entry.function("artefact")(run)) for entry in entries):
        return  # there is nothing to do
    wanted, needed = _needs_an_encoder(run), 0
    if wanted and run.config.encoder is None:
        copies = CHECKPOINT_COPIES + len(run.config.pretrain.keep)
        needed = copies * weight_bytes(run.config.model, run.config.tokens)
    run.store.check_room(needed)
    for entry in entries:
        if entry.check is not None:
            entry.function("check")(run)
    if wanted and set(run.config.stage.run) & {"motifs", "variants", "mutagenesis"}:
        check_classifier(run)


def run_stages(run: Context) -> None:
    """Check the configuration and the inputs, then run the stages; each builds what it needs."""
    check(run)
    if run.config.sweep.name is None:  # a sweep checks the inputs of all jobs at its start
        check_inputs(run)
    for stage in run.config.stage.run:
        STAGES[stage].function("report")(run)


def artefact_of(run: Context) -> Artefact:
    """What the last stage builds."""
    stage = run.config.stage.run[-1]
    if STAGES[stage].artefact is None:
        raise ValueError(f"stage={stage} cannot be swept: run it by itself, without -m.")
    return STAGES[stage].function("artefact")(run)


def _needs_an_encoder(run: Context) -> bool:
    """Whether the stages read an encoder."""
    stages = set(run.config.stage.run)
    fine_tunes = "finetune" in stages and uses_encoder(run.config.classifier)
    scores = stages & {"variants", "mutagenesis"} and run.config.variants.classifiers is None
    motifs = run.config.motifs
    explains = "motifs" in stages and "learned" in motifs.parts and motifs.classifier is None
    return bool(stages & {"pretrain", "embed"} or fine_tunes or scores or explains)
