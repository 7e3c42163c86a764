"""The fast paths give what Hugging Face's plain, eager forward pass gives: logits, loss, every gradient."""

import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification

from genomask.models.forward import MaskedTokens, cls_logits, masked_logits, states

VOCAB = 69  # k = 3


def model_of(kind, *, layers=2, hidden_dropout=0.0, attention_dropout=0.0):
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=VOCAB,
        hidden_size=24,
        num_hidden_layers=layers,
        num_attention_heads=3,
        intermediate_size=40,
        max_position_embeddings=32,
        hidden_dropout_prob=hidden_dropout,
        attention_probs_dropout_prob=attention_dropout,
        num_labels=3,
        initializer_range=0.3,
        attn_implementation="eager",
    )
    return kind(config).train()


def batch_of(lengths, *, hidden=0.3):
    """Token ids, which tokens are hidden, and which are there at all; ids beyond a row's length are [PAD]."""
    generator = torch.Generator().manual_seed(len(lengths))
    there = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    token_ids = torch.randint(5, VOCAB, there.shape, generator=generator).masked_fill(~there, 0)
    return token_ids, (torch.rand(there.shape, generator=generator) < hidden) & there, there


def locate(hidden):
    """Where hidden tokens stand, row by row."""
    places = [row.nonzero().flatten().tolist() for row in hidden]
    most, width = max(1, *map(len, places)), hidden.shape[1]
    flat = [row * width + place for row, own in enumerate(places) for place in own]
    slot = [row * most + number for row, own in enumerate(places) for number in range(len(own))]
    return MaskedTokens(torch.tensor(flat, dtype=torch.int64), torch.tensor(slot, dtype=torch.int64), most)


def gradients(model, loss):
    model.zero_grad()
    loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())  # or DDP would wait forever
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def assert_same_gradients(found, wanted, **tolerance):
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, msg=lambda text, name=name: f"{name}: {text}", **tolerance)


FULL, PADDED, ALONE = (20, 20, 20), (20, 17, 5, 2), (9,)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("lengths", [FULL, PADDED, ALONE])
def test_masked_logits_and_gradients_are_those_of_the_plain_pass(layers, lengths):
    model = model_of(BertForMaskedLM, layers=layers).double()
    token_ids, hidden, there = batch_of(lengths)
    targets = token_ids[hidden]
    input_ids = token_ids.masked_fill(hidden, 4)

    plain = model(input_ids, attention_mask=there.long()).logits[hidden]
    wanted = gradients(model, cross_entropy(plain, targets, reduction="sum"))
    logits = masked_logits(model, input_ids, locate(hidden), None if lengths is FULL else there)
    found = gradients(model, cross_entropy(logits, targets, reduction="sum"))

    torch.testing.assert_close(logits, plain, rtol=1e-12, atol=1e-12)
    assert_same_gradients(found, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("lengths", [FULL, PADDED, ALONE])
def test_class_logits_and_gradients_are_those_of_the_plain_pass(layers, lengths):
    model = model_of(BertForSequenceClassification, layers=layers).double()
    token_ids, _, there = batch_of(lengths)
    labels = torch.arange(len(lengths)) % 3

    plain = model(token_ids, attention_mask=there.long()).logits
    wanted = gradients(model, cross_entropy(plain, labels))
    logits = cls_logits(model, token_ids, None if lengths is FULL else there)
    found = gradients(model, cross_entropy(logits, labels))

    torch.testing.assert_close(logits, plain, rtol=1e-12, atol=1e-12)
    assert_same_gradients(found, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("kind", [BertForMaskedLM, BertForSequenceClassification])
def test_in_single_precision_the_difference_is_rounding(monkeypatch, kind, wide):
    monkeypatch.setattr("genomask.models.products.has_wide_products", lambda: wide)
    model = model_of(kind)
    token_ids, hidden, there = batch_of(PADDED)
    plain = model(token_ids, attention_mask=there.long()).logits
    if kind is BertForMaskedLM:
        plain, logits = plain[hidden], masked_logits(model, token_ids, locate(hidden), there)
    else:
        logits = cls_logits(model, token_ids, there)
    torch.testing.assert_close(logits, plain, rtol=1e-4, atol=1e-4)
    wanted, found = (
        torch.cat([gradient.flatten() for gradient in gradients(model, values.square().sum()).values()])
        for values in (plain, logits)
    )
    assert (found - wanted).norm() < 1e-5 * wanted.norm()


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_a_batch_with_nothing_hidden_has_no_logits_and_zero_gradients(precision):
    model = model_of(BertForMaskedLM)
    token_ids, _, _ = batch_of(FULL)
    nothing = torch.zeros_like(token_ids, dtype=torch.bool)
    with torch.autocast("cpu", precision, enabled=precision is torch.bfloat16):
        logits = masked_logits(model, token_ids, locate(nothing))
    assert logits.shape == (0, VOCAB)
    loss = cross_entropy(logits.float(), token_ids[nothing], reduction="sum")
    assert loss == 0
    assert not any(gradient.any() for gradient in gradients(model, loss).values())


@pytest.mark.parametrize("lengths", [FULL, PADDED])
def test_bfloat16_stays_near_single_precision(lengths):
    model = model_of(BertForMaskedLM)
    token_ids, hidden, there = batch_of(lengths)
    attention = None if lengths is FULL else there

    def step(enabled):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            logits = masked_logits(model, token_ids, locate(hidden), attention)
        loss = cross_entropy(logits.float(), token_ids[hidden])
        return loss.item(), torch.cat([gradient.flatten() for gradient in gradients(model, loss).values()])

    (loss, exact), (rounded, near) = step(enabled=False), step(enabled=True)
    assert rounded == pytest.approx(loss, rel=2**-6)
    assert (near - exact).norm() < 2**-4 * exact.norm()


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("dropouts", [(0.3, 0.0), (0.0, 0.3), (0.2, 0.2)])
def test_dropout_falls_where_the_plain_pass_drops(dropouts, precision):
    """Rows that are alike differ by dropout alone; every logit has the mean and spread of the plain pass."""
    count = 1500
    token_ids, hidden, _ = batch_of((8,), hidden=0.4)
    token_ids, hidden = token_ids.expand(count, -1).contiguous(), hidden.expand(count, -1).contiguous()
    mlm, classifier = (
        model_of(kind, hidden_dropout=dropouts[0], attention_dropout=dropouts[1])
        for kind in (BertForMaskedLM, BertForSequenceClassification)
    )
    torch.manual_seed(1)
    with torch.autocast("cpu", precision, enabled=precision is torch.bfloat16):
        compared = [
            (masked_logits(mlm, token_ids, locate(hidden)), mlm(token_ids).logits[hidden]),
            (cls_logits(classifier, token_ids), classifier(token_ids).logits),
        ]
    for pair in compared:
        ours, plain = (logits.detach().double().view(count, -1) for logits in pair)
        varies = plain.std(dim=0) > 0  # all but the logit of [PAD], whose embedding is 0
        ours, plain = ours[:, varies], plain[:, varies]
        error = ((ours.var(dim=0) + plain.var(dim=0)) / count).sqrt()
        assert ((ours.mean(dim=0) - plain.mean(dim=0)).abs() < 6 * error).all()
        # Standard error of the log of a sample deviation: sqrt((kurtosis - 1) / 4n), for a kurtosis of 6.
        assert (ours.std(dim=0).log() - plain.std(dim=0).log()).abs().max() < 6 * (2 * 5 / (4 * count)) ** 0.5


def test_in_evaluation_nothing_is_dropped():
    model = model_of(BertForSequenceClassification, hidden_dropout=0.5, attention_dropout=0.5).eval()
    token_ids, _, there = batch_of(PADDED)
    with torch.inference_mode():
        torch.testing.assert_close(
            cls_logits(model, token_ids, there), model(token_ids, attention_mask=there.long()).logits
        )


@pytest.mark.parametrize("lengths", [FULL, PADDED])
@pytest.mark.parametrize("kind", [BertForMaskedLM, BertForSequenceClassification])
def test_states_are_the_last_hidden_states_of_the_encoder(kind, lengths):
    model = model_of(kind).eval()
    token_ids, _, there = batch_of(lengths)
    with torch.inference_mode():
        plain = model.bert(token_ids, attention_mask=there.long()).last_hidden_state
        for encoder in (model, model.bert):
            found = states(encoder, token_ids, None if lengths is FULL else there)
            torch.testing.assert_close(found[there], plain[there])
