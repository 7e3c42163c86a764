"""How many tokens and bases a center takes out of sight, in the middle and at the ends of a sequence."""

import numpy as np
import pytest
import torch

from genomask.masking.draws import Stream, below, bits, sequence_keys
from genomask.masking.pmi import PmiMasking
from genomask.masking.random import RandomMasking
from masking_strategies import STRATEGIES, keys_of, random_rows, ranking_of

RARELY = 0.01


def lone_centers(tokens, count=3000):
    """Keys under which a sequence of so many tokens has a single center, and where it is."""
    keys = sequence_keys(0, 0, torch.arange(count))
    centers = below(bits(keys, stream=Stream.CENTERS, count=tokens + 2), RARELY)[:, 1:-1]
    alone = centers.sum(dim=1) == 1
    return keys[alone], centers[alone].int().argmax(dim=1) + 1


def hidden_tokens(masking, tokens, keys):
    rows = random_rows([tokens] * len(keys), k=masking.k)
    return [row.nonzero().flatten().tolist() for row in masking.choose(rows, keys)]


def bases_out_of_sight(hidden, tokens, k):
    """Bases that no visible token holds; base x is the first of token x."""
    visible = {base for t in range(1, tokens + 1) if t not in hidden for base in range(t, t + k)}
    return [base for base in range(1, tokens + k) if base not in visible]


@pytest.mark.parametrize("k", [3, 4, 5, 6])
def test_exactly_one_base_is_uncovered_by_visible_tokens_around_a_random_center(k):
    keys, centers = lone_centers(60)
    hidden = hidden_tokens(RandomMasking(k=k, center_probability=RARELY), 60, keys)
    inner = [(c, h) for c, h in zip(centers.tolist(), hidden, strict=True) if k <= c <= 60 - k]
    assert len(inner) > 500
    for center, tokens in inner:
        assert len(tokens) == k
        assert bases_out_of_sight(tokens, 60, k) == [center + k // 2]


@pytest.mark.parametrize(
    ("center", "expected"),
    [(1, [1, 2, 3, 4]), (2, [1, 2, 3, 4, 5]), (30, [28, 29, 30]), (29, [27, 28, 29, 30])],
)
def test_spans_are_clipped_at_the_ends_not_moved(center, expected):
    keys, centers = lone_centers(30)
    hidden = hidden_tokens(RandomMasking(center_probability=RARELY), 30, keys[centers == center])
    assert hidden
    assert all(tokens == expected for tokens in hidden)


@pytest.mark.parametrize("k", [3, 4, 5, 6])
def test_a_high_center_hides_all_k_bases_of_the_best_token_nearby(k):
    ranking = ranking_of(k)
    masking = PmiMasking(ranking=ranking, k=k, center_probability=RARELY)
    keys, centers = lone_centers(60)
    rows = random_rows([60] * len(keys), k=k)
    for row, center, tokens in zip(rows, centers.tolist(), hidden_tokens(masking, 60, keys), strict=True):
        near = range(max(center - (k - 1) // 2, 1), min(center + k // 2, 60) + 1)
        best = min(near, key=lambda t: ranking[row[t] - 5])
        assert tokens == list(range(max(best - k + 1, 1), min(best + k - 1, 60) + 1))
        if k < best <= 60 - k:
            assert len(tokens) == 2 * k - 1
            assert bases_out_of_sight(tokens, 60, k) == list(range(best, best + k))


def test_an_unknown_token_is_hidden_whole_only_where_no_k_mer_is_near():
    keys, centers = lone_centers(13)
    keys = keys[centers == 1]
    unknown, worst = [2, *[1] * 13, 3], [2, 1, 4100, *[1] * 11, 3]
    masking = PmiMasking(ranking=np.arange(1, 4097), center_probability=RARELY)
    for row, last in ((unknown, 6), (worst, 7)):
        hidden = masking.choose(torch.tensor([row] * len(keys)), keys)
        assert len(keys) > 10
        assert hidden[:, 1 : last + 1].all()
        assert not hidden[:, last + 1 :].any()


def test_a_single_center_is_in_the_low_half_under_floor():
    keys, _ = lone_centers(60)
    masking = PmiMasking(ranking=ranking_of(), high_half="floor", center_probability=RARELY)
    assert {len(tokens) for tokens in hidden_tokens(masking, 60, keys)} == {3, 4, 5, 6}


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("k", [4, 5, 6])
def test_no_visible_token_contains_the_base_of_a_center(name, k):
    masking = STRATEGIES[name](k=k, center_probability=0.05)
    rows = random_rows([100, 80, 37, 3, 1] * 8, k=k)
    keys = keys_of(rows)
    centers = below(bits(keys, stream=Stream.CENTERS, count=rows.shape[1]), 0.05)
    hidden = masking.choose(rows, keys)
    for row, drawn, out in zip(rows.tolist(), centers.tolist(), hidden.tolist(), strict=True):
        tokens = row.index(3) - 1
        unseen = bases_out_of_sight([t for t, is_out in enumerate(out) if is_out], tokens, k)
        assert {c + k // 2 for c in range(1, tokens + 1) if drawn[c]} <= set(unseen)


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_nominal_probability_is_15_percent_over_the_expected_span(name):
    masking = STRATEGIES[name]()
    expected = {
        "random": 0.15 / 6,  # Sec. 3
        "pmi": 0.15 / 8.5,  # Sec. 4.2
        "span": 0.15 / 8.5,
        "whole_span": 0.15 / (5 + 3.797),  # "mean(l) = 3.8" (Joshi et al., Sec. 3.1)
        "pmi_vocab": 0.15 / (5 + 9.667),  # lengths 2..10 with shares close to those of 4**n
        "pmi_released": 0.0176,
    }
    assert masking.center_probability == pytest.approx(expected[name], rel=2e-3)
