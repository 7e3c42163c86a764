"""A model folder that Hugging Face's Auto classes open offline, without custom code.

It holds model.safetensors, config.json, tokenizer.json and tokenizer_config.json, and it is what fine-tuning
reads the encoder from.
"""

from collections.abc import Mapping
from pathlib import Path
from shutil import copymode

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor
from transformers import AutoModelForMaskedLM, PreTrainedConfig, PreTrainedModel

from genomask.files import read_object, written
from genomask.models.architectures import load_foreign, longest_input
from genomask.models.checkpoint import read_weights, weights_file
from genomask.models.config_file import read_config
from genomask.tokens.base import Tokens
from genomask.tokens.files import save_tokens


def export_encoder(
    model: PreTrainedModel, directory: Path, tokens: Tokens, state: Mapping[str, Tensor] | None = None
) -> None:
    """Write a model, with the head that it has, and its tokens into an existing folder.

    Args:
        model: The model.
        directory: The folder.
        tokens: What the model reads.
        state: The whole of its weights, where it is sharded.
    """
    tied = model.all_tied_weights_keys  # the MLM decoder's, which are written once, as token embeddings
    every = model.state_dict() if state is None else state
    weights = {name: weight for name, weight in every.items() if name not in tied}
    with written(directory / "model.safetensors", SafetensorError):
        save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})
    model.config.architectures = [type(model).__name__.removeprefix("FSDP")]  # which sharding adds
    model.config.to_json_file(directory / "config.json", use_diff=False)
    copymode(directory / "config.json", directory / "model.safetensors")  # safetensors' own is 0600
    save_tokens(tokens, directory, max_tokens=longest_input(model.config))


def import_encoder(directory: Path) -> tuple[PreTrainedConfig, dict[str, Tensor]]:
    """Configuration and weights of an exported encoder, named as in ``AutoModel``; no head, no pooler.

    Raises:
        FileNotFoundError: If there is no such folder, or a file of it is missing.
        ValueError: If the weights or the configuration are damaged, or do not fit together.
    """
    if not is_bert(directory):
        model = load_foreign(directory, AutoModelForMaskedLM, whole=False)
        weights = model.base_model.state_dict()
        return model.config, {name: weight for name, weight in weights.items() if not name.startswith("pooler.")}
    weights = read_weights(directory)
    encoder = {name.removeprefix("bert."): weight for name, weight in weights.items() if name.startswith("bert.")}
    without_pooler = {name: weight for name, weight in encoder.items() if not name.startswith("pooler.")}
    return read_config(directory / "config.json", without_pooler), without_pooler


def is_bert(directory: Path) -> bool:
    """Whether a model folder holds a BERT, whose config.json, as DNABERT's, need not say so."""
    weights_file(directory)
    return read_object(directory / "config.json").get("model_type", "bert") == "bert"
