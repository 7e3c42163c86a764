"""Statistics of paired comparisons against brute force, closed forms and scipy."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from genomask.reports.statistics import (
    EXACT_UP_TO,
    StandardError,
    Variances,
    compare,
    holm,
    interval,
    minimal_detectable_difference,
    p_value,
    planned_power,
    power,
    pretrainings_needed,
    sign_flip,
    standard_errors,
    summarise,
    t_interval,
    variances,
)

scores = st.lists(st.integers(0, 40), min_size=2, max_size=8)


@settings(max_examples=30, deadline=None)
@given(scores)
def test_the_exact_sign_flip_test_counts_all_sign_patterns(whole):
    differences = [value - 20 for value in whole]
    sums = [
        abs(sum(sign * value for sign, value in zip(signs, differences, strict=True)))
        for signs in itertools.product((-1, 1), repeat=len(differences))
    ]
    expected = np.mean([total >= abs(sum(differences)) for total in sums])
    assert sign_flip(np.array(differences, dtype=float) / 1000) == pytest.approx(expected)


def test_beyond_the_exact_test_random_flips_agree_with_scipy():
    differences = np.random.default_rng(1).normal(0.3, 1, EXACT_UP_TO + 6)
    found = stats.permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        n_resamples=99_999,
        rng=np.random.default_rng(2),
    )
    assert sign_flip(differences) == pytest.approx(float(found.pvalue), abs=0.006)


def test_ten_wins_of_ten_reach_the_floor_of_the_sign_flip_test():
    found = compare(np.linspace(0.7, 0.8, 10), np.linspace(0.6, 0.65, 10))
    assert found.p == found.permutation
    assert found.permutation == pytest.approx(2 / 2**10)
    assert found.improvement == 1


def test_a_comparison_agrees_with_scipy():
    draw = np.random.default_rng(3)
    ours, baseline = draw.normal(0.65, 0.05, 10), draw.normal(0.62, 0.05, 10)
    found, differences = compare(ours, baseline), ours - baseline
    assert found.n == 10
    assert found.difference == pytest.approx(differences.mean())
    assert found.sd == pytest.approx(stats.tstd(differences))
    bounds = stats.ttest_rel(ours, baseline).confidence_interval(0.95)
    assert found.interval == pytest.approx((bounds.low, bounds.high))
    sides = [
        stats.ttest_1samp(differences, side * 0.01, alternative=tail).pvalue
        for side, tail in ((-1, "greater"), (1, "less"))
    ]
    assert found.equivalent == pytest.approx(max(sides)), "two one-sided tests"
    assert found.improvement == pytest.approx((differences > 0).mean())
    assert found.reason == ""
    assert compare(ours, baseline) == found, "the same numbers on every call"


def test_the_interval_of_three_values_holds_the_true_mean_as_often_as_it_says():
    draw = np.random.default_rng(6)
    drawn = draw.normal(0.1, 0.02, (2000, 3))
    intervals = [t_interval(values) for values in drawn]
    held = sum(found is not None and found.low <= 0.1 <= found.high for found in intervals)
    assert 0.935 <= held / 2000 <= 0.965
    narrow = [
        stats.bootstrap((values,), np.mean, n_resamples=999, method="BCa", rng=draw).confidence_interval
        for values in drawn[:50]
    ]
    assert sum(found.low <= 0.1 <= found.high for found in narrow) < 45, "a bootstrap is too narrow for three values"
    assert t_interval(drawn[0, :1]) is None
    assert t_interval(np.full(3, 0.1)) is None


@pytest.mark.parametrize(
    ("ours", "baseline", "reason", "improvement"),
    [
        ([0.6], [0.5], "one shared draw", 1),
        ([0.5, 0.6], [0.5, 0.6], "every difference is 0", 0.5),
        ([0.75, 0.5], [0.5, 0.25], "every difference is the same", 1),
    ],
)
def test_what_the_draws_do_not_allow_is_none_with_its_reason(ours, baseline, reason, improvement):
    found = compare(np.array(ours), np.array(baseline))
    assert reason in found.reason
    assert found.improvement == pytest.approx(improvement)
    numbers = [value for value in found if isinstance(value, float)] + list(found.interval or ())
    assert np.isfinite(numbers).all()
    assert found.interval is None


def test_a_single_score_is_a_mean_without_spread():
    assert summarise(np.array([0.7])) == (1, 0.7, None, None, None)
    assert t_interval(np.array([0.7])) is None


@pytest.mark.parametrize("values", [[0.5, float("nan")], [float("inf"), 0.1]])
def test_scores_that_are_not_numbers_are_refused(values):
    with pytest.raises(ValueError, match="needs finite values; found"):
        summarise(np.array(values))
    with pytest.raises(ValueError, match="needs finite values; found"):
        compare(np.array([0.1, 0.2]), np.array(values))


def test_no_scores_and_unequal_numbers_of_scores_are_refused():
    with pytest.raises(ValueError, match="at least one value; found none"):
        summarise(np.array([]))
    with pytest.raises(ValueError, match="equal lengths; found 2 and 1"):
        compare(np.array([0.1, 0.2]), np.array([0.1]))


def test_the_interquartile_mean_ignores_the_outer_quarters():
    values = np.array([-1000.0, 1, 2, 3, 4, 5, 6, 1000])
    assert summarise(values).interquartile_mean == pytest.approx((2 + 3 + 4 + 5) / 4)
    assert summarise(values[:3]).interquartile_mean is None


def test_holm_on_the_textbook_example_and_with_a_cell_that_has_no_test():
    assert holm([0.01, None, 0.04, 0.03, 0.005]) == pytest.approx([0.03, None, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1, 1]
    assert holm([]) == []
    with pytest.raises(ValueError, match=r"between 0 and 1; found 0\.2 to 1\.5"):
        holm([0.2, 1.5])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values):
    order, rejected = np.argsort(p_values, kind="stable"), set()
    for step, place in enumerate(order):
        if p_values[place] > 0.05 / (len(p_values) - step):
            break
        rejected.add(int(place))
    corrected = holm(p_values)
    near = {
        place for place, p in enumerate(corrected) if p is not None and abs(p - 0.05) < 1e-12
    }  # rounding may tip these either way
    assert {place for place, p in enumerate(corrected) if p is not None and p <= 0.05} - near == rejected - near


def test_power_is_what_simulated_t_tests_find():
    draw, n, sd, difference = np.random.default_rng(6), 10, 0.03, 0.02
    trials = draw.normal(difference, sd, (20_000, n))
    found = (stats.ttest_1samp(trials, 0, axis=1).pvalue < 0.05).mean()
    error = StandardError(sd / n**0.5, n - 1)
    assert power(difference, error) == pytest.approx(found, abs=0.012)  # 3.5 standard errors
    assert power(0.0, error) == pytest.approx(0.05)


@pytest.mark.parametrize("n", [2, 5, 10, 30])
def test_the_detectable_difference_has_power_080_and_scales_with_the_spread(n):
    error = StandardError(0.02 / n**0.5, n - 1)
    found = minimal_detectable_difference([error])
    assert power(found, error) == pytest.approx(0.8, abs=1e-6)
    assert minimal_detectable_difference([StandardError(0.04 / n**0.5, n - 1)]) == pytest.approx(2 * found)


def crossed(draw, spread: Variances, pretrainings: int, draws: int = 10, mean: float = 0.0) -> np.ndarray:
    """Differences of pretrainings that meet the same draws, with known variances."""
    levels = [((pretrainings, 1), spread.pretraining), ((1, draws), spread.draw), ((pretrainings, draws), spread.rest)]
    return mean + sum(draw.normal(0, variance**0.5, shape) for shape, variance in levels)


SPREADS = [Variances(1e-4, 1e-4, 1e-4), Variances(9e-4, 1e-4, 1e-4), Variances(0, 1e-4, 1e-4), Variances(4e-4, 0, 1e-4)]


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("pretrainings", [2, 3, 5])
def test_intervals_over_pretrainings_hold_the_true_difference_as_often_as_they_say(spread, pretrainings):
    draw, trials = np.random.default_rng(7), 400
    drawn = [crossed(draw, spread, pretrainings) for _ in range(trials)]
    intervals = [interval(float(values.mean()), standard_errors(values)) for values in drawn]
    held = sum(found is not None and found.low <= 0 <= found.high for found in intervals)
    assert held / trials >= 0.92  # 95 % less 2.8 standard errors


def test_intervals_over_draws_alone_miss_the_true_difference_of_pretrainings():
    draw = np.random.default_rng(8)
    means = [crossed(draw, Variances(9e-4, 1e-4, 1e-4), 3).mean(axis=0) for _ in range(200)]
    held = sum(found is not None and found.low <= 0 <= found.high for found in map(t_interval, means))
    assert held / 200 < 0.5, "which is why the pretrainings are in the interval"


def test_variances_are_estimated_without_bias():
    draw, spread = np.random.default_rng(9), Variances(4e-4, 1e-4, 2e-4)
    found = np.mean([variances(crossed(draw, spread, 5)) for _ in range(2000)], axis=0)
    assert found == pytest.approx(spread, rel=0.1)


def test_equal_pretrainings_and_single_ones_have_the_error_of_the_draws():
    values = np.random.default_rng(10).normal(0.01, 0.02, 10)
    (single,) = standard_errors(values[None])
    assert single == pytest.approx((stats.sem(values), 9))
    assert standard_errors(np.stack([values] * 3)) == [pytest.approx(single)]
    assert standard_errors(np.full((3, 4), 0.1)) == []


def test_differences_whose_marginal_means_cancel_have_the_error_of_the_rest():
    values = np.array([[0.1, -0.1, 0.1, -0.1], [-0.1, 0.1, -0.1, 0.1]])
    (error,) = standard_errors(values)
    assert error == pytest.approx((np.sqrt((values**2).sum() / 3 / 8), 3))


def test_planned_power_is_what_simulated_comparisons_find():
    draw, spread = np.random.default_rng(11), Variances(1e-4, 1e-4, 1e-4)
    drawn = [crossed(draw, spread, 5, mean=0.02) for _ in range(400)]
    found = [p_value(float(values.mean()), standard_errors(values)) for values in drawn]
    share = np.mean([p is not None and p < 0.05 for p in found])
    assert planned_power(0.02, spread, 5, 10) == pytest.approx(share, abs=0.06)


def test_pretrainings_needed_are_the_fewest_with_power_080():
    spread = Variances(1e-4, 1e-4, 1e-4)
    needed = pretrainings_needed(0.02, spread, draws=10)
    assert needed is not None
    assert planned_power(0.02, spread, needed, 10) >= 0.8 > planned_power(0.02, spread, needed - 1, 10)
    assert pretrainings_needed(0.001, spread, draws=10) is None
