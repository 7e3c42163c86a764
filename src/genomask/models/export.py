"""Model folders that Hugging Face's Auto classes open offline, without custom code: encoders and classifiers."""

from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import copymode
from typing import Any, Final, Literal, NamedTuple

from huggingface_hub.errors import StrictDataclassError
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
    PreTrainedModel,
)
from transformers.activations import ACT2FN

from genomask.alphabet import PAD
from genomask.checks import one_line, require
from genomask.files import read_object, written
from genomask.models.architectures import LOADING_ERRORS, load_foreign, longest_input, read_foreign_config
from genomask.models.checkpoint import fill, read_weights, weights_file
from genomask.models.settings import CLASSIFIER
from genomask.tokens.base import Tokens
from genomask.tokens.files import open_tokens, save_tokens

SIZES: Final = {  # by the shape of a weight
    "vocab_size": ("embeddings.word_embeddings.weight", 0),
    "hidden_size": ("embeddings.word_embeddings.weight", 1),
    "max_position_embeddings": ("embeddings.position_embeddings.weight", 0),
    "type_vocab_size": ("embeddings.token_type_embeddings.weight", 0),
    "intermediate_size": ("encoder.layer.0.intermediate.dense.weight", 0),
}
PROBLEM_TYPES: Final[Mapping[str, Literal["multi_label_classification", "regression"]]] = {
    "multilabel": "multi_label_classification",
    "regression": "regression",
}  # Hugging Face's name of a task's kind; none for classes


def _is_number(value: Any, most: float) -> bool:
    return type(value) in (int, float) and 0 <= value < most


def _names_classes(labels: Any) -> bool:
    named = isinstance(labels, dict) and all(isinstance(name, str) for name in labels.values())
    return named and sorted(labels, key=str) == sorted(map(str, range(len(labels))))


SHARE: Final = ("a number from 0 and below 1", lambda value: _is_number(value, 1.0))
POSITIVE: Final = ("a number above 0", lambda value: _is_number(value, 1e6) and value > 0)
NUMBERS: Final = {
    **dict.fromkeys(("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"), SHARE),
    **dict.fromkeys(("layer_norm_eps", "initializer_range"), POSITIVE),
}
PROBLEMS: Final = ("single_label_classification", *PROBLEM_TYPES.values())
NEEDS: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {  # beyond types, which transformers checks
    **NUMBERS,
    "hidden_act": ("an activation", lambda name: str(name) in ACT2FN),
    "pad_token_id": (str(int(PAD)), lambda token: str(token) == str(PAD)),
    "is_decoder": ("false", lambda value: value is False),
    "add_cross_attention": ("false", lambda value: value is False),
    "architectures": ("a list of names", lambda v: isinstance(v, list) and all(isinstance(name, str) for name in v)),
    "id2label": ("a name for each of the classes 0, 1, ...", _names_classes),
    "problem_type": (f"one of {', '.join(PROBLEMS)}, or null", lambda name: name in PROBLEMS),
}


def export_encoder(
    model: PreTrainedModel, directory: Path, tokens: Tokens, state: Mapping[str, Tensor] | None = None
) -> None:
    """Write a model with its head and its tokens into a folder; ``state`` is the whole of its weights, if sharded."""
    tied = model.all_tied_weights_keys  # the MLM decoder's, which are written once, as token embeddings
    every = model.state_dict() if state is None else state
    weights = {name: weight for name, weight in every.items() if name not in tied}
    with written(directory / "model.safetensors", SafetensorError):
        save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})
    model.config.architectures = [type(model).__name__.removeprefix("FSDP")]  # which sharding adds
    model.config.to_json_file(directory / "config.json", use_diff=False)
    copymode(directory / "config.json", directory / "model.safetensors")  # safetensors' own is 0600
    save_tokens(tokens, directory, max_tokens=longest_input(model.config))


def is_bert(directory: Path) -> bool:
    """Whether a model folder holds a BERT, whose config.json, as DNABERT's, need not say so."""
    weights_file(directory)
    return read_object(directory / "config.json").get("model_type", "bert") == "bert"


def read_config(file: Path, weights: Mapping[str, Tensor], *, prefix: str = "") -> BertConfig:
    """Read the configuration of a BERT, and hold it against the weights beside it, whose names begin with ``prefix``.

    Sizes that are not those of the weights are refused before a module of these sizes is made, so that no file asks for
    more memory than it fills. Whatever is not named above has Hugging Face's default.

    Raises:
        ValueError: Naming the file, and the key if its value is not what it must be.
    """
    every, start = read_object(file), f"{prefix}encoder.layer."
    known = (*SIZES, *NEEDS, "num_hidden_layers", "num_attention_heads")
    found = {name: every[name] for name in known if every.get(name) is not None}
    sizes = {"num_hidden_layers": len({name[len(start) :].split(".")[0] for name in weights if name.startswith(start)})}
    for size, (name, axis) in SIZES.items():
        weight = weights.get(prefix + name)
        sizes[size] = weight.shape[axis] if weight is not None and weight.ndim == 2 else 0
    for name, size in sizes.items():
        value = found.get(name)
        require(type(value) is int and value == size > 0, f"{name} in {file}", f"the weights' {size}", value)
    heads, hidden = found.get("num_attention_heads"), found["hidden_size"]
    divides = type(heads) is int and heads > 0 and hidden % heads == 0
    require(divides, f"num_attention_heads in {file}", f"a divisor of {hidden}", heads)
    for name, (needed, fits) in NEEDS.items():
        require(name not in found or fits(found[name]), f"{name} in {file}", needed, found.get(name))
    found |= {name: float(found[name]) for name in NUMBERS if name in found}  # 0 for 0.0 is no mistake
    if "id2label" in found:
        found["id2label"] = {int(label): name for label, name in found["id2label"].items()}
    try:
        return BertConfig(**found)
    except (*LOADING_ERRORS, StrictDataclassError) as error:
        raise ValueError(f"{file}: {one_line(str(error))}") from error


class Classifier(NamedTuple):
    """A classifier that is ready to predict; ``kind`` is its task's: ``classes``, ``multilabel`` or ``regression``."""

    model: PreTrainedModel
    classes: tuple[str, ...]
    tokens: Tokens
    kind: str = "classes"

    @property
    def shortest(self) -> int:
        return self.tokens.shortest

    @property
    def longest(self) -> int:
        return self.tokens.longest(longest_input(self.model.config))


def predictions(logits: Float[Tensor, "rows classes"], kind: str) -> Float[Tensor, "rows classes"]:
    """What logits say: probabilities of classes (softmax) or of labels (sigmoid), or the values of a regression."""
    if kind == "regression":
        return logits
    return logits.sigmoid() if kind == "multilabel" else logits.softmax(dim=1)


def classifier_folder(name: str | Path) -> Path:
    """The folder of a classifier; a fine-tuning's own folder stands for the model in it, if it has kept one."""
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
    """Open what ``finetune.save_model=true`` left; ValueError unless it is one of classes, or of ``any_kind``."""
    weights = read_weights(directory) if is_bert(directory) else {}
    file = directory / "config.json"
    config = read_config(file, weights, prefix="bert.") if weights else read_foreign_config(directory)
    named = (config.architectures or ["nothing"])[0]
    ending = f"{'Bert' if weights else ''}ForSequenceClassification"
    require(named.endswith(ending), str(directory), f"a {ending} (finetune.save_model=true keeps one)", named)
    if isinstance(config, BertConfig) and weights:
        model: PreTrainedModel = BertForSequenceClassification(config)
        fill(model, weights, directory)
    else:
        model = load_foreign(directory, AutoModelForSequenceClassification)
    tokens = open_tokens(directory, vocabulary=config.vocab_size)
    classes = tuple(str(name) for _, name in sorted((model.config.id2label or {}).items()))
    kind = next((kind for kind, name in PROBLEM_TYPES.items() if name == config.problem_type), "classes")
    require(any_kind or kind == "classes", str(directory), "a classifier of classes", f"one of task.kind={kind}")
    return Classifier(model.eval(), classes, tokens, kind)
