"""A fine-tuned classifier as it lies on disk: weights, the names of its classes, and its k."""

from pathlib import Path
from typing import NamedTuple

from transformers import BertForSequenceClassification

from genomask.alphabet import vocabulary_size
from genomask.checks import require
from genomask.models.checkpoint import fill, read_weights
from genomask.models.config_file import read_config

LONGEST_K = 10


class Classifier(NamedTuple):
    """A classifier that is ready to predict, and what its outputs and its inputs are."""

    model: BertForSequenceClassification
    classes: tuple[str, ...]
    k: int

    @property
    def longest(self) -> int:
        """Bases of the longest sequence that the model takes."""
        return self.model.config.max_position_embeddings - 2 + self.k - 1


def open_classifier(directory: Path) -> Classifier:
    """Open what a fine-tuning with ``finetune.save_model=true`` left in its folder ``model``.

    Raises:
        FileNotFoundError: If the folder or a file of it is missing.
        ValueError: If the folder holds another kind of model.
    """
    weights = read_weights(directory)
    config = read_config(directory / "config.json", weights, prefix="bert.")
    kind = (config.architectures or ["nothing"])[0]
    needed = BertForSequenceClassification.__name__
    require(kind == needed, str(directory), f"a {needed} (finetune.save_model=true keeps one)", kind)
    model = BertForSequenceClassification(config)
    fill(model, weights, directory)
    sizes = {vocabulary_size(k): k for k in range(1, LONGEST_K + 1)}
    require(config.vocab_size in sizes, str(directory), "a vocabulary of k-mers", config.vocab_size)
    names = config.id2label or {}
    classes = tuple(str(name) for _, name in sorted(names.items()))
    return Classifier(model.eval(), classes, sizes[config.vocab_size])
