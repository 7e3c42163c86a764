"""Models have the paper's sizes, and their weights depend on the seed alone."""

from dataclasses import replace

import pytest
import torch
from transformers import BertForMaskedLM

from genomask.models.bert import fresh_config, masked_language_model, sequence_classifier
from genomask.models.export import export_encoder
from genomask.models.settings import ModelSettings
from genomask.tokens.kmer import KmerTokens
from tiny_models import drawn_classifier

LOGO = ModelSettings(
    name="LOGO",
    hidden_size=256,
    layers=2,
    heads=8,
    intermediate_size=3072,
    hidden_dropout=0.0,
    attention_dropout=0.0,
    paper_batch=500,
)
DNABERT = ModelSettings(
    name="DNABERT",
    hidden_size=768,
    layers=12,
    heads=12,
    intermediate_size=3072,
    hidden_dropout=0.1,
    attention_dropout=0.1,
    paper_batch=1000,
)
TINY = replace(LOGO, name="tiny", hidden_size=16, heads=2, intermediate_size=24, max_tokens=40)
KMERS, TOKENS = KmerTokens(6), KmerTokens(3)


def parameter_count(model):
    return sum(parameter.numel() for parameter in model.parameters())


def same(first, second):
    pairs = zip(first.state_dict().items(), second.state_dict().items(), strict=True)
    return all(name == other and torch.equal(weight, twin) for (name, weight), (other, twin) in pairs)


@pytest.mark.parametrize(("settings", "count"), [(LOGO, 4_933_125), (DNABERT, 89_196_549)])
def test_masked_language_models_have_the_known_parameter_counts(settings, count):
    with torch.device("meta"):
        assert parameter_count(BertForMaskedLM(fresh_config(settings, KMERS))) == count


def test_the_logo_classifier_has_the_known_parameter_count():
    assert parameter_count(drawn_classifier(LOGO, KMERS)) == 4_929_026


def test_the_decoder_is_the_table_of_token_embeddings():
    model = masked_language_model(TINY, TOKENS, seed=0)
    assert model.cls.predictions.decoder.weight is model.bert.embeddings.word_embeddings.weight
    assert model.cls.predictions.decoder.bias is model.cls.predictions.bias


def test_weights_are_a_function_of_the_seed():
    assert same(masked_language_model(TINY, TOKENS, seed=3), masked_language_model(TINY, TOKENS, seed=3))
    assert not same(masked_language_model(TINY, TOKENS, seed=3), masked_language_model(TINY, TOKENS, seed=4))
    drawn = [drawn_classifier(TINY, TOKENS, classes=3, seed=seed) for seed in (3, 3, 4)]
    assert same(drawn[0], drawn[1])
    assert not same(drawn[0], drawn[2])


def test_building_a_model_neither_reads_nor_disturbs_the_global_generator():
    torch.manual_seed(11)
    model = masked_language_model(TINY, TOKENS, seed=3)
    after = torch.rand(3)
    torch.manual_seed(11)
    assert torch.equal(after, torch.rand(3))
    assert same(model, masked_language_model(TINY, TOKENS, seed=3))


def test_fresh_weights_have_the_spread_of_the_settings():
    weight = (
        masked_language_model(replace(LOGO, initializer_range=0.05), KMERS, seed=0).bert.encoder.layer[0].intermediate
    )
    count = weight.dense.weight.numel()
    assert weight.dense.weight.std().item() == pytest.approx(0.05, abs=5 * 0.05 / (2 * count) ** 0.5)
    assert not weight.dense.bias.any()


def test_a_classifier_keeps_the_encoder_it_is_given_and_draws_its_head(tmp_path):
    pretrained = masked_language_model(TINY, TOKENS, seed=1)
    export_encoder(pretrained, tmp_path, TOKENS)
    first, second = (sequence_classifier(tmp_path, classes=3, seed=seed, hidden_dropout=0.2) for seed in (5, 6))
    for model in (first, second):
        assert same(model.bert.encoder, pretrained.bert.encoder)
        assert same(model.bert.embeddings, pretrained.bert.embeddings)
    assert not torch.equal(first.bert.pooler.dense.weight, second.bert.pooler.dense.weight)
    assert not torch.equal(first.classifier.weight, second.classifier.weight)
    again = sequence_classifier(tmp_path, classes=3, seed=5, hidden_dropout=0.2)
    assert same(first, again)


def test_a_classifier_takes_its_hidden_dropout_from_the_task_everywhere(tmp_path):
    export_encoder(masked_language_model(replace(TINY, attention_dropout=0.3), TOKENS, seed=1), tmp_path, TOKENS)
    model = sequence_classifier(tmp_path, classes=2, seed=0, hidden_dropout=0.2)
    dropouts = {name: part.p for name, part in model.named_modules() if isinstance(part, torch.nn.Dropout)}
    assert {p for name, p in dropouts.items() if name.endswith("self.dropout")} == {0.3}
    assert {p for name, p in dropouts.items() if not name.endswith("self.dropout")} == {0.2}
    assert model.classifier.out_features == 2


def test_an_encoder_that_does_not_fit_its_configuration_is_refused(tmp_path):
    export_encoder(masked_language_model(TINY, TOKENS, seed=1), tmp_path, TOKENS)
    config = tmp_path / "config.json"
    config.write_text(config.read_text().replace('"num_hidden_layers": 2', '"num_hidden_layers": 1'))
    with pytest.raises(ValueError, match=r"num_hidden_layers in .*config\.json needs the weights' 2; found 1"):
        sequence_classifier(tmp_path, classes=2, seed=0, hidden_dropout=0.1)


@pytest.mark.parametrize(
    ("field", "value", "needed"),
    [
        ("heads", 7, "a divisor of hidden_size = 256"),
        ("hidden_size", 0, "a number above 0"),
        ("layers", 0, "a number above 0"),
        ("paper_batch", -1, "a number above 0"),
        ("intermediate_size", 0, "a number above 0"),
        ("hidden_dropout", 1.0, "a probability below 1"),
        ("attention_dropout", -0.1, "a probability below 1"),
        ("layer_norm_eps", 0.0, "a number above 0"),
        ("initializer_range", 0.0, "a number above 0"),
        ("max_tokens", 2, "a number above 2"),
    ],
)
def test_impossible_settings_are_refused(field, value, needed):
    with pytest.raises(ValueError, match=rf"model.{field} needs {needed}; found {value}"):
        replace(LOGO, **{field: value})
