"""What a pretraining starts from, by the kind of model: the one place that tells them apart."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import BertForMaskedLM, PreTrainedModel

from genomask.checks import require
from genomask.files import read_object, sha256
from genomask.models.architectures import (
    load_pretrained,
    longest_input,
    model_folder,
    pretrained_identity,
    read_foreign_config,
)
from genomask.models.bert import bert_config, masked_language_model, seeded
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


def load_dnabert(directory: Path, settings: ModelSettings, tokens: KmerTokens) -> BertForMaskedLM:
    """Read weights that DNABERT's code trained (ORI 120K, Sec. 5.4); the module gives the logits that DNABERT gave.

    config.json (which names no model type), vocab.txt and tokenizer.json are compared with the settings where they are
    present: weights under another order of k-mers or split into other heads would load, and mean nothing.

    Raises:
        FileNotFoundError: If there is no such folder, or no weights in it.
        ValueError: If the files do not fit the settings or one another.
    """
    weights = _modern(read_weights(directory))
    check_vocabulary(directory, tokens)
    _check_config(directory / "config.json", settings, tokens)
    with seeded(0):
        model = BertForMaskedLM(bert_config(settings, tokens))
    _check_tied(weights, directory)
    own = {name: weight for name, weight in weights.items() if name not in model.all_tied_weights_keys}
    if "cls.predictions.bias" in own:
        # DNABERT's head adds its bias twice: in the linear layer that shares it, and once more after it.
        own["cls.predictions.bias"] = 2 * own["cls.predictions.bias"]
    fill(model, own, directory, keep=model.all_tied_weights_keys)
    return model


def _modern(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the layer norms of the oldest checkpoints."""
    renamed = {name.replace(".gamma", ".weight").replace(".beta", ".bias"): weight for name, weight in weights.items()}
    return {name: weight for name, weight in renamed.items() if not name.startswith(UNUSED)}


def _check_tied(weights: dict[str, Tensor], directory: Path) -> None:
    decoder = weights.get("cls.predictions.decoder.weight")
    table = weights.get("bert.embeddings.word_embeddings.weight")
    tied = decoder is None or (table is not None and torch.equal(decoder, table))
    require(tied, f"The MLM decoder in {directory}", "the weights of the token embeddings", "others")


def _check_config(file: Path, settings: ModelSettings, tokens: KmerTokens) -> None:
    if not file.is_file():
        return
    found, wanted = read_object(file), bert_config(settings, tokens)
    for name in COMPARED:
        value = getattr(wanted, name)
        other = found.get(name, value)
        require(other == value, f"{name} in {file}", f"{value} for model={settings.name}", other)
