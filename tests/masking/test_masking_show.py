"""What the model sees in place of masked tokens: 80 % [MASK], 10 % random, 10 % unchanged."""

import numpy as np
import pytest

from genomask.masking.settings import Corruption
from masking_strategies import masked_all, masker_of, random_bases

SIGMAS, MASK = 5, 4


def runs_of(masked):
    """Stretches of neighbouring masked tokens, as (start, stop)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], masked, [False]))))
    return edges.reshape(-1, 2)


def assert_share(count, total, share):
    error = (share * (1 - share) / total) ** 0.5
    assert count / total == pytest.approx(share, abs=SIGMAS * error)


def rows_of(*, k=6, length=515, count=400, probability=1.0, **corruption):
    masker = masker_of("random", k=k, center_probability=probability, corruption=Corruption(**corruption))
    return masked_all(masker, random_bases([length] * count))


def test_shares_of_masked_tokens_are_80_10_10_per_token():
    rows = rows_of()
    shown, original = (
        np.stack(parts) for parts in zip(*((row.input_ids, row.tokens.ids) for row in rows), strict=True)
    )
    assert all(row.masked.all() for row in rows)
    assert_share((shown == MASK).sum(), shown.size, 0.8)
    assert_share((shown == original).sum(), shown.size, 0.1 + 0.1 / 4096)
    neighbours = (shown[:, :-1] == MASK) & (shown[:, 1:] == MASK)
    assert_share(neighbours.sum(), neighbours.size, 0.64)


def random_tokens(rows):
    found = [row.input_ids[(row.input_ids != MASK) & (row.input_ids != row.tokens.ids)] for row in rows]
    return np.concatenate(found)


def test_random_tokens_are_k_mers_all_alike():
    tokens = random_tokens(rows_of())
    assert tokens.min() >= 5
    assert tokens.max() <= 4100
    counts = np.bincount((tokens - 5) // 64, minlength=64)
    expected = len(tokens) / 64
    assert (((counts - expected) ** 2 / expected).sum() - 63) / 126**0.5 < SIGMAS


def test_random_tokens_may_be_special_tokens_where_a_setting_says_so():
    tokens = random_tokens(rows_of(random_specials=True))
    assert set(tokens[tokens < 5].tolist()) == {0, 1, 2, 3}  # [MASK] is counted with the masked ones
    assert_share((tokens < 4).sum(), len(tokens), 4 / 4100)
    assert tokens.max() <= 4100


@pytest.mark.parametrize("k", [3, 5])
def test_random_tokens_are_of_the_vocabulary_of_k(k):
    tokens = random_tokens(rows_of(k=k, length=200 + k - 1, count=60))
    assert tokens.min() >= 5
    assert tokens.max() <= 4 + 4**k
    assert tokens.max() > 4 + 4**k * 0.9


def test_a_span_is_masked_replaced_or_left_as_one():
    kinds = {"mask": 0, "same": 0, "random": 0}
    for row in rows_of(probability=0.025, unit="span"):
        for start, stop in runs_of(row.masked):
            shown, original = row.input_ids[start:stop], row.tokens.ids[start:stop]
            if (shown == MASK).all():
                kinds["mask"] += 1
            elif (shown == original).all():
                kinds["same"] += 1
            else:
                kinds["random"] += 1
                assert not (shown == MASK).any()
                assert (shown == original).sum() <= 1  # by chance, 1 in 4096
    total = sum(kinds.values())
    assert total > 4000
    for kind, share in {"mask": 0.8, "same": 0.1, "random": 0.1}.items():
        assert_share(kinds[kind], total, share)


def test_what_is_shown_does_not_change_what_is_masked():
    one, *others = (rows_of(probability=0.025, count=50, unit=unit) for unit in ("token", "span", "base"))
    for other in others:
        assert all((a.masked == b.masked).all() for a, b in zip(one, other, strict=True))
