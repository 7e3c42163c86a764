"""Subword tokens cover every base once, by their own offsets; a tokenizer that loses bases is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Replace
from tokenizers.pre_tokenizers import Split, Whitespace
from tokenizers.processors import TemplateProcessing

from genomask.alphabet import decode, encode
from genomask.tokens.files import open_tokens, save_tokens
from genomask.tokens.subword import SubwordTokens, train_bpe

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def stretches(count=200, seed=0):
    """Random DNA in which TATAAA is far too frequent."""
    draw = np.random.default_rng(seed)
    return ["TATAAA".join("".join(draw.choice(list("ACGT"), 30)) for _ in range(5)) for _ in range(count)]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("tokens") / "tokenizer.json"
    train_bpe(stretches(), 60).save(str(path))
    return path


@pytest.fixture(scope="module")
def tokens(file):
    return SubwordTokens(file)


def words(tokens, bases):
    return [tokens.tokenizer.id_to_token(token_id) for token_id in tokens.split(bases).ids]


def saved(tokenizer, folder):
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder / "tokenizer.json"


def word_level(**others):
    """A tokenizer of single letters, and what else there is."""
    vocabulary = [*SPECIAL, *"ACGTN"]
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(vocabulary)}, "[UNK]"))
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.pre_tokenizer = Split(Regex("."), "isolated")
    for name, part in others.items():
        setattr(tokenizer, name, part)
    return tokenizer


@given(text=st.text("ACGTN", max_size=80))
def test_tokens_cover_every_base_once_in_order(tokens, text):
    found = tokens.split(encode(text))
    assert found.start.tolist() == [0, *found.stop.tolist()][: len(found.ids)]
    assert [*found.stop.tolist(), len(text)][-1] == len(text)
    for word, start, stop in zip(words(tokens, encode(text)), found.start, found.stop, strict=True):
        assert word == ("[UNK]" if text[start:stop] == "N" else text[start:stop])
    assert (tokens.coverage(encode(text)) == 1).all()


def test_a_trained_vocabulary_has_its_size_special_tokens_first_and_frequent_words(tokens):
    vocabulary = tokens.tokenizer.get_vocab()
    assert len(vocabulary) == tokens.vocabulary_size == 60
    assert [vocabulary[token] for token in SPECIAL] == [0, 1, 2, 3, 4]
    assert "ATAA" in vocabulary
    assert (tokens.pad, tokens.unk, tokens.mask, tokens.prefix, tokens.suffix) == (0, 1, 4, (2,), (3,))
    assert tokens.random_ids.tolist() == list(range(5, 60))


def test_training_is_a_function_of_the_stretches_alone(file, tmp_path):
    assert saved(train_bpe(stretches(), 60), tmp_path).read_bytes() == file.read_bytes()
    assert saved(train_bpe(stretches(seed=1), 60), tmp_path).read_bytes() != file.read_bytes()


def test_no_token_is_longer_than_the_limit(tmp_path):
    repeats = SubwordTokens(saved(train_bpe(["AC" * 300] * 5, 200), tmp_path))
    assert max(map(len, repeats.tokenizer.get_vocab())) <= 16


def test_small_letters_and_other_letters_read_alike(tokens):
    assert tokens.tokenizer.encode("acgtryk").ids == tokens.tokenizer.encode("ACGTNNN").ids


def test_the_longest_sequence_fits_though_every_base_be_a_token(tokens):
    assert tokens.longest(32) == 30
    assert tokens.ids(encode("N" * 30)).shape == (32,)


def test_bases_per_token_is_what_random_dna_has(tokens):
    bases = np.random.default_rng(7).integers(0, 4, 5000, dtype=np.uint8)
    assert tokens.bases_per_token == pytest.approx(5000 / len(tokens.split(bases).ids), rel=0.05)


def test_saved_subword_tokens_open_again_with_the_same_identity(tokens, tmp_path):
    save_tokens(tokens, tmp_path, max_tokens=32)
    found = open_tokens(tmp_path, vocabulary=60)
    bases = np.random.default_rng(1).integers(0, 5, 300, dtype=np.uint8)
    assert found.ids(bases).tolist() == tokens.ids(bases).tolist()
    assert found.identity() == tokens.identity()
    assert (tmp_path / "tokenizer.json").read_bytes() == tokens.file.read_bytes()
    with pytest.raises(ValueError, match=r"needs an embedding for each of its 60 tokens; found 59"):
        open_tokens(tmp_path, vocabulary=59)
    (tmp_path / "tokens.json").write_text('{"kind": "subword", "sha256": "0"}')
    with pytest.raises(ValueError, match=r"tokens.json needs the identity of the tokenizer.json beside it, .*; found"):
        open_tokens(tmp_path, vocabulary=60)


@pytest.mark.parametrize(
    "lossy",
    [
        {"normalizer": Replace("A", "")},
        {"pre_tokenizer": Split("G", "removed")},
    ],
    ids=["without A", "without G"],
)
def test_a_tokenizer_that_loses_bases_is_refused_in_one_line(tmp_path, lossy):
    with pytest.raises(ValueError, match=r"tokenizer.json loses bases: of [ACGT]{1,20} no token, or more") as refusal:
        SubwordTokens(saved(word_level(**lossy), tmp_path))
    assert "\n" not in str(refusal.value)


def test_a_tokenizer_that_loses_the_last_bases_is_refused(tmp_path):
    tokenizer = word_level(pre_tokenizer=Whitespace(), normalizer=Replace(Regex("T+$"), ""))
    tokens = SubwordTokens(saved(tokenizer, tmp_path))
    with pytest.raises(ValueError, match=r"loses bases: of TT no token"):
        tokens.split(encode("ACGTT"))


def test_a_tokenizer_of_single_letters_reads_as_bases(tmp_path):
    tokens = SubwordTokens(saved(word_level(), tmp_path))
    bases = encode("ACGTN")
    assert "".join(words(tokens, bases)) == decode(bases)
    assert (tokens.prefix, tokens.suffix, tokens.special_count) == ((), (), 0)
    assert tokens.bases_per_token == 1.0


@pytest.mark.parametrize(
    ("template", "prefix", "suffix"),
    [("[CLS] [CLS] $A [SEP]", (2, 2), (3,)), ("[CLS] $A", (2,), ()), ("$A [SEP]", (), (3,)), ("$A", (), ())],
)
def test_special_tokens_around_a_sequence_are_read_off_the_tokenizer(tmp_path, template, prefix, suffix):
    around = TemplateProcessing(single=template, special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokens = SubwordTokens(saved(word_level(post_processor=around), tmp_path))
    assert (tokens.prefix, tokens.suffix) == (prefix, suffix)
    assert tokens.ids(encode("AC")).tolist() == tokens.tokenizer.encode("AC").ids


def test_files_that_are_no_tokenizers_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no tokenizer .*nowhere"):
        SubwordTokens(tmp_path / "nowhere")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ValueError, match=r"tokenizer.json is no tokenizer.json: "):
        SubwordTokens(tmp_path / "tokenizer.json")


def test_a_tokenizer_without_a_mask_token_is_refused(tmp_path):
    tokenizer = Tokenizer(WordLevel({"[PAD]": 0, "[UNK]": 1, "A": 2}, "[UNK]"))
    with pytest.raises(ValueError, match=r"tokenizer.json lacks a special token: \[MASK\] or <mask>"):
        SubwordTokens(saved(tokenizer, tmp_path))
