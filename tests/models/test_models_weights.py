"""Published weights: DNABERT's layout is read, its doubled bias kept, and what does not fit is refused."""

import json
import os
from dataclasses import replace
from itertools import product

import pytest
import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertForMaskedLM, BertModel

from genomask.models.initial import load_dnabert
from genomask.models.settings import ModelSettings
from genomask.tokens.kmer import KmerTokens

K = 3
SETTINGS = ModelSettings(
    name="tiny",
    hidden_size=16,
    layers=2,
    heads=2,
    intermediate_size=24,
    hidden_dropout=0.1,
    attention_dropout=0.1,
    paper_batch=8,
    max_tokens=32,
)
TOKENS = KmerTokens(K)
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@pytest.fixture
def published():
    """A module as DNABERT's authors trained it, with weights that are all different from fresh ones."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=69,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=32,
    )
    model = BertForMaskedLM(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.5)
    return model


def published_tensors(model):
    """DNABERT's names: the tied decoder, a pooler and the buffer of positions are written too."""
    tensors = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    del tensors["cls.predictions.decoder.bias"]
    pooler = {"bert.pooler.dense.weight": torch.zeros(16, 16), "bert.pooler.dense.bias": torch.zeros(16)}
    return tensors | pooler | {"bert.embeddings.position_ids": torch.arange(32)[None]}


def write_folder(folder, tensors, *, order="ATCG", config=None, **how):
    torch.save(tensors, folder / "pytorch_model.bin", **how)
    vocabulary = SPECIAL + ["".join(kmer) for kmer in product(order, repeat=K)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    shape = {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 2, "hidden_act": "gelu"}
    (folder / "config.json").write_text(json.dumps(shape | (config or {})))
    return folder


def assert_gives_dnabert_logits(model, published):
    """DNABERT's head adds its bias in the linear layer that shares it, and again after that layer."""
    ids = torch.randint(0, 69, (3, 20), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        wanted = published(ids).logits + published.cls.predictions.bias
        torch.testing.assert_close(model.eval()(ids).logits, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("zipped", [True, False])
def test_published_weights_give_the_published_logits(published, tmp_path, zipped):
    folder = write_folder(tmp_path, published_tensors(published), _use_new_zipfile_serialization=zipped)
    model = load_dnabert(folder, SETTINGS, TOKENS)
    assert_gives_dnabert_logits(model, published)
    assert model.cls.predictions.decoder.weight is model.bert.embeddings.word_embeddings.weight
    assert model.config.hidden_dropout_prob == SETTINGS.hidden_dropout


def test_the_encoder_alone_is_the_published_encoder(published, tmp_path):
    model = load_dnabert(write_folder(tmp_path, published_tensors(published)), SETTINGS, TOKENS)
    ids = torch.arange(5, 25)[None]
    with torch.no_grad():
        encoded = [module.bert.eval()(ids).last_hidden_state for module in (model, published)]
    torch.testing.assert_close(*encoded)


def test_the_oldest_names_of_layer_norms_are_read(published, tmp_path):
    renamed = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for name, tensor in published_tensors(published).items()
    }
    assert_gives_dnabert_logits(load_dnabert(write_folder(tmp_path, renamed), SETTINGS, TOKENS), published)


def test_weights_without_their_tied_copy_or_companions_are_read_from_safetensors(published, tmp_path):
    tensors = published_tensors(published)
    del tensors["cls.predictions.decoder.weight"]
    save_file(tensors, tmp_path / "model.safetensors")
    assert_gives_dnabert_logits(load_dnabert(tmp_path, SETTINGS, TOKENS), published)


def test_reading_weights_does_not_disturb_the_global_generator(published, tmp_path):
    folder = write_folder(tmp_path, published_tensors(published))
    torch.manual_seed(5)
    load_dnabert(folder, SETTINGS, TOKENS)
    after = torch.rand(2)
    torch.manual_seed(5)
    assert torch.equal(after, torch.rand(2))


class Attack:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_would_run_code_is_refused_without_running_it(published, tmp_path, zipped):
    target = tmp_path / "owned"
    tensors = published_tensors(published) | {"bert.pooler.extra": Attack(target)}
    write_folder(tmp_path, tensors, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ValueError, match=r"pytorch_model.bin needs to be whole and hold named tensors alone"):
        load_dnabert(tmp_path, SETTINGS, TOKENS)
    assert not target.exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_cut_anywhere_is_refused(published, tmp_path, zipped):
    tensors = published_tensors(published)
    file = write_folder(tmp_path, tensors, _use_new_zipfile_serialization=zipped) / "pytorch_model.bin"
    whole = file.read_bytes()
    for length in (*range(0, len(whole), 997), *range(1, 50), len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"pytorch_model.bin needs to be whole"):
            load_dnabert(tmp_path, SETTINGS, TOKENS)


def test_a_file_of_safetensors_that_is_none_is_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"not at all")
    with pytest.raises(ValueError, match=r"model.safetensors needs to be whole"):
        load_dnabert(tmp_path, SETTINGS, TOKENS)


def test_a_pickle_of_something_else_is_refused(tmp_path):
    torch.save([torch.zeros(2)], tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"pytorch_model.bin needs named tensors alone; found 'list'"):
        load_dnabert(tmp_path, SETTINGS, TOKENS)


def test_a_missing_folder_and_a_folder_without_weights_are_told_apart(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Weights need a folder; .*nowhere is none"):
        load_dnabert(tmp_path / "nowhere", SETTINGS, TOKENS)
    with pytest.raises(FileNotFoundError, match=r"model.safetensors or pytorch_model.bin; .* holds neither"):
        load_dnabert(tmp_path, SETTINGS, TOKENS)


def test_another_order_of_kmers_is_refused(published, tmp_path):
    write_folder(tmp_path, published_tensors(published), order="ACGT")
    with pytest.raises(
        ValueError, match=r"vocab.txt, line 7, needs AAT \(bases in the order A, T, C, G\); found 'AAC'"
    ):
        load_dnabert(tmp_path, SETTINGS, TOKENS)


def test_a_vocabulary_of_another_k_is_refused(published, tmp_path):
    write_folder(tmp_path, published_tensors(published))
    with pytest.raises(ValueError, match=r"vocab.txt needs 261 tokens for k = 4; found 69"):
        load_dnabert(tmp_path, SETTINGS, KmerTokens(4))


def test_another_number_of_heads_is_refused_though_every_shape_fits(published, tmp_path):
    write_folder(tmp_path, published_tensors(published), config={"num_attention_heads": 4})
    with pytest.raises(ValueError, match=r"num_attention_heads in .*config.json needs 2 for model=tiny; found 4"):
        load_dnabert(tmp_path, SETTINGS, TOKENS)


def test_weights_of_other_shapes_or_names_are_refused_in_one_line(published, tmp_path):
    write_folder(tmp_path, published_tensors(published))
    with pytest.raises(
        ValueError,
        match=r"does not fit the model: it has .*intermediate.* of shape \(24, 16\), not \(32, 16\)",
    ):
        load_dnabert(tmp_path, replace(SETTINGS, intermediate_size=32), TOKENS)
    with pytest.raises(ValueError, match=r"does not fit the model: it lacks bert.encoder.layer.2.*\(and 15 more\)"):
        load_dnabert(tmp_path, replace(SETTINGS, layers=3), TOKENS)
    with pytest.raises(ValueError, match=r"it has an unknown bert.encoder.layer.1.*\(and 15 more\)"):
        load_dnabert(tmp_path, replace(SETTINGS, layers=1), TOKENS)


def test_an_encoder_without_the_mlm_head_is_refused(tmp_path):
    encoder = BertModel(BertConfig(vocab_size=69, hidden_size=16, num_hidden_layers=1, num_attention_heads=2))
    torch.save(
        {f"bert.{name}": tensor for name, tensor in encoder.state_dict().items()},
        tmp_path / "pytorch_model.bin",
    )
    with pytest.raises(ValueError, match=r"lacks cls.predictions.bias"):
        load_dnabert(tmp_path, replace(SETTINGS, layers=1, intermediate_size=3072, max_tokens=512), TOKENS)


def test_a_decoder_that_is_not_tied_is_refused(published, tmp_path):
    tensors = published_tensors(published)
    tensors["cls.predictions.decoder.weight"] += 1
    write_folder(tmp_path, tensors)
    with pytest.raises(ValueError, match=r"MLM decoder in .* needs the weights of the token embeddings"):
        load_dnabert(tmp_path, SETTINGS, TOKENS)
