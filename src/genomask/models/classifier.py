"""A fine-tuned classifier as it lies on disk: weights, the names of its classes, and its tokens."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple

from jaxtyping import Float
from torch import Tensor
from transformers import (
    AutoModelForSequenceClassification,
    BertForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
)

from genomask.checks import require
from genomask.files import read_object
from genomask.models.architectures import load_foreign, longest_input, read_foreign_config
from genomask.models.checkpoint import fill, read_weights
from genomask.models.config_file import read_config
from genomask.models.export import is_bert
from genomask.models.settings import CLASSIFIER
from genomask.tokens.base import Tokens
from genomask.tokens.files import open_tokens

PROBLEM_TYPES: Final[
    Mapping[str, Literal["multi_label_classification", "regression"]]
] = {  # Hugging Face's name of a task's kind; none for classes
    "multilabel": "multi_label_classification",
    "regression": "regression",
}


class Classifier(NamedTuple):
    """A classifier that is ready to predict, and what its outputs and its inputs are.

    ``kind`` is that of the task that it was trained on: ``classes``, ``multilabel`` or ``regression``.
    """

    model: PreTrainedModel
    classes: tuple[str, ...]
    tokens: Tokens
    kind: str = "classes"

    @property
    def shortest(self) -> int:
        """Bases of the shortest sequence that has a token."""
        return self.tokens.shortest

    @property
    def longest(self) -> int:
        """Bases of the longest sequence that the model takes."""
        return self.tokens.longest(longest_input(self.model.config))


def predictions(logits: Float[Tensor, "rows classes"], kind: str) -> Float[Tensor, "rows classes"]:
    """What logits say: probabilities of classes (softmax) or of labels (sigmoid), or the values of a regression."""
    if kind == "regression":
        return logits
    return logits.sigmoid() if kind == "multilabel" else logits.softmax(dim=1)


def classifier_folder(name: str | Path) -> Path:
    """The folder of a classifier; a fine-tuning's own folder stands for the model in it.

    Raises:
        FileNotFoundError: If there is no such folder, or the fine-tuning kept no classifier.
    """
    folder = Path(name).expanduser()
    inner, result = folder / CLASSIFIER, folder / "result.json"
    if not folder.is_dir():
        raise FileNotFoundError(f"A classifier needs the folder of a fine-tuning; there is none at {folder}.")
    if not result.is_file() or inner.is_dir():
        return inner if inner.is_dir() else folder
    kind = read_object(result).get("classifier", "encoder")
    if kind != "encoder":
        raise FileNotFoundError(
            f"{folder} is a baseline ({kind}), which is scored, not kept: only fine-tuned encoders predict."
        )
    raise FileNotFoundError(
        f"{folder} kept no classifier. Fine-tune again with finetune.save_model=true, to the same score."
    )


def open_classifier(directory: Path, *, any_kind: bool = False) -> Classifier:
    """Open what a fine-tuning with ``finetune.save_model=true`` left in its folder ``model``.

    Args:
        directory: The folder.
        any_kind: Whether what learned numbers or several labels is taken, too.

    Raises:
        FileNotFoundError: If the folder or a file of it is missing.
        ValueError: If the folder holds another kind of model.
    """
    if is_bert(directory):
        weights = read_weights(directory)
        config = read_config(directory / "config.json", weights, prefix="bert.")
        _check_kind(directory, config, BertForSequenceClassification.__name__)
        model: PreTrainedModel = BertForSequenceClassification(config)
        fill(model, weights, directory)
    else:
        _check_kind(directory, read_foreign_config(directory), "ForSequenceClassification")
        model = load_foreign(directory, AutoModelForSequenceClassification)
        config = model.config
    tokens = open_tokens(directory, vocabulary=config.vocab_size)
    names = config.id2label or {}
    classes = tuple(str(name) for _, name in sorted(names.items()))
    kind = next((kind for kind, name in PROBLEM_TYPES.items() if name == config.problem_type), "classes")
    require(any_kind or kind == "classes", str(directory), "a classifier of classes", f"one of task.kind={kind}")
    return Classifier(model.eval(), classes, tokens, kind)


def _check_kind(directory: Path, config: PreTrainedConfig, ending: str) -> None:
    kind = (config.architectures or ["nothing"])[0]
    require(kind.endswith(ending), str(directory), f"a {ending} (finetune.save_model=true keeps one)", kind)
