"""Encoders of other architectures: what they compute, how they are read, and what is refused of a folder."""

import json

import pytest
import torch
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from tokenizers.processors import TemplateProcessing
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    EsmConfig,
    GPT2Config,
    GPT2LMHeadModel,
    ModernBertConfig,
    RobertaConfig,
)

from genomask.alphabet import encode, kmer_table
from genomask.finetune.recipe import add_lora, merge_lora
from genomask.models.architectures import load_pretrained
from genomask.models.bert import load_encoder, masked_language_model, sequence_classifier
from genomask.models.export import export_encoder, open_classifier
from genomask.models.flops import shape_of, training_flops
from genomask.models.forward import MaskedTokens, cls_logits, has_fast_path, masked_logits, mean_logits, states
from genomask.models.initial import initial_model, max_tokens, model_identity
from genomask.models.settings import ModelSettings, ModernBertSettings, PretrainedSettings
from genomask.tokens.files import open_tokens
from genomask.tokens.kmer import KmerTokens
from tiny_models import drawn_classifier

WORDS = ["<cls>", "<pad>", "<eos>", "<unk>", "<mask>", *kmer_table(3), *"ACGTN"]  # in another order than ours
SIZES = {"vocab_size": len(WORDS), "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
SIZES |= {"intermediate_size": 24, "pad_token_id": 1, "initializer_range": 0.3}
CONFIGS = {
    "esm": EsmConfig(
        **SIZES, mask_token_id=4, position_embedding_type="rotary", max_position_embeddings=42, token_dropout=True,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    ),
    "roberta": RobertaConfig(
        **SIZES, max_position_embeddings=42, bos_token_id=0, eos_token_id=2, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    ),
    "modernbert": ModernBertConfig(
        **SIZES, max_position_embeddings=40, local_attention=4, global_attn_every_n_layers=2, bos_token_id=0,
        eos_token_id=2, cls_token_id=0, sep_token_id=2,
    ),
}  # fmt: skip


def tokenizer():
    """3-mers side by side, and single letters where there is none, as the Nucleotide Transformer's."""
    made = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, "<unk>"))
    made.add_special_tokens(WORDS[:5])
    made.pre_tokenizer = Split(Regex("[ACGT]{3}|."), "isolated")
    made.post_processor = TemplateProcessing(single="<cls> $A <eos>", special_tokens=[("<cls>", 0), ("<eos>", 2)])
    return made


def write_checkpoint(folder, kind, seed=0):
    torch.manual_seed(seed)
    model = AutoModelForMaskedLM.from_config(CONFIGS[kind])
    model.save_pretrained(folder)
    tokenizer().save(str(folder / "tokenizer.json"))
    names = {"cls": "<cls>", "eos": "<eos>", "mask": "<mask>", "unk": "<unk>"}
    special = {"pad_token": {"content": "<pad>"}} | {f"{role}_token": name for role, name in names.items()}
    special |= {"tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(special))
    return model.eval()


def settings_of(folder, **others):
    return PretrainedSettings(name="hf", path=str(folder), paper_batch=8, **others)


@pytest.fixture(params=CONFIGS)
def kind(request):
    return request.param


@pytest.fixture
def checkpoint(kind, tmp_path):
    folder = tmp_path / "published"
    folder.mkdir()
    return folder, write_checkpoint(folder, kind)


def batch():
    """Ids with masked tokens, which of them are masked, and which are there at all."""
    lengths = torch.tensor([20, 13, 5])
    there = torch.arange(20) < lengths[:, None]
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(5, len(WORDS), there.shape, generator=generator).masked_fill(~there, 1)
    hidden = (torch.rand(there.shape, generator=generator) < 0.3) & there
    return ids.masked_fill(hidden, 4), hidden, there, ids[hidden]


def located(hidden):
    return MaskedTokens(hidden.flatten().nonzero()[:, 0], torch.zeros(0, dtype=torch.int64), 1)


def gradients(model, logits, targets):
    model.zero_grad()
    cross_entropy(logits, targets, reduction="sum").backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}


def test_the_head_at_masked_tokens_gives_the_logits_and_gradients_of_the_plain_pass(checkpoint):
    folder, _ = checkpoint
    model = load_pretrained(settings_of(folder)).double()
    ids, hidden, there, targets = batch()
    plain = model(ids, attention_mask=there.long()).logits[hidden]
    found = masked_logits(model, ids, located(hidden), there)
    torch.testing.assert_close(found, plain, rtol=1e-10, atol=1e-10)
    wanted = gradients(model, plain, targets)
    for name, gradient in gradients(model, masked_logits(model, ids, located(hidden), there), targets).items():
        torch.testing.assert_close(gradient, wanted[name], rtol=1e-8, atol=1e-10)
    assert model(ids).logits.shape == (*ids.shape, len(WORDS)), "the model itself is as before"
    assert masked_logits(model, ids, located(torch.zeros_like(hidden)), there).shape == (0, len(WORDS))


def test_a_pretrained_model_is_trained_with_its_dropout(checkpoint):
    folder, _ = checkpoint
    model = initial_model(settings_of(folder), open_tokens(folder, vocabulary=len(WORDS)), seed=0)
    assert all(part.training for part in model.modules())


def test_a_pretrained_model_starts_from_all_of_its_weights(checkpoint):
    folder, published = checkpoint
    found = initial_model(settings_of(folder), pretrained := open_tokens(folder, vocabulary=len(WORDS)), seed=0)
    assert found.state_dict().keys() == published.state_dict().keys()
    assert all(torch.equal(found.state_dict()[name], value) for name, value in published.state_dict().items())
    assert (pretrained.pad, pretrained.mask, pretrained.prefix, pretrained.suffix) == (1, 4, (0,), (2,))
    assert max_tokens(settings_of(folder)) == 40
    assert not has_fast_path(found)


def test_exports_open_with_the_auto_classes_and_again(checkpoint, tmp_path):
    folder, published = checkpoint
    tokens, out = open_tokens(folder, vocabulary=len(WORDS)), tmp_path / "out"
    out.mkdir()
    export_encoder(load_pretrained(settings_of(folder)), out, tokens)
    ids, _, there, _ = batch()
    with torch.no_grad():
        opened = AutoModelForMaskedLM.from_pretrained(out, local_files_only=True).eval()
        wanted = published(ids, attention_mask=there.long())
        torch.testing.assert_close(opened(ids, attention_mask=there.long()).logits, wanted.logits)
        source = load_encoder(out)
        features = published.base_model(ids, attention_mask=there.long()).last_hidden_state
        torch.testing.assert_close(states(source.model, ids, there)[there], features[there])
    assert source.longest == 38
    text = "ACGTACNACGT"
    assert AutoTokenizer.from_pretrained(out)(text)["input_ids"] == source.tokens.ids(encode(text)).tolist()
    load_pretrained(settings_of(out))  # may be trained on again


def test_a_classifier_keeps_the_encoder_draws_its_head_and_opens_again(checkpoint, tmp_path):
    folder, published = checkpoint
    first, again, other = (sequence_classifier(folder, classes=3, seed=seed, hidden_dropout=0.1) for seed in (1, 1, 2))
    for name, value in first.base_model.state_dict().items():
        assert name.startswith("pooler.") or torch.equal(value, published.base_model.state_dict()[name])
    pairs = zip(first.state_dict().values(), again.state_dict().values(), strict=True)
    assert all(torch.equal(one, two) for one, two in pairs)
    assert any(not torch.equal(one, two) for one, two in zip(first.parameters(), other.parameters(), strict=True))
    first.config.id2label = {0: "low", 1: "middle", 2: "high"}
    out = tmp_path / "classifier"
    out.mkdir()
    export_encoder(first, out, open_tokens(folder, vocabulary=len(WORDS)))
    found, (ids, _, there, _) = open_classifier(out), batch()
    assert (found.classes, found.longest) == (("low", "middle", "high"), 38)
    with torch.no_grad():
        wanted = first.eval()(ids, attention_mask=there.long()).logits
        torch.testing.assert_close(cls_logits(found.model, ids, there), wanted)
        opened = AutoModelForSequenceClassification.from_pretrained(out, local_files_only=True).eval()
        torch.testing.assert_close(opened(ids, attention_mask=there.long()).logits, wanted)


@pytest.fixture(params=[*CONFIGS, "bert"])
def classifier(request, tmp_path):
    """A classifier of three classes, with what its head makes of one vector a row."""
    if request.param == "bert":
        made = drawn_classifier(classes=3).eval()
        return made, lambda vectors: made.classifier(made.bert.pooler(vectors[:, None]))
    write_checkpoint(tmp_path, request.param)
    made = sequence_classifier(tmp_path, classes=3, seed=0, hidden_dropout=0.0).eval()
    if request.param == "modernbert":
        return made, lambda vectors: made.classifier(made.head(vectors))
    return made, lambda vectors: made.classifier(vectors[:, None])


def test_a_head_reads_the_mean_over_the_tokens_of_bases(classifier):
    model, head = classifier
    ids, _, there, _ = batch()
    content = there.clone()
    content[:, [0, 3]] = False
    with torch.no_grad():
        features = states(model, ids, there)
        means = torch.stack([rows[kept].mean(dim=0) for rows, kept in zip(features, content, strict=True)])
        torch.testing.assert_close(mean_logits(model, ids, there, content), head(means))
        torch.testing.assert_close(mean_logits(model, ids, there, torch.zeros_like(there)), head(0 * means))


def test_adapters_begin_without_effect_and_alone_are_trained_beside_the_head(classifier):
    pytest.importorskip("peft")
    model, _ = classifier
    ids, _, there, _ = batch()
    names, before = list(model.state_dict()), cls_logits(model, ids, there)
    add_lora(model, rank=2, seed=0)
    after = model(ids, attention_mask=there.long()).logits
    torch.testing.assert_close(after, before)
    after.sum().backward()
    trained = {name for name, weight in model.base_model.named_parameters() if weight.grad is not None}
    assert any("lora_B" in name for name in trained)
    assert all("lora_" in name or name.startswith("pooler.") for name in trained)
    merge_lora(model)
    assert list(model.state_dict()) == names


def test_an_encoder_is_not_taken_for_a_classifier(checkpoint):
    with pytest.raises(ValueError, match=r"a ForSequenceClassification .*; found '\w+ForMaskedLM'"):
        open_classifier(checkpoint[0])


def test_the_identity_of_a_pretrained_model_is_its_content(checkpoint, tmp_path):
    folder, _ = checkpoint
    one = model_identity(settings_of(folder))
    moved = folder.rename(tmp_path / "elsewhere")
    assert model_identity(settings_of(moved)) == one
    write_checkpoint(moved, "esm", seed=1)
    assert model_identity(settings_of(moved)) != one
    hub = PretrainedSettings("hf", "someone/model", 8, revision="0" * 40)
    assert model_identity(hub) == {"format": 2, "path": "someone/model", "revision": "0" * 40}


def test_code_of_a_folder_is_refused_unless_it_is_trusted(checkpoint):
    folder, _ = checkpoint
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModelForMaskedLM": "code.Model"}}))
    (folder / "code.py").write_text("raise SystemExit('it ran')\n")
    for refusing in (lambda: load_pretrained(settings_of(folder)), lambda: load_encoder(folder)):
        with pytest.raises(
            ValueError, match=r"code of its own.* give model.trust_remote_code=true on the command line"
        ):
            refusing()
    with pytest.raises(SystemExit, match="it ran"):
        load_pretrained(settings_of(folder, trust_remote_code=True))


def test_folders_that_do_not_fit_are_refused_in_one_line(tmp_path):
    write_checkpoint(tmp_path, "esm")
    with pytest.raises(FileNotFoundError, match=r"model.path: there is no folder .*nowhere"):
        load_pretrained(settings_of(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match=r"model.path=a/b needs model.revision, a commit on the hub"):
        load_pretrained(settings_of("a/b"))
    with pytest.raises(ValueError, match=r"model.revision needs null where model.path is a folder"):
        settings_of(tmp_path, revision="main")

    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(ValueError, match=r"does not fit its config.json: it lacks esm.encoder.*\(and \d+ more\)"):
        load_pretrained(settings_of(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "unheard-of"}))
    with pytest.raises(ValueError, match=r"config.json: .*unheard-of"):
        load_pretrained(settings_of(tmp_path))
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(FileNotFoundError, match=r"holds no \*.safetensors, the only weights that are read"):
        load_pretrained(settings_of(tmp_path))


def test_a_model_that_does_not_predict_masked_tokens_is_refused(tmp_path):
    GPT2LMHeadModel(GPT2Config(vocab_size=9, n_embd=8, n_layer=1, n_head=2, n_positions=16)).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"holds no model ForMaskedLM: "):
        load_pretrained(settings_of(tmp_path))
    with pytest.raises(ValueError, match=r"holds no model ForMaskedLM: "):
        load_encoder(tmp_path)


MODERN = ModernBertSettings(
    "modernbert", 16, 2, 2, 24, hidden_dropout=0.0, attention_dropout=0.0, paper_batch=8, max_tokens=2000,
    global_every=2, local_tokens=4,
)  # fmt: skip


def test_modernbert_is_drawn_from_the_seed_at_the_sizes_of_its_settings():
    one, again, other = (masked_language_model(MODERN, KmerTokens(3), seed=seed) for seed in (0, 0, 1))
    same = [torch.equal(a, b) for a, b in zip(one.parameters(), again.parameters(), strict=True)]
    assert all(same)
    assert any(not torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert one.decoder.weight is one.model.embeddings.tok_embeddings.weight
    assert one.config.layer_types == ["full_attention", "sliding_attention"]
    assert model_identity(MODERN)["kind"] == "modernbert"
    with torch.no_grad():
        assert one.eval()(torch.full((1, 1200), 7)).logits.shape == (1, 1200, 69)  # no limit of 512


@pytest.mark.parametrize(
    ("name", "like"),
    [("modernbert", ("logo", 0.1)), ("modernbert_base", ("dnabert", 0.1))],
)
def test_modernbert_has_the_size_of_its_counterpart(name, like):
    from compose import composed

    counts = []
    for choice in (name, like[0]):
        with torch.device("meta"):
            model = masked_language_model(composed(f"model={choice}").config.model, KmerTokens(6), seed=0)
        counts.append(sum(parameter.numel() for parameter in model.parameters()))
    assert counts[0] == pytest.approx(counts[1], rel=like[1])


@pytest.mark.parametrize("name", ["esm", "roberta", "modernbert"])
@pytest.mark.parametrize("fast_path", [True, False])
def test_the_formula_counts_what_pytorch_counts(monkeypatch, name, fast_path):
    monkeypatch.setattr("genomask.models.products.has_wide_products", lambda: False)
    model = AutoModelForMaskedLM.from_config(CONFIGS[name], attn_implementation="sdpa")
    ids = torch.randint(5, len(WORDS), (3, 20))
    hidden = (torch.arange(20) < 4).expand(3, 20)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        logits = masked_logits(model, ids, located(hidden)) if fast_path else model(ids).logits
        logits.sum().backward()
    formula = training_flops(
        shape_of(model), tokens=60, squares=1200, queries=60, pairs=1200, predicted=12 if fast_path else 60
    )
    assert formula == pytest.approx(counter.get_total_flops(), rel=0.01)  # ESM's positions are a product, too


def test_bert_keeps_its_fast_path():
    bert = ModelSettings("tiny", 16, 2, 2, 24, hidden_dropout=0.0, attention_dropout=0.0, paper_batch=8)
    assert has_fast_path(masked_language_model(bert, KmerTokens(3), seed=0))
    assert not has_fast_path(masked_language_model(MODERN, KmerTokens(3), seed=0))
