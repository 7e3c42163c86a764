"""The config.json of a model folder: what is used of it is checked, what is not is left unread."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from torch import Tensor
from transformers import BertConfig
from transformers.activations import ACT2FN

from genomask.alphabet import PAD
from genomask.checks import require
from genomask.files import read_object


class Field(NamedTuple):
    """What a value must be: in words, and as a test of it. ``default`` stands where the file has none."""

    needed: str
    fits: Callable[[Any], bool]
    default: Any = None


def read_config(file: Path, weights: Mapping[str, Tensor], *, prefix: str = "") -> BertConfig:
    """Read the configuration of a BERT, and hold it against the weights that lie beside it.

    Sizes that are not those of the weights are refused before a module of these sizes is made, so that no
    file asks for more memory than it fills. Whatever is not in ``FIELDS`` has Hugging Face's default.

    Args:
        file: The config.json.
        weights: Named tensors of the model.
        prefix: What the names of the encoder's weights begin with.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: Naming the file and the key, if a value is not what it must be.
    """
    found = read_object(file)
    for name, field in FIELDS.items():
        value = found.get(name, field.default)
        require(field.fits(value), f"{name} in {file}", field.needed, value)
    for name, size in _sizes(weights, prefix).items():
        require(found[name] == size, f"{name} in {file}", f"the weights' {size}", found[name])
    heads, hidden = found["num_attention_heads"], found["hidden_size"]
    require(hidden % heads == 0, f"num_attention_heads in {file}", f"a divisor of {hidden}", heads)
    kept = {name: found[name] for name in FIELDS if found.get(name) is not None}
    kept |= {name: float(kept[name]) for name in NUMBERS if name in kept}  # 0 for 0.0 is no mistake
    if "id2label" in kept:
        kept["id2label"] = {int(label): name for label, name in kept["id2label"].items()}
    return BertConfig(**kept)


def _sizes(weights: Mapping[str, Tensor], prefix: str) -> dict[str, int]:
    """What the shapes of the weights say of the sizes; nothing of a weight that is absent."""
    places = {
        "vocab_size": ("embeddings.word_embeddings.weight", 0),
        "hidden_size": ("embeddings.word_embeddings.weight", 1),
        "max_position_embeddings": ("embeddings.position_embeddings.weight", 0),
        "type_vocab_size": ("embeddings.token_type_embeddings.weight", 0),
        "intermediate_size": ("encoder.layer.0.intermediate.dense.weight", 0),
    }
    tensors = {size: (weights.get(prefix + name), axis) for size, (name, axis) in places.items()}
    sizes = {
        size: tensor.shape[axis] if tensor is not None and tensor.ndim == 2 else 0
        for size, (tensor, axis) in tensors.items()
    }
    start = f"{prefix}encoder.layer."
    layers = {name.removeprefix(start).split(".")[0] for name in weights if name.startswith(start)}
    return {"num_hidden_layers": len(layers), **sizes}


def _size(value: Any) -> bool:
    return type(value) is int and value >= 1


def _probability(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < 1


def _maybe_probability(value: Any) -> bool:
    return value is None or _probability(value)


def _positive(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value < 1e6


def _labels(value: Any) -> bool:
    if value is None:
        return True
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value.values()):
        return False
    return sorted(value, key=str) == sorted(map(str, range(len(value))))


NUMBERS: Final = (
    "hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout", "layer_norm_eps",
    "initializer_range",
)  # fmt: skip
PROBLEMS: Final = ("regression", "single_label_classification", "multi_label_classification")
SIZE: Final = Field("a whole number from 1", _size)
PROBABILITY: Final = Field("a number from 0 and below 1", _probability, 0.1)
FIELDS: Final[Mapping[str, Field]] = {
    "vocab_size": SIZE,
    "hidden_size": SIZE,
    "num_hidden_layers": SIZE,
    "num_attention_heads": SIZE,
    "intermediate_size": SIZE,
    "max_position_embeddings": SIZE,
    "type_vocab_size": SIZE,
    "hidden_dropout_prob": PROBABILITY,
    "attention_probs_dropout_prob": PROBABILITY,
    "classifier_dropout": Field("a number from 0 and below 1, or null", _maybe_probability),
    "layer_norm_eps": Field("a number above 0", _positive, 1e-12),
    "initializer_range": Field("a number above 0", _positive, 0.02),
    "hidden_act": Field("an activation", lambda name: isinstance(name, str) and name in ACT2FN, "gelu"),
    "pad_token_id": Field(f"{PAD}", lambda token_id: type(token_id) is int and token_id == PAD, PAD),
    "is_decoder": Field("false", lambda value: value is False, False),
    "add_cross_attention": Field("false", lambda value: value is False, False),
    "architectures": Field(
        "a list of names, or null",
        lambda names: names is None or (isinstance(names, list) and all(isinstance(n, str) for n in names)),
    ),
    "id2label": Field("a name for each of the classes 0, 1, ...", _labels),
    "problem_type": Field(f"one of {', '.join(PROBLEMS)}, or null", lambda name: name is None or name in PROBLEMS),
}  # fmt: skip
