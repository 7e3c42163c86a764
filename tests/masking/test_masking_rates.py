"""Realised masking rates: those of 20,000 random sequences of 510 tokens, and calibration to a given one."""

import numpy as np
import pytest
import torch
from genomask.masking.pmi_released import PmiReleasedMasking
from genomask.masking.rate import match_rate, realised_rate

from genomask.masking.pmi import PmiMasking
from genomask.masking.random import RandomMasking
from masking_strategies import STRATEGIES, keys_of, random_rows, ranking_of

COUNT = 20_000
PMI = {"ranking": ranking_of(), "center_probability": 0.01765}
RELEASED = {"ranking": ranking_of()}
MEASURED = {  # percent of the tokens, mean and standard deviation over as many other sequences
    "random": (RandomMasking(), 14.05, 3.73),
    "random at PMI's probability": (RandomMasking(center_probability=0.01765), 10.09, 3.23),
    "pmi": (PmiMasking(**PMI), 14.12, 4.38),
    "pmi, floor": (PmiMasking(**PMI, high_half="floor"), 13.68, 4.45),
    "pmi, fixed": (PmiMasking(**PMI, count="fixed"), 14.45, 1.05),
    "pmi, fixed, floor": (PmiMasking(**PMI, count="fixed", high_half="floor"), 13.61, 0.95),
    "pmi, span at the center": (PmiMasking(**PMI, span_at="center"), 14.20, 4.42),
    "released, 2025-03": (PmiReleasedMasking(**RELEASED), 15.22, 3.65),
    "released, 2023-09": (PmiReleasedMasking(**RELEASED, version="2023-09"), 15.28, 3.73),
    "released, 2023-07": (PmiReleasedMasking(**RELEASED, version="2023-07"), 10.97, 3.23),
}


@pytest.fixture(scope="module")
def sequences():
    rows = random_rows([510] * COUNT)
    return list(zip(rows.split(1000), keys_of(rows).split(1000), strict=True))


@pytest.mark.parametrize("name", MEASURED)
def test_realised_rates_are_those_measured_elsewhere(name, sequences):
    masking, mean, deviation = MEASURED[name]
    share = torch.cat([masking.choose(*part).sum(dim=1) for part in sequences]).double() / 5.10
    error = deviation * (2 / COUNT) ** 0.5  # of the difference of two such means
    rounding = 0.005
    assert share.mean().item() == pytest.approx(mean, abs=4 * error + rounding)
    assert share.std().item() == pytest.approx(deviation, abs=4 * error / 2**0.5 + rounding)


def test_the_rate_of_random_masking_has_a_closed_form():
    rows = random_rows([510] * 2000)
    rate = realised_rate(RandomMasking(), rows, keys_of(rows))
    reached = np.convolve(np.ones(510), np.ones(6))[3:-2]  # centers that hide each token, fewer at the ends
    expected = (1 - 0.975**reached).mean()
    assert rate.mean == pytest.approx(expected, abs=4 * rate.standard_error)
    assert rate.standard_error == pytest.approx(0.0373 / 2000**0.5, rel=0.1)


def test_the_standard_error_is_that_of_repeated_samples():
    means, errors = [], []
    for seed in range(60):
        rows = random_rows([20, 100, 300, 510] * 25, seed=seed)
        rate = realised_rate(RandomMasking(), rows, keys_of(rows, seed))
        means.append(rate.mean)
        errors.append(rate.standard_error)
    assert np.std(means, ddof=1) == pytest.approx(np.mean(errors), rel=4 * (2 * 60) ** -0.5)


@pytest.fixture(scope="module")
def mixed():
    lengths = torch.randint(1, 511, (200,), generator=torch.Generator().manual_seed(3)).tolist()
    return random_rows(lengths + [510] * 200)


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("rate", [0.15, 0.4])
def test_any_strategy_can_be_matched_to_a_rate(name, rate, mixed):
    masking = STRATEGIES[name]()
    before, keys = masking.center_probability, keys_of(mixed)
    matched = match_rate(masking, mixed, keys, rate=rate)
    assert realised_rate(matched, mixed, keys).mean == pytest.approx(rate, abs=5e-4)
    fresh = realised_rate(matched, mixed, keys_of(mixed, seed=1))
    assert fresh.mean == pytest.approx(rate, abs=4 * 2**0.5 * fresh.standard_error)
    assert masking.center_probability == before


def test_random_masking_needs_2_67_percent_of_centers_for_15_percent_of_tokens():
    rows = random_rows([510] * 2000)
    matched = match_rate(RandomMasking(), rows, keys_of(rows), rate=0.15)
    expected = 1 - 0.85 ** (1 / 6)
    assert expected == pytest.approx(0.0267, abs=0.00005)
    error = 0.0373 / 2000**0.5 / (6 * (1 - expected) ** 5)  # of the rate, over its slope
    assert matched.center_probability == pytest.approx(expected, abs=4 * error)


def test_a_fixed_count_is_matched_where_lengths_differ(mixed):
    masking = PmiMasking(ranking=ranking_of(), count="fixed")
    lengths = (mixed >= 5).sum(dim=1)
    varied = mixed[lengths < 510]
    matched = match_rate(masking, varied, keys_of(varied), rate=0.15)
    assert realised_rate(matched, varied, keys_of(varied)).mean == pytest.approx(0.15, abs=0.001)


def test_a_rate_between_those_of_9_and_10_centers_cannot_be_matched():
    rows = random_rows([510] * 100)
    masking = PmiMasking(ranking=ranking_of(), count="fixed")
    with pytest.raises(ValueError, match=r"match_rate needs more sequences, .* a share of 0.15 .*; found '0.15"):
        match_rate(masking, rows, keys_of(rows), rate=0.15)


@pytest.mark.parametrize("rate", [0, 1.5, -0.1, True, float("nan")])
def test_a_rate_is_a_share(rate, mixed):
    with pytest.raises(ValueError, match="match_rate needs a number above 0 and at most 1; found"):
        match_rate.__wrapped__(RandomMasking(), mixed, keys_of(mixed), rate=rate)


def test_a_rate_needs_sequences_with_k_mers():
    empty = torch.tensor([[2, 3], [2, 3]])
    with pytest.raises(ValueError, match="needs sequences of at least k bases; found 'no k-mer'"):
        realised_rate(RandomMasking(), empty, keys_of(empty))
    single = random_rows([50])
    with pytest.raises(ValueError, match="needs at least 2 sequences; found 1"):
        realised_rate(RandomMasking(), single, keys_of(single))
