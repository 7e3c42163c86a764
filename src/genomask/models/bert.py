"""Encoders with and without heads, drawn from a seed or read from an exported encoder."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import Tensor
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    BertConfig,
    PreTrainedConfig,
    PreTrainedModel,
)

from genomask.models.architectures import longest_input, modernbert_config
from genomask.models.checkpoint import fill
from genomask.models.export import import_encoder
from genomask.models.settings import ModelSettings, ModernBertSettings
from genomask.tokens.base import Tokens
from genomask.tokens.files import open_tokens


def bert_config(settings: ModelSettings, tokens: Tokens) -> BertConfig:
    """The Hugging Face configuration of these settings, for these tokens."""
    return BertConfig(
        vocab_size=tokens.vocabulary_size,
        hidden_size=settings.hidden_size,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        intermediate_size=settings.intermediate_size,
        hidden_act="gelu",
        hidden_dropout_prob=settings.hidden_dropout,
        attention_probs_dropout_prob=settings.attention_dropout,
        max_position_embeddings=settings.max_tokens,
        type_vocab_size=2,  # as DNABERT, which has BERT's two sentence types and uses the first
        initializer_range=settings.initializer_range,
        layer_norm_eps=settings.layer_norm_eps,
        pad_token_id=tokens.pad,
        tie_word_embeddings=True,
    )


HIDDEN_DROPOUTS: Final = ("hidden_dropout_prob", "embedding_dropout", "mlp_dropout")  # by architecture


class Encoder(NamedTuple):
    """An exported encoder that was read: its folder, configuration, weights on the CPU, and tokens."""

    directory: Path
    config: PreTrainedConfig
    weights: dict[str, Tensor]
    tokens: Tokens

    @property
    def longest(self) -> int:
        return self.tokens.longest(longest_input(self.config))


def read_encoder(directory: Path) -> Encoder:
    """Read an exported encoder once for many classifiers.

    Raises:
        FileNotFoundError: If the folder holds no encoder.
        ValueError: If its weights are damaged.
    """
    config, weights = import_encoder(directory)
    return Encoder(directory, config, weights, open_tokens(directory, vocabulary=config.vocab_size))


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let the seed alone decide what modules built in the block draw; no draw outside is disturbed."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def masked_language_model(
    settings: ModelSettings | ModernBertSettings, tokens: Tokens, *, seed: int
) -> PreTrainedModel:
    """A fresh encoder with an MLM head whose decoder is the table of token embeddings."""
    bert = isinstance(settings, ModelSettings)
    config = bert_config(settings, tokens) if bert else modernbert_config(settings, tokens)
    with seeded(seed):
        return AutoModelForMaskedLM.from_config(config, attn_implementation="sdpa")


def base_model(source: Encoder) -> PreTrainedModel:
    """An encoder without a head, as Hugging Face's ``AutoModel`` has it, without pooler."""
    with seeded(0):
        model = AutoModelForMaskedLM.from_config(source.config, attn_implementation="sdpa").base_model
    fill(model, source.weights, source.directory)
    return model


def sequence_classifier(source: Path | Encoder, *, classes: int, seed: int, hidden_dropout: float) -> PreTrainedModel:
    """An encoder with a fresh head: BERT's pooler (dense and tanh on [CLS]), dropout, linear layer; or its own.

    The head is drawn from the seed with all of its parts, since MLM pretraining trains none of them.

    ``hidden_dropout`` replaces the encoder's, in the head too; attention dropout stays.

    Raises:
        FileNotFoundError: If the folder holds no encoder.
        ValueError: If its files do not fit together.
    """
    if isinstance(source, Path):
        source = read_encoder(source)
    config = deepcopy(source.config)
    config.num_labels = classes
    for name in HIDDEN_DROPOUTS:
        if hasattr(config, name):
            setattr(config, name, hidden_dropout)
    with seeded(seed):
        model = AutoModelForSequenceClassification.from_config(config, attn_implementation="sdpa")
    own = [name for name in model.base_model.state_dict() if name.startswith("pooler.")]
    fill(model.base_model, source.weights, source.directory, keep=own)
    return model
