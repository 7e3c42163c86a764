"""An exported encoder opens with the Auto classes, and its tokenizer is a literal sliding window."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    logging,
    pipeline,
)

from genomask.alphabet import encode
from genomask.models.bert import load_encoder, masked_language_model, sequence_classifier
from genomask.models.export import export_encoder
from genomask.tokens.kmer import KmerTokens, kmer_tokenizer
from genomask.tokens.subword import SubwordTokens, train_bpe
from tiny_models import SETTINGS, TOKENS


@pytest.fixture(scope="module", autouse=True)
def _quiet():
    """Hugging Face draws bars and reports on what a head lacks."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    yield
    logging.enable_progress_bar()
    logging.set_verbosity_warning()


@pytest.fixture(scope="module")
def model():
    return masked_language_model(SETTINGS, TOKENS, seed=0).eval()


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("encoder")
    export_encoder(model, directory, TOKENS)
    return directory


def literal_tokens(sequence: str, k: int) -> list[str]:
    sequence = sequence.upper()
    kmers = [sequence[start : start + k] for start in range(len(sequence) - k + 1)]
    return ["[CLS]", *("[UNK]" if set(kmer) - set("ACGT") else kmer for kmer in kmers), "[SEP]"]


def random_sequences(letters: str, lengths, *, seed: int = 0) -> list[str]:
    generator = np.random.default_rng(seed)
    return ["".join(generator.choice(list(letters), length)) for length in lengths]


def test_the_auto_classes_open_the_folder_and_give_the_same_logits(folder, model):
    ids = torch.randint(5, 4101, (2, 30), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        opened = AutoModelForMaskedLM.from_pretrained(folder, local_files_only=True).eval()
        assert torch.equal(opened(ids).logits, model(ids).logits)
        encoder = AutoModel.from_pretrained(folder, local_files_only=True).eval()
        assert torch.equal(encoder(ids).last_hidden_state, model.bert(ids).last_hidden_state)
    classifier = AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True, num_labels=3)
    assert classifier.classifier.out_features == 3


def test_the_folder_holds_plain_files_and_each_weight_once(folder, model):
    names = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "tokens.json"]
    assert sorted(file.name for file in folder.iterdir()) == names
    count = sum(parameter.numel() for parameter in model.parameters())
    assert (folder / "model.safetensors").stat().st_size < 4 * count + 5000
    assert json.loads((folder / "config.json").read_text())["architectures"] == ["BertForMaskedLM"]


def test_two_exports_of_a_model_are_the_same_bytes(folder, model, tmp_path):
    export_encoder(model, tmp_path, TOKENS)
    for file in folder.iterdir():
        assert (tmp_path / file.name).read_bytes() == file.read_bytes()


def test_an_exported_classifier_opens_with_its_head(folder, tmp_path):
    classifier = sequence_classifier(folder, classes=3, seed=0, hidden_dropout=0.1).eval()
    export_encoder(classifier, tmp_path, TOKENS)
    opened = AutoModelForSequenceClassification.from_pretrained(tmp_path, local_files_only=True).eval()
    ids = torch.arange(5, 35)[None]
    with torch.no_grad():
        # The same weights in other places of memory: processors without AVX-512 round some sums differently.
        torch.testing.assert_close(opened(ids).logits, classifier(ids).logits, rtol=0, atol=1e-7)


def test_importing_gives_the_encoder_without_head_and_pooler(folder, model, tmp_path):
    export_encoder(sequence_classifier(folder, classes=2, seed=0, hidden_dropout=0.1), tmp_path, TOKENS)
    for directory in (folder, tmp_path):
        encoder = load_encoder(directory)
        weights = encoder.model.state_dict()
        assert encoder.model.config.hidden_size == 16
        assert weights.keys() == model.bert.state_dict().keys()
        assert all(torch.equal(weights[name], weight) for name, weight in model.bert.state_dict().items())


def test_a_folder_without_an_encoder_is_refused(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Weights need a folder; .*nowhere is none"):
        load_encoder(tmp_path / "nowhere")
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    with pytest.raises(FileNotFoundError, match=r"A model needs config.json beside its weights"):
        load_encoder(tmp_path)


def test_fill_mask_reads_kmers_that_are_apart(folder):
    fill = pipeline("fill-mask", model=str(folder), tokenizer=str(folder), top_k=2)
    found = fill("ACGTAC [MASK] GTACGT")
    assert len(found) == 2
    assert all(len(choice["token_str"]) == 6 for choice in found)


@pytest.mark.parametrize("letters", ["ACGT", "ACGTacgt", "ACGTNn", "ACGTRYn-*"])
def test_the_tokenizer_is_a_literal_sliding_window(letters):
    tokenizer = kmer_tokenizer(6)
    for sequence in random_sequences(letters, [*range(61), 300, 510]):
        assert tokenizer.encode(sequence).tokens == literal_tokens(sequence, 6), sequence


@pytest.mark.parametrize("k", range(1, 9))
def test_every_k_has_its_window(k):
    tokenizer = kmer_tokenizer(k)
    for sequence in random_sequences("ACGTn", [*range(20), 100], seed=k):
        assert tokenizer.encode(sequence).tokens == literal_tokens(sequence, k), sequence


@pytest.mark.parametrize("letters", ["ACGT", "ACGTacgt", "ACGTRYn-*"])
@pytest.mark.parametrize(("k", "stride"), [(k, stride) for k in range(1, 9) for stride in sorted({1, k})])
def test_the_tokenizer_splits_as_the_tokens_do(k, stride, letters):
    tokenizer, tokens = kmer_tokenizer(k, stride), KmerTokens(k, stride)
    for sequence in random_sequences(letters, [*range(2 * k + 4), 100], seed=k):
        assert tokenizer.encode(sequence).ids == tokens.ids(encode(sequence)).tolist(), sequence


def test_every_kmer_has_its_place_in_the_published_order():
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    order = special + ["".join(kmer) for kmer in product("ATCG", repeat=6)]
    assert kmer_tokenizer(6).get_vocab() == {token: token_id for token_id, token in enumerate(order)}


def test_the_exported_tokenizer_gives_the_ids_of_training(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    sequences = random_sequences("ACGTacgtN", [0, 5, 6, 37, 300, 515])
    wanted = TOKENS.pad_rows([TOKENS.ids(encode(sequence)) for sequence in sequences])
    found = tokenizer(sequences, padding=True, return_tensors="pt")
    assert torch.equal(found["input_ids"], wanted)
    assert torch.equal(found["attention_mask"], (found["input_ids"] != 0).long())
    assert len(tokenizer("ACGT" * 300, truncation=True)["input_ids"]) == 512


@pytest.fixture(params=["base", "6-mer/6", "bpe"])
def tokens(request, tmp_path):
    if request.param != "bpe":
        return KmerTokens(1) if request.param == "base" else KmerTokens(6, 6)
    train_bpe(random_sequences("ACGT", [300] * 40), 40).save(str(tmp_path / "tokenizer.json"))
    return SubwordTokens(tmp_path / "tokenizer.json")


def test_exports_of_every_kind_of_tokens_open_with_the_auto_classes(tokens, tmp_path):
    trained = masked_language_model(SETTINGS, tokens, seed=0).eval()
    folder = tmp_path / "encoder"
    folder.mkdir()
    export_encoder(trained, folder, tokens)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    sequences = random_sequences("ACGTacgtN", [1, 6, 37, 300])
    wanted = tokens.pad_rows([tokens.ids(encode(sequence)) for sequence in sequences])
    found = tokenizer(sequences, padding=True, return_tensors="pt")
    assert torch.equal(found["input_ids"], wanted)
    assert torch.equal(found["attention_mask"], (wanted != tokens.pad).long())
    assert tokenizer.mask_token_id == tokens.mask
    assert len(tokenizer("ACGTN" * 800, truncation=True)["input_ids"]) == 512
    model = AutoModelForMaskedLM.from_pretrained(folder, local_files_only=True).eval()
    with torch.no_grad():
        assert torch.equal(model(wanted).logits, trained(wanted).logits)


def test_kmers_that_are_apart_read_as_the_sequence_does(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    sequence = random_sequences("ACGTN", [80])[0]
    apart = " ".join(sequence[start : start + 6] for start in range(75))
    assert tokenizer(apart)["input_ids"] == tokenizer(sequence)["input_ids"]


def test_tokenizer_json_is_all_that_a_program_without_this_package_needs(folder):
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert tokenizer.encode("ACGTACG").tokens == ["[CLS]", "ACGTAC", "CGTACG", "[SEP]"]
