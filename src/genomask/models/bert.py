"""Encoders with and without heads, drawn from a seed or read from an exported encoder."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    BertConfig,
    ModernBertConfig,
    PreTrainedConfig,
    PreTrainedModel,
)

from genomask.models.architectures import load_foreign, longest_input
from genomask.models.checkpoint import fill, read_weights
from genomask.models.export import is_bert, read_config
from genomask.models.settings import ModelSettings, ModernBertSettings
from genomask.tokens.base import Tokens
from genomask.tokens.files import open_tokens


def fresh_config(settings: ModelSettings | ModernBertSettings, tokens: Tokens) -> PreTrainedConfig:
    """The Hugging Face configuration of a BERT or a ModernBERT (Warner et al., 2024) for these tokens."""
    sizes: dict[str, Any] = {
        "vocab_size": tokens.vocabulary_size,
        "hidden_size": settings.hidden_size,
        "num_hidden_layers": settings.layers,
        "num_attention_heads": settings.heads,
        "intermediate_size": settings.intermediate_size,
        "max_position_embeddings": settings.max_tokens,
        "initializer_range": settings.initializer_range,
        "pad_token_id": tokens.pad,
        "tie_word_embeddings": True,
    }
    if isinstance(settings, ModernBertSettings):
        return ModernBertConfig(
            **sizes,
            embedding_dropout=settings.hidden_dropout,
            mlp_dropout=settings.hidden_dropout,
            attention_dropout=settings.attention_dropout,
            global_attn_every_n_layers=settings.global_every,  # pyright: ignore[reportCallIssue]  (taken by name)
            local_attention=settings.local_tokens,
            norm_eps=settings.layer_norm_eps,
            bos_token_id=None,
            eos_token_id=None,
            cls_token_id=tokens.prefix[0] if tokens.prefix else None,
            sep_token_id=tokens.suffix[0] if tokens.suffix else None,
        )
    return BertConfig(
        **sizes,
        hidden_act="gelu",
        hidden_dropout_prob=settings.hidden_dropout,
        attention_probs_dropout_prob=settings.attention_dropout,
        type_vocab_size=2,  # as DNABERT, which has BERT's two sentence types and uses the first
        layer_norm_eps=settings.layer_norm_eps,
    )


HIDDEN_DROPOUTS: Final = ("hidden_dropout_prob", "embedding_dropout", "mlp_dropout")  # by architecture


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
    with seeded(seed):
        return AutoModelForMaskedLM.from_config(fresh_config(settings, tokens), attn_implementation="sdpa")


class Encoder(NamedTuple):
    """An exported encoder: its folder, its module in float32 without head and pooler, and its tokens."""

    directory: Path
    model: PreTrainedModel
    tokens: Tokens

    @property
    def longest(self) -> int:
        """Bases of the longest sequence that it takes."""
        return self.tokens.longest(longest_input(self.model.config))


def load_encoder(folder: str | Path) -> Encoder:
    """Load an encoder: ``runs/encoder/NAME``, or any folder in the same Hugging Face layout."""
    directory = Path(folder).expanduser()
    if is_bert(directory):
        read = read_weights(directory)
        own = [name for name in read if name.startswith("bert.") and not name.startswith("bert.pooler.")]
        weights = {name.removeprefix("bert."): read[name] for name in own}
        with seeded(0):
            config = read_config(directory / "config.json", weights)
            model = AutoModelForMaskedLM.from_config(config, attn_implementation="sdpa").base_model
        fill(model, weights, directory)
    else:
        model = load_foreign(directory, AutoModelForMaskedLM, whole=False).base_model
    found: Any = model.eval()
    return Encoder(directory, found, open_tokens(directory, vocabulary=found.config.vocab_size))


def sequence_classifier(source: Path | Encoder, *, classes: int, seed: int, hidden_dropout: float) -> PreTrainedModel:
    """An encoder with a fresh head: BERT's pooler (dense and tanh on [CLS]), dropout, linear layer; or its own.

    The head is drawn from the seed with all of its parts, since MLM pretraining trains none of them. ``hidden_dropout``
    replaces the encoder's, in the head too; attention dropout stays. Errors are those of ``load_encoder``.
    """
    if isinstance(source, Path):
        source = load_encoder(source)
    config = deepcopy(source.model.config)
    config.num_labels = classes
    for name in HIDDEN_DROPOUTS:
        if hasattr(config, name):
            setattr(config, name, hidden_dropout)
    with seeded(seed):
        model = AutoModelForSequenceClassification.from_config(config, attn_implementation="sdpa")
    own = [name for name in model.base_model.state_dict() if name.startswith("pooler.")]
    weights = {name: weight for name, weight in source.model.state_dict().items() if not name.startswith("pooler.")}
    fill(model.base_model, weights, source.directory, keep=own)
    return model
