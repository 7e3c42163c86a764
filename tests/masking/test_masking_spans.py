"""How many tokens and bases a center takes out of sight, in the middle and at the ends of a sequence."""

import numpy as np
import pytest

from genomask.alphabet import OTHER, encode
from genomask.masking.draws import Stream, sequence_keys, uniform
from genomask.masking.masker import Masker
from genomask.masking.pmi import PmiMasking
from genomask.masking.random import RandomMasking
from genomask.tokens.kmer import KmerTokens
from masking_strategies import STRATEGIES, keys_of, masker_of, random_bases, ranking_of

RARELY = 0.01
AROUND_CENTERS = ("random", "pmi", "span", "whole_span", "pmi_released", "random_mask", "schedule")


def lone_centers(tokens, count=3000):
    """Keys under which a sequence of so many tokens has a single center, and the token it is the center of, from 1."""
    keys = sequence_keys(0, 0, np.arange(count))
    drawn = np.stack([uniform(key, stream=Stream.CENTERS, count=tokens + 1)[1:] for key in keys]) < RARELY
    alone = drawn.sum(axis=1) == 1
    return keys[alone], drawn[alone].argmax(axis=1) + 1


def masked_tokens(masker, tokens, keys):
    sequences = random_bases([tokens + masker.tokens.k - 1] * len(keys))
    return [
        (np.flatnonzero(masker(bases, key=key).masked) + 1).tolist() for bases, key in zip(sequences, keys, strict=True)
    ]


def bases_out_of_sight(masked, tokens, k):
    """Bases that no visible token holds; base x is the first of token x."""
    visible = {base for t in range(1, tokens + 1) if t not in masked for base in range(t, t + k)}
    return [base for base in range(1, tokens + k) if base not in visible]


@pytest.mark.parametrize("k", [3, 4, 5, 6])
def test_exactly_one_base_is_uncovered_by_visible_tokens_around_a_random_center(k):
    keys, centers = lone_centers(60)
    masked = masked_tokens(masker_of("random", k=k, center_probability=RARELY), 60, keys)
    inner = [(c, h) for c, h in zip(centers.tolist(), masked, strict=True) if k <= c <= 60 - k]
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
    masked = masked_tokens(masker_of("random", center_probability=RARELY), 30, keys[centers == center])
    assert masked
    assert all(tokens == expected for tokens in masked)


@pytest.mark.parametrize("k", [3, 4, 5, 6])
def test_a_high_center_hides_all_k_bases_of_the_best_token_nearby(k):
    ranking, tokens = ranking_of(k), KmerTokens(k)
    masker = Masker(PmiMasking(ranking=ranking, center_probability=RARELY), tokens)
    keys, centers = lone_centers(60)
    for bases, key, center in zip(random_bases([60 + k - 1] * len(keys)), keys, centers.tolist(), strict=True):
        near = range(max(center - (k - 1) // 2, 1), min(center + k // 2, 60) + 1)
        ids = tokens.split(bases).ids
        best = min(near, key=lambda t: ranking[ids[t - 1] - 5])
        masked = (np.flatnonzero(masker(bases, key=key).masked) + 1).tolist()
        assert masked == list(range(max(best - k + 1, 1), min(best + k - 1, 60) + 1))
        if k < best <= 60 - k:
            assert len(masked) == 2 * k - 1
            assert bases_out_of_sight(masked, 60, k) == list(range(best, best + k))


def test_an_unknown_token_is_hidden_whole_only_where_no_k_mer_is_near():
    keys, centers = lone_centers(13)
    keys = keys[centers == 1]
    ranking = np.arange(1, 4097)
    masker = Masker(PmiMasking(ranking=ranking, center_probability=RARELY), KmerTokens())
    unknown, known = np.full(18, OTHER, dtype=np.uint8), encode("GGGGGG" + "N" * 12)  # one k-mer, of the worst rank
    assert len(keys) > 10
    for key in keys:
        for bases in (unknown, known):
            masked = masker(bases, key=key).masked
            assert masked[:6].all()
            assert not masked[6:].any()


def test_a_single_center_is_in_the_low_half_under_floor():
    keys, _ = lone_centers(60)
    masker = masker_of("pmi", high_half="floor", center_probability=RARELY)
    assert {len(tokens) for tokens in masked_tokens(masker, 60, keys)} == {3, 4, 5, 6}


@pytest.mark.parametrize("share", [0.0001, 0.25, 0.5, 1.0])
def test_the_high_share_of_the_centers_hides_a_whole_k_mer(share):
    masker = masker_of("span", high_share=share, high_half="ceil", center_probability=0.004, tokens=KmerTokens(1))
    whole = []
    for bases, key in zip(random_bases([2000] * 40), keys_of(range(40)), strict=True):
        centers = masker.strategy.centers(masker.sequence(bases, key=key), 0.004).sum()
        high = np.ceil(share * centers)
        whole.append(masker(bases, key=key).chosen.sum() / (centers + 5 * high))  # spans that overlap make it less
    assert 0.9 < np.mean(whole) <= 1


@pytest.mark.parametrize("name", [*AROUND_CENTERS, "pmi_vocab"])
@pytest.mark.parametrize("k", [4, 5, 6])
def test_no_visible_token_contains_the_base_of_a_center(name, k):
    masker = masker_of(name, k=k, center_probability=0.05)
    sequences = random_bases([n + k - 1 for n in [100, 80, 37, 3, 1] * 8])
    for bases, key in zip(sequences, keys_of(sequences), strict=True):
        row = masker(bases, key=key)
        tokens = len(row.masked)
        drawn = uniform(key, stream=Stream.CENTERS, count=tokens + 1) < 0.05
        unseen = bases_out_of_sight((np.flatnonzero(row.masked) + 1).tolist(), tokens, k)
        assert {c + k // 2 for c in range(1, tokens + 1) if drawn[c]} <= set(unseen)


@pytest.mark.parametrize("tokens", [KmerTokens(1), KmerTokens(6, stride=6), KmerTokens(3)], ids=lambda t: t.name)
@pytest.mark.parametrize("name", [name for name in STRATEGIES if name != "token"])
def test_a_strategy_hides_the_same_bases_whatever_the_tokens_but_for_the_ends(name, tokens):
    """The bases between the margins depend on the sequence alone, where centers are numbered alike."""
    strategy, (bases,), (key,) = STRATEGIES[name](), random_bases([300]), keys_of(range(1))
    masker = Masker(strategy, tokens, probability=0.02)
    row = masker(bases, key=key)
    start, stop = row.tokens.start, row.tokens.stop
    assert [row.chosen[a:b].any() for a, b in zip(start, stop, strict=True)] == row.masked.tolist()
    if tokens.margin == (0, 0):
        single = Masker(strategy, KmerTokens(1), probability=0.02)(bases, key=key)
        assert (single.chosen == row.chosen).all()
        assert (single.masked == single.chosen).all()


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_nominal_probability_is_15_percent_over_the_expected_span(name):
    expected = {
        "random": 0.15 / 6,  # Sec. 3
        "pmi": 0.15 / 8.5,  # Sec. 4.2
        "span": 0.15 / 8.5,
        "whole_span": 0.15 / (5 + 3.797),  # "mean(l) = 3.8" (Joshi et al., Sec. 3.1)
        "pmi_vocab": 0.15 / (5 + 9.667),  # lengths 2..10 with shares close to those of 4**n
        "pmi_released": 0.0176,
        "token": 0.15,
        "global_pmi": 0.0136,  # CM-GEMS' scripts
        "global_span": 0.0136,
        "random_mask": 0.15 / (5 + 3),  # runs of 1 to 9 bases, 3 on average over the phases
        "informative": 0.15 / (5 + 3),  # 3-mers
        "motif": 0.15 / (5 + 4),
        "schedule": 0.15 / 6,  # its first's
    }
    assert masker_of(name).center_probability == pytest.approx(expected[name], rel=4e-3)


def test_a_single_base_token_is_masked_with_15_percent():
    assert Masker(RandomMasking(), KmerTokens(1)).center_probability == pytest.approx(0.15)
