"""Every stage by name, and where its code is: imported only when it runs, as most bring PyTorch along."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, Literal, NamedTuple


class StageEntry(NamedTuple):
    """The module of a stage below ``genomask.experiment.stages``, and its functions; each takes the run.

    ``report`` builds what is missing and prints the result. ``artefact`` names what the stage builds; None where that
    is known only once other artefacts are there, so that the stage cannot be swept. ``check`` reads the stage's inputs
    and refuses those that it could not use, before anything is trained.
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
    "leaks": StageEntry("leaks", "report_leaks", "leaks_artefact"),
    "motifs": StageEntry("motifs", "run_motifs"),
    "variants": StageEntry("variants", "report_variants"),
    "mutagenesis": StageEntry("mutagenesis", "report_mutagenesis"),
}
