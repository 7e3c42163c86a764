"""The classifier that is asked for: a fine-tuned encoder, or a baseline on the same episode."""

from pathlib import Path

from genomask.baselines.settings import EncoderClassifier
from genomask.stages.context import Context
from genomask.store.artefact import Artefact


def uses_encoder(run: Context) -> bool:
    """Whether the classifier is fine-tuned from an encoder; a baseline needs neither encoder nor genome."""
    return isinstance(run.config.classifier, EncoderClassifier)


def classifier_artefact(run: Context) -> Artefact:
    """What the run's score is kept in; its directory holds ``result.json`` and ``probabilities.npy``."""
    if uses_encoder(run):
        from genomask.stages.finetune import finetune_artefact

        return finetune_artefact(run)
    from genomask.stages.baseline import baseline_artefact

    return baseline_artefact(run)


def build_classifier(run: Context) -> Path:
    """Train and evaluate, if that has not been done yet."""
    if uses_encoder(run):
        from genomask.stages.finetune import build_finetune

        return build_finetune(run)
    from genomask.stages.baseline import build_baseline

    return build_baseline(run)
