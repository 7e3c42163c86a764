"""Encoders and classifiers that are drawn in a moment, for the tests of what reads, trains or explains them."""

from pathlib import Path

import torch
from transformers import BertForSequenceClassification

from genomask.models.bert import Encoder, masked_language_model, sequence_classifier
from genomask.models.settings import ModelSettings
from genomask.tokens.kmer import KmerTokens

TOKENS = KmerTokens(6)
SETTINGS = ModelSettings(
    name="tiny",
    hidden_size=16,
    layers=2,
    heads=2,
    intermediate_size=24,
    hidden_dropout=0.1,
    attention_dropout=0.1,
    paper_batch=8,
)


def drawn_encoder(settings=SETTINGS, tokens=TOKENS, *, seed=0) -> Encoder:
    """An encoder as ``load_encoder`` gives it, without a folder."""
    model = masked_language_model(settings, tokens, seed=seed)
    return Encoder(Path("drawn"), model.base_model, tokens)


def drawn_classifier(settings=SETTINGS, tokens=TOKENS, *, classes=2, seed=0, hidden_dropout=0.1):
    """A classifier whose weights are all drawn from the seed."""
    encoder = drawn_encoder(settings, tokens, seed=seed)
    return sequence_classifier(encoder, classes=classes, seed=seed, hidden_dropout=hidden_dropout)


def tiny_classifier(classes: int, *, seed: int, head_sd: float | None = None) -> BertForSequenceClassification:
    """A classifier, ready to predict; with ``head_sd`` its last layer is drawn wider, so that scores differ."""
    model = drawn_classifier(classes=classes, seed=seed).eval()
    if head_sd is not None:
        torch.nn.init.normal_(model.classifier.weight, std=head_sd, generator=torch.Generator().manual_seed(seed))
    return model
