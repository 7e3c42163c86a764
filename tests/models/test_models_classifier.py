"""A saved classifier opens as it was, and nothing else passes for one."""

import pytest
import torch
from test_models_export import SETTINGS

from genomask.models.bert import masked_language_model, sequence_classifier
from genomask.models.classifier import open_classifier
from genomask.models.export import export_encoder


def test_a_classifier_comes_back_with_its_weights_classes_and_k(tmp_path):
    model = sequence_classifier(SETTINGS, classes=3, seed=0, hidden_dropout=0.1).eval()
    model.config.id2label = {0: "low", 1: "middle", 2: "high"}
    export_encoder(model, tmp_path, SETTINGS)
    found = open_classifier(tmp_path)
    assert (found.classes, found.k, found.longest) == (("low", "middle", "high"), 6, 515)
    input_ids = torch.arange(2, 42).view(2, 20)
    torch.testing.assert_close(found.model(input_ids).logits, model(input_ids).logits)


def test_an_encoder_is_not_taken_for_a_classifier(tmp_path):
    export_encoder(masked_language_model(SETTINGS, seed=0), tmp_path, SETTINGS)
    with pytest.raises(ValueError, match=r"a BertForSequenceClassification .*; found 'BertForMaskedLM'"):
        open_classifier(tmp_path)


def test_a_folder_without_a_configuration_is_named(tmp_path):
    export_encoder(masked_language_model(SETTINGS, seed=0), tmp_path, SETTINGS)
    (tmp_path / "config.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"needs config\.json"):
        open_classifier(tmp_path)
