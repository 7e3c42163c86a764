"""A saved classifier opens as it was, and nothing else passes for one."""

import pytest
import torch

from genomask.models.bert import masked_language_model
from genomask.models.export import export_encoder, open_classifier
from genomask.tokens.kmer import KmerTokens
from tiny_models import SETTINGS, TOKENS, drawn_classifier


@pytest.mark.parametrize(
    ("tokens", "shortest", "longest"), [(TOKENS, 6, 515), (KmerTokens(1), 1, 510), (KmerTokens(6, 6), 1, 3040)]
)
def test_a_classifier_comes_back_with_its_weights_classes_and_tokens(tmp_path, tokens, shortest, longest):
    model = drawn_classifier(tokens=tokens, classes=3).eval()
    model.config.id2label = {0: "low", 1: "middle", 2: "high"}
    export_encoder(model, tmp_path, tokens)
    found = open_classifier(tmp_path)
    assert found.tokens.identity() == tokens.identity()
    assert (found.classes, found.shortest, found.longest) == (("low", "middle", "high"), shortest, longest)
    input_ids = torch.arange(40).view(2, 20) % tokens.vocabulary_size
    torch.testing.assert_close(found.model(input_ids).logits, model(input_ids).logits)


def test_an_encoder_is_not_taken_for_a_classifier(tmp_path):
    export_encoder(masked_language_model(SETTINGS, TOKENS, seed=0), tmp_path, TOKENS)
    with pytest.raises(ValueError, match=r"a BertForSequenceClassification .*; found 'BertForMaskedLM'"):
        open_classifier(tmp_path)


def test_a_folder_without_a_configuration_is_named(tmp_path):
    export_encoder(masked_language_model(SETTINGS, TOKENS, seed=0), tmp_path, TOKENS)
    (tmp_path / "config.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"needs config\.json"):
        open_classifier(tmp_path)
