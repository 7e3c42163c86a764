"""What a pretraining starts from, by the kind of model: the one place that tells them apart."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel

from genomask.checks import require
from genomask.files import sha256
from genomask.models.architectures import (
    load_pretrained,
    longest_input,
    model_folder,
    pretrained_identity,
    read_foreign_config,
)
from genomask.models.bert import masked_language_model
from genomask.models.checkpoint import weights_file
from genomask.models.settings import ModelSettings, ModernBertSettings, PretrainedSettings
from genomask.models.weights import load_dnabert
from genomask.tokens.base import Tokens
from genomask.tokens.kmer import KmerTokens
from genomask.tokens.settings import BpeSettings, KmerSettings, OwnSettings

AnyModel = ModelSettings | ModernBertSettings | PretrainedSettings


def initial_model(settings: AnyModel, tokens: Tokens, *, seed: int) -> PreTrainedModel:
    """The encoder with its MLM head that a pretraining starts from; only where no weights are given, drawn from a seed.

    Raises:
        FileNotFoundError: If given weights are not there.
        ValueError: If they do not fit the settings or the tokens.
    """
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
    config = read_foreign_config(model_folder(settings), trusted=settings.trust_remote_code)
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
    if not isinstance(settings, PretrainedSettings):
        return settings.max_tokens
    config = read_foreign_config(model_folder(settings), trusted=settings.trust_remote_code)
    return longest_input(config)
