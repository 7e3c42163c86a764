"""What the model sees in place of hidden tokens: 80 % [MASK], 10 % random, 10 % unchanged."""

import pytest
import torch

from genomask.alphabet import MASK
from genomask.masking.random import RandomMasking
from masking_strategies import keys_of, random_rows

SIGMAS = 5


def runs_of(hidden):
    """Stretches of neighbouring hidden tokens, as (row, start, stop)."""
    runs = []
    for row, marks in enumerate(hidden.tolist()):
        edges = [t for t in range(1, len(marks)) if marks[t] != marks[t - 1]]
        runs += [(row, start, stop) for start, stop in zip(edges[::2], edges[1::2], strict=True)]
    return runs


def assert_share(count, total, share):
    error = (share * (1 - share) / total) ** 0.5
    assert count / total == pytest.approx(share, abs=SIGMAS * error)


@pytest.fixture(scope="module")
def rows():
    return random_rows([510] * 400)


def test_shares_of_hidden_tokens_are_80_10_10_per_token(rows):
    masked = RandomMasking(center_probability=1.0)(rows, keys_of(rows))
    shown, original = masked.input_ids[masked.hidden], rows[masked.hidden]
    assert len(original) == 400 * 510
    assert_share((shown == MASK).sum().item(), len(shown), 0.8)
    assert_share((shown == original).sum().item(), len(shown), 0.1 + 0.1 / 4096)
    neighbours = (masked.input_ids[:, 1:-2] == MASK) & (masked.input_ids[:, 2:-1] == MASK)
    assert_share(neighbours.sum().item(), neighbours.numel(), 0.64)


def random_tokens(rows, masking):
    masked = masking(rows, keys_of(rows))
    random = masked.hidden & (masked.input_ids != MASK) & (masked.input_ids != rows)
    return masked.input_ids[random]


def test_random_tokens_are_k_mers_all_alike(rows):
    tokens = random_tokens(rows, RandomMasking(center_probability=1.0))
    assert tokens.min() >= 5
    assert tokens.max() <= 4100
    counts = torch.bincount((tokens - 5) // 64, minlength=64).double()
    expected = len(tokens) / 64
    assert (((counts - expected) ** 2 / expected).sum() - 63) / 126**0.5 < SIGMAS


def test_random_tokens_may_be_special_tokens_where_that_is_asked_for(rows):
    tokens = random_tokens(rows, RandomMasking(center_probability=1.0, random_specials=True))
    assert set(tokens[tokens < 5].tolist()) == {0, 1, 2, 3}  # [MASK] is counted with the masked ones
    assert_share((tokens < 4).sum().item(), len(tokens), 4 / 4100)
    assert tokens.max() <= 4100


@pytest.mark.parametrize("k", [3, 5])
def test_random_tokens_are_of_the_vocabulary_of_k(k):
    rows = random_rows([200] * 60, k=k)
    tokens = random_tokens(rows, RandomMasking(k=k, center_probability=1.0))
    assert tokens.min() >= 5
    assert tokens.max() <= 4 + 4**k
    assert tokens.max() > 4 + 4**k * 0.9


def test_a_span_is_masked_replaced_or_left_as_one(rows):
    masked = RandomMasking(corrupt="span")(rows, keys_of(rows))
    kinds = {"mask": 0, "same": 0, "random": 0}
    for row, start, stop in runs_of(masked.hidden):
        shown, original = masked.input_ids[row, start:stop], rows[row, start:stop]
        if (shown == MASK).all():
            kinds["mask"] += 1
        elif torch.equal(shown, original):
            kinds["same"] += 1
        else:
            kinds["random"] += 1
            assert not (shown == MASK).any()
            assert (shown == original).sum() <= 1  # by chance, 1 in 4096
    total = sum(kinds.values())
    assert total > 4000
    for kind, share in {"mask": 0.8, "same": 0.1, "random": 0.1}.items():
        assert_share(kinds[kind], total, share)


def test_what_is_shown_does_not_change_what_is_hidden(rows):
    keys = keys_of(rows)
    hidden = [RandomMasking(corrupt=corrupt)(rows, keys).hidden for corrupt in ("token", "span")]
    assert torch.equal(*hidden)
