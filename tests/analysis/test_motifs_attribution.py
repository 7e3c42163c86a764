"""Attribution is complete, attention is what the model computes, and seqlets are what stands out."""

import numpy as np
import pytest
import torch

from genomask.alphabet import FIRST_KMER, OTHER, PAD
from genomask.analysis.motifs.attribution import (
    FEWEST,
    WIDTH,
    Seqlet,
    against_unseen,
    attribute,
    cls_attention,
    find_seqlets,
    halves,
    integrated_gradients,
    margin,
    over_bases,
)
from genomask.models.export import Classifier
from genomask.tasks.examples import Examples, pack
from genomask.tokens.kmer import KmerTokens
from tiny_models import SETTINGS, TOKENS, tiny_classifier

K = TOKENS.k


def classifier(classes: int = 2) -> Classifier:
    """A tiny model with weights large enough for its margin to be far from linear."""
    model = tiny_classifier(classes, seed=0, head_sd=0.2)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "LayerNorm" not in name:
                weight.mul_(4)
    return Classifier(model, tuple(map(str, range(classes))), TOKENS)


def examples(*lengths: int) -> Examples:
    draw = np.random.default_rng(0)
    parts = (draw.integers(0, 4, length).astype(np.uint8) for length in lengths)
    return pack(parts, np.zeros(len(lengths), dtype=np.int64))


def tokens(found: Examples) -> torch.Tensor:
    rows = np.arange(len(found.labels))
    return TOKENS.batch(torch.from_numpy(found.padded(rows)), torch.from_numpy(found.lengths))


@pytest.mark.parametrize("classes", [2, 3])
def test_integrated_gradients_add_up_to_the_difference_of_the_margins(classes):
    made, chosen = classifier(classes), examples(30, 22, 40)
    found = attribute(
        made, chosen, target=1, steps=64, size=2,
        device=torch.device("cpu"),
    )  # fmt: skip
    assert np.abs(found.difference).min() > 1e-3, "a margin that does not move would prove nothing"
    np.testing.assert_allclose(found.gradient.sum(axis=1), found.difference, rtol=2e-3, atol=1e-5)
    inside = np.arange(40) < chosen.lengths[:, None]
    assert not found.gradient[~inside].any()
    assert not found.attention[~inside].any()


def test_more_steps_leave_less_unexplained():
    made, chosen = classifier(), examples(40, 40, 40, 40)

    def missed(steps: int) -> float:
        found = attribute(
            made, chosen, target=1, steps=steps, size=4,
            device=torch.device("cpu"),
        )  # fmt: skip
        return float(np.abs(found.gradient.sum(axis=1) - found.difference).mean())

    assert missed(32) < 0.2 * missed(2)


def test_the_margin_is_the_logit_less_the_mean_of_the_others():
    made, token_ids = classifier(3), tokens(examples(25))
    logits = made.model(token_ids).logits[0]
    embedded = made.model.bert.embeddings.word_embeddings(token_ids)
    found = margin(made.model, embedded, token_ids != PAD, 1)[0]
    torch.testing.assert_close(found, logits[1] - (logits[0] + logits[2]) / 2)


def test_special_tokens_and_padding_have_no_gradient():
    made, token_ids = classifier(), tokens(examples(20, 30))
    found = integrated_gradients(made.model, token_ids, target=0, steps=4)
    assert not found[token_ids < FIRST_KMER].any()
    assert found[token_ids >= FIRST_KMER].abs().min() > 0


def test_attention_of_the_last_layer_sums_to_the_heads_and_ignores_padding():
    made, token_ids = classifier(), tokens(examples(20, 30))
    usual = made.model.config._attn_implementation
    found = cls_attention(made.model, token_ids)
    torch.testing.assert_close(found.sum(dim=1), torch.full((2,), float(SETTINGS.heads)))
    assert not found[token_ids == PAD].any()
    assert made.model.config._attn_implementation == usual


def test_attention_is_the_softmax_of_queries_and_keys_written_out():
    made, token_ids = classifier(), tokens(examples(24))
    bert = made.model.bert
    states = bert(token_ids, output_hidden_states=True).hidden_states[-2]
    own = bert.encoder.layer[-1].attention.self
    size = SETTINGS.hidden_size // SETTINGS.heads
    expected = torch.zeros(token_ids.shape[1])
    for head in range(SETTINGS.heads):
        part = slice(head * size, (head + 1) * size)
        query, key = own.query(states)[0, 0, part], own.key(states)[0, :, part]
        expected += (key @ query / size**0.5).softmax(dim=0)
    torch.testing.assert_close(cls_attention(made.model, token_ids)[0], expected)


def test_tokens_are_handed_to_the_bases_that_they_cover():
    values = torch.tensor([[9.0, 1.0, 2.0, 4.0, 9.0]])  # [CLS], three 3-mers, [SEP]
    sequences, tokens = [np.zeros(5, dtype=np.uint8)], KmerTokens(3)
    np.testing.assert_allclose(over_bases(values, sequences, tokens, mean=True)[0], [1, 1.5, 7 / 3, 3, 4], rtol=1e-6)
    shared = over_bases(values, sequences, tokens, mean=False)[0]
    np.testing.assert_allclose(shared, np.array([1, 3, 7, 6, 4]) / 3, rtol=1e-6)
    assert shared.sum() == pytest.approx(7)


def test_a_seqlet_is_a_maximal_run_of_bases_above_one_limit_for_all_rows():
    chosen, scores = examples(50, 40), np.zeros((2, 50), np.float32)
    scores[0, 10:17] = 2
    scores[0, 30:33] = 2  # too short
    scores[1, 35:40] = 1
    scores[1, 40:50] = 9  # beyond the end
    assert find_seqlets(scores, chosen, share=0.2) == [Seqlet(0, 10, 17), Seqlet(1, 35, 40)]
    assert find_seqlets(-np.abs(scores) - 1, chosen, share=0.2) == [], "below 0 nothing speaks for the class"


def test_every_seqlet_has_a_window_elsewhere_in_its_sequence():
    chosen = examples(80, 80, WIDTH)
    seqlets = [Seqlet(0, 40, 48), Seqlet(1, 0, 6), Seqlet(2, 4, 12)]
    seen, unseen, rows = against_unseen(seqlets, chosen, np.random.default_rng(0))
    assert rows == [0, 1], "a sequence without room elsewhere is left out"
    sequence = chosen.bases[:80]
    assert seen[0].tolist() == sequence[44 - WIDTH // 2 : 44 + WIDTH // 2].tolist()
    assert (seen[1] == OTHER).sum() == WIDTH // 2 - 3
    start = next(place for place in range(80 - WIDTH + 1) if (sequence[place : place + WIDTH] == unseen[0]).all())
    assert start >= 48 or start + WIDTH <= 40


def test_odd_rows_are_kept_for_the_test():
    windows = np.repeat(np.arange(4, dtype=np.uint8)[:, None], WIDTH, axis=1)
    search, test = halves(windows, windows, [0, 1, 2, 3])
    assert search.bases[:, 0].tolist() == [0, 2, 0, 2]
    assert test.bases[:, 0].tolist() == [1, 3, 1, 3]
    assert search.positive.tolist() == [True, True, False, False]
    assert FEWEST <= WIDTH
