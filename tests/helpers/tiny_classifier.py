"""A classifier of two small layers over overlapping 6-mers, whose weights are drawn from a seed."""

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


def tiny_classifier(classes: int, *, seed: int, head_sd: float | None = None) -> BertForSequenceClassification:
    """The model, ready to predict; with ``head_sd`` its last layer is drawn wider, so that scores differ."""
    drawn = masked_language_model(SETTINGS, TOKENS, seed=seed)
    encoder = Encoder(Path("tiny"), drawn.config, dict(drawn.bert.state_dict()), TOKENS)
    model = sequence_classifier(encoder, classes=classes, seed=seed, hidden_dropout=0.1).eval()
    if head_sd is not None:
        torch.nn.init.normal_(model.classifier.weight, std=head_sd, generator=torch.Generator().manual_seed(seed))
    return model
