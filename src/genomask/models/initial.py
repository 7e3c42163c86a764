"""What a pretraining starts from, by the kind of model: the one place that tells them apart."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from genomask.checks import require
from genomask.files import read_object, sha256
from genomask.models.architectures import (
    load_pretrained,
    longest_input,
    model_folder,
    pretrained_config,
    pretrained_identity,
)
from genomask.models.bert import fresh_config, masked_language_model
from genomask.models.checkpoint import fill, read_weights, weights_file
from genomask.models.settings import ModelSettings, ModernBertSettings, PretrainedSettings
from genomask.tokens.base import Tokens
from genomask.tokens.files import check_vocabulary
from genomask.tokens.kmer import KmerTokens
from genomask.tokens.settings import BpeSettings, KmerSettings, OwnSettings

UNUSED = ("bert.embeddings.position_ids", "bert.pooler.", "cls.seq_relationship.")  # MLM trains no pooler
COMPARED = ("num_attention_heads", "hidden_act", "layer_norm_eps")  # what no tensor's shape tells
AnyModel = ModelSettings | ModernBertSettings | PretrainedSettings


def initial_model(settings: AnyModel, tokens: Tokens, *, seed: int) -> PreTrainedModel:
    """The encoder with its MLM head that a pretraining starts from, drawn from a seed where no weights are given."""
    if isinstance(settings, PretrainedSettings):
        return load_pretrained(settings)
    if isinstance(settings, ModelSettings) and settings.weights is not None:
        fits = isinstance(tokens, KmerTokens) and tokens.stride == 1
        require(fits, "model.weights", "tokens=kmer with stride 1, which published weights have", tokens.name)
        assert isinstance(tokens, KmerTokens)
        return load_dnabert(Path(settings.weights), settings, tokens)
    return masked_language_model(settings, tokens, seed=seed)


def model_identity(settings: AnyModel) -> dict[str, Any]:
    """All that shapes what a pretraining starts from, but the seed: weights by their content, never by their place."""
    if isinstance(settings, PretrainedSettings):
        return pretrained_identity(settings)
    identity = {name: value for name, value in asdict(settings).items() if name not in ("name", "paper_batch")}
    if isinstance(settings, ModernBertSettings):
        return {"kind": "modernbert", **identity}
    weights = None if settings.weights is None else sha256(weights_file(Path(settings.weights)))
    return identity | {"weights": weights}


def encoder_sizes(settings: AnyModel) -> tuple[int, int]:
    """Layers of the encoder, its token embeddings not counted, and features of an embedding."""
    if not isinstance(settings, PretrainedSettings):
        return settings.layers, settings.hidden_size
    config = pretrained_config(settings)
    return config.num_hidden_layers, config.hidden_size


def weight_bytes(settings: AnyModel, tokens: KmerSettings | BpeSettings | OwnSettings) -> int:
    """Bytes of an encoder's weights, but for the small ones."""
    if isinstance(settings, PretrainedSettings):
        return sum(file.stat().st_size for file in model_folder(settings).glob("*.safetensors"))
    assert not isinstance(tokens, OwnSettings), "they come with a pretrained model"
    vocabulary = 4**tokens.k if isinstance(tokens, KmerSettings) else tokens.size
    width = settings.hidden_size
    layers = settings.layers * width * (4 * width + 2 * settings.intermediate_size)
    return 4 * (layers + width * (vocabulary + settings.max_tokens))


def max_tokens(settings: AnyModel) -> int:
    """Tokens of the longest input, special ones included."""
    return (
        longest_input(pretrained_config(settings)) if isinstance(settings, PretrainedSettings) else settings.max_tokens
    )


def load_dnabert(directory: Path, settings: ModelSettings, tokens: KmerTokens) -> PreTrainedModel:
    """Read weights that DNABERT's code trained (ORI 120K, Sec. 5.4); the module gives the logits that DNABERT gave.

    config.json (which names no model type), vocab.txt and tokenizer.json are compared with the settings where they are
    present: weights under another order of k-mers or split into other heads would load, and mean nothing.
    """
    read = read_weights(directory)  # the oldest checkpoints have other names of layer norms
    renamed = {name.replace(".gamma", ".weight").replace(".beta", ".bias"): weight for name, weight in read.items()}
    weights = {name: weight for name, weight in renamed.items() if not name.startswith(UNUSED)}
    check_vocabulary(directory, tokens)
    file, wanted = directory / "config.json", fresh_config(settings, tokens)
    given = read_object(file) if file.is_file() else {}
    for name in COMPARED:
        value = getattr(wanted, name)
        other = given.get(name, value)
        require(other == value, f"{name} in {file}", f"{value} for model={settings.name}", other)
    model = masked_language_model(settings, tokens, seed=0)
    decoder = weights.get("cls.predictions.decoder.weight")
    table = weights.get("bert.embeddings.word_embeddings.weight")
    tied = decoder is None or (table is not None and torch.equal(decoder, table))
    require(tied, f"The MLM decoder in {directory}", "the weights of the token embeddings", "others")
    own = {name: weight for name, weight in weights.items() if name not in model.all_tied_weights_keys}
    if "cls.predictions.bias" in own:
        # DNABERT's head adds its bias twice: in the linear layer that shares it, and once more after it.
        own["cls.predictions.bias"] = 2 * own["cls.predictions.bias"]
    fill(model, own, directory, keep=model.all_tied_weights_keys)
    return model
