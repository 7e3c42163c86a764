"""Published ideas of what to mask, each against a literal reading; rates and weights that go with any of them."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from test_masking_readings import CASES, MANY, assert_reads_alike

from genomask.alphabet import OTHER, encode, kmer_code, kmer_table
from genomask.masking.base import Sequence, Validation
from genomask.masking.draws import Stream, bits, sequence_keys, uniform
from genomask.masking.global_pmi import GlobalPmiMasking, GlobalPmiReleasedMasking, GlobalSpanMasking
from genomask.masking.masker import Masker
from genomask.masking.priority import MotifMasking, VariantsMasking
from genomask.masking.random import GrowingRunMasking, RandomMasking, TokenMasking
from genomask.masking.schedule import ScheduleMasking
from genomask.masking.settings import Corruption, Rate, Weight
from genomask.masking.weighted import AdaptiveMasking, InformativeMasking
from genomask.tokens.kmer import KmerTokens
from masking_readings import (
    code_of,
    kmers_of,
    read_global,
    read_growing_runs,
    read_motif_sites,
    read_priority,
    read_token,
    read_weighted,
)
from masking_strategies import keys_of, masked_all, random_bases


def chosen(strategy, letters, *, seed=0, probability=0.1, progress=0.0, tracks=None):
    """Bases that a strategy hides in a sequence of letters, and its key."""
    masker = Masker(strategy, KmerTokens(1), probability=probability)
    (key,) = sequence_keys(seed, 0, np.zeros(1, dtype=np.int64))
    row = masker(encode(letters), None, tracks, key=key, progress=progress)
    return set(np.flatnonzero(row.chosen).tolist()), key


@example(MANY)
@given(CASES)
def test_token_masks_single_tokens(case):
    strategy = TokenMasking(**case.strategy)
    assert_reads_alike(strategy, case, lambda text, draws, _: read_token(text, case.k, draws, case.probability))
    assert strategy.expected_tokens(6.0) == 1
    assert TokenMasking().nominal_probability(6.0) == 0.15


@example(MANY)
@given(CASES)
def test_global_pmi_hides_the_best_k_mers_of_the_whole_sequence(case):
    def read(letters, draws, _):
        rank = [np.inf if kmer is None else case.ranking[code_of(kmer)] for kmer in kmers_of(letters, case.k)]
        return read_global(letters, case.k, draws, case.probability, rank.__getitem__)

    assert_reads_alike(GlobalPmiMasking(ranking=case.ranking, **case.strategy), case, read)


@example(MANY)
@given(CASES)
def test_global_span_hides_k_mers_at_ranks_that_are_drawn(case):
    def read(letters, draws, words):
        ranks = [word // 2 ** (32 - 2 * case.k) for word in words]
        return read_global(letters, case.k, draws, case.probability, ranks.__getitem__)

    assert_reads_alike(GlobalSpanMasking(k=case.k, **case.strategy), case, read)


@example(MANY)
@given(CASES)
def test_global_pmi_released_ranks_positions(case):
    case = case._replace(sequences=[letters[: 60 if case.k == 3 else 150] for letters in case.sequences])
    rank = [4**case.k] * 5 + list(case.ranking)

    def read(letters, draws, _):
        return read_global(letters, case.k, draws, case.probability, rank.__getitem__)

    assert_reads_alike(GlobalPmiReleasedMasking(ranking=case.ranking, **case.strategy), case, read)


def test_global_pmi_draws_the_centers_of_the_released_script_and_shows_where_they_fell():
    strategy = GlobalPmiMasking(ranking=np.arange(1, 4097))
    assert strategy.nominal_probability(6.0) == pytest.approx(0.0136, abs=5e-5)
    masker = Masker(strategy, KmerTokens(6))
    sequence = masker.sequence(random_bases([300])[0], key=np.int64(7))
    centers = np.flatnonzero(strategy.centers(sequence, 0.1))
    assert len(centers) == sequence.draw_centers(0.1).sum()
    assert masker.with_probability(0.1).choose(sequence).bases[centers].all()


@example(MANY, 0.5)
@given(CASES, st.sampled_from([0.0, 0.2, 0.5, 0.999]))
def test_random_mask_hides_runs_of_tokens_that_grow(case, progress):
    masker = Masker(GrowingRunMasking(**case.strategy), KmerTokens(6))
    keys = sequence_keys(case.seed, 0, np.arange(len(case.sequences)))
    for letters, key in zip(case.sequences, keys, strict=True):
        count = len(letters) + 8
        draws, lengths = (uniform(key, stream=stream, count=count) for stream in (Stream.CENTERS, Stream.SPANS))
        masked = masker(encode(letters), key=key, progress=progress).masked
        wanted = read_growing_runs(letters, draws.tolist(), lengths.tolist(), case.probability, progress)
        assert set((np.flatnonzero(masked) + 1).tolist()) == wanted


def test_controls_of_random_mask_are_settings_of_its_runs():
    text = "A" * 400
    shrinking, equal = GrowingRunMasking(bounds=[9, 1]), GrowingRunMasking(bounds=[9], lengths="equal")
    assert (shrinking.span_bases(), equal.span_bases()) == (3.0, 9.0)
    late, _ = chosen(shrinking, text, progress=0.6, probability=0.01)
    random, _ = chosen(RandomMasking(), text, progress=0.6, probability=0.01)
    assert late == random
    assert chosen(equal, text, probability=0.01)[0] == {b + d for b in random for d in range(-4, 5) if 0 <= b + d < 400}
    with pytest.raises(ValueError, match=r"masking.bounds needs odd numbers"):
        GrowingRunMasking(bounds=[2])


@given(st.text("ATCGN", min_size=1, max_size=90), st.sampled_from([2, 3]), st.sampled_from([0.05, 0.5, 1.0]))
def test_informative_hides_k_mers_in_proportion_to_the_exponential_of_their_score(letters, k, probability):
    scores = np.random.default_rng(k).normal(size=4**k)
    scores[0] = -np.inf
    strategy = InformativeMasking(scores=scores, temperature=0.5)
    found, key = chosen(strategy, letters, probability=probability)
    draws = uniform(key, stream=Stream.CENTERS, count=len(letters)).tolist()
    weights = dict(zip(kmer_table(k), np.exp(scores / 0.5).tolist(), strict=True))
    assert found == read_weighted(letters, k, draws, probability, weights.__getitem__)


def observed(strategy, **misses):
    """A validation in which each of these k-mers was met twice and had this mean probability of a miss."""
    counts, sums = np.zeros(4**strategy.k), np.zeros(4**strategy.k)
    for kmer, missed in misses.items():
        counts[kmer_code(kmer)], sums[kmer_code(kmer)] = 2, 2 * missed
    strategy.observe(Validation(4.0, sums, counts))
    return strategy


@given(st.text("ATCG", min_size=1, max_size=60))
def test_adaptive_hides_k_mers_in_proportion_to_the_bins_of_their_misses(letters):
    strategy = observed(AdaptiveMasking(k=2), AA=0.0, AT=0.504, CG=1.0)
    found, key = chosen(strategy, letters, probability=0.2)
    draws = uniform(key, stream=Stream.CENTERS, count=len(letters)).tolist()
    weights = {"AA": 1 / 101, "AT": 51 / 101, "CG": 1.0}
    mean = sum(weights.values()) / 3  # of those that were not met
    assert found == read_weighted(letters, 2, draws, 0.2, lambda kmer: weights.get(kmer, mean))


def test_adaptive_begins_with_all_k_mers_alike_and_may_prefer_easy_or_other_ones():
    strategy = AdaptiveMasking(k=2)
    before = strategy.state_dict()
    assert set(before["weights"]) == {1.0}
    easy = observed(AdaptiveMasking(k=2, harder=False), AA=0.0, AT=1.0)
    assert easy.weights[0] > easy.weights[1]
    table = {f"{a}{b}": number / 16 for number, (a, b) in enumerate((a, b) for a in "ATCG" for b in "ATCG")}
    plain, other = observed(strategy, **table), observed(AdaptiveMasking(k=2, permuted=True), **table)
    assert sorted(plain.weights) == sorted(other.weights)
    assert plain.weights.tolist() != other.weights.tolist()
    again = AdaptiveMasking(k=2)
    again.load_state_dict(plain.state_dict())
    assert again.weights.tolist() == plain.weights.tolist()


MOTIFS = [
    np.eye(4)[[0, 2, 3, 1]],
    np.array([[0.7, 0.1, 0.1, 0.1], [0, 0.5, 0.5, 0], [0.25] * 4, [0, 0, 1, 0], [0, 1, 0, 0]]),
]


def budget_of(probability, span, centers, fill):
    return int(min(probability * span, 1.0) * (centers[1] - centers[0]) + fill)


@given(st.text("ATCGATCGN", min_size=1, max_size=90), st.sampled_from([0.01, 0.1, 0.3]), st.integers(0, 99))
def test_motif_hides_motifs_whole_and_random_bases_for_the_rest(letters, probability, seed):
    strategy = MotifMasking(motifs=MOTIFS, score=0.8)
    found, key = chosen(strategy, letters, probability=probability, seed=seed)
    sites = read_motif_sites(letters, MOTIFS, 0.8)
    order, fill = (
        bits(key, stream=Stream.SPANS, count=len(sites)),
        uniform(key, stream=Stream.FILL, count=len(letters) + 1),
    )
    budget = budget_of(probability, 4.5, (0, len(letters)), fill[-1])
    assert found == read_priority(sites, (0, len(letters)), budget, order.tolist(), fill.tolist())


def test_shuffled_motifs_have_the_same_positions_in_another_order():
    plain, other = (MotifMasking(motifs=MOTIFS, shuffled=shuffled).odds for shuffled in (False, True))
    assert np.sort(plain.ravel()).tolist() == np.sort(other.ravel()).tolist()
    assert all(len(MotifMasking(motifs=[motif]).widths) == 2 for motif in MOTIFS)  # both strands


@given(st.lists(st.booleans(), min_size=1, max_size=90), st.sampled_from([0.02, 0.3]), st.sampled_from([0, 7, -3]))
def test_variants_come_first_at_their_places_or_shifted_ones(flags, probability, shift):
    size, track = len(flags), {"variants": np.array(flags, dtype=np.float32)}
    found, key = chosen(VariantsMasking(shift=shift), "A" * size, probability=probability, tracks=track)
    sites = sorted(((base + shift) % size, (base + shift) % size + 1) for base, flag in enumerate(flags) if flag)
    order, fill = bits(key, stream=Stream.SPANS, count=len(sites)), uniform(key, stream=Stream.FILL, count=size + 1)
    budget = budget_of(probability, 1, (0, size), fill[-1])
    assert found == read_priority(sites, (0, size), budget, order.tolist(), fill.tolist())


@pytest.mark.parametrize(
    ("settings", "shares"),
    [
        ({"switch": "at", "at": 0.3}, {0.0: 0, 0.29: 0, 0.3: 1, 0.9: 1}),
        ({"switch": "stairs"}, {0.0: 0, 0.0099: 0, 0.01: 0.01, 0.555: 0.55, 0.999: 0.99}),
        ({"switch": "mixed", "at": 0.25}, {0.0: 0.25, 0.9: 0.25}),
    ],
)
def test_a_schedule_gives_each_sequence_to_one_of_two_strategies(settings, shares):
    first, second = RandomMasking(), GrowingRunMasking(bounds=[7], lengths="equal")
    masker = Masker(ScheduleMasking(first=first, second=second, **settings), KmerTokens(6))
    parts = [Masker(part, KmerTokens(6)) for part in (first, second)]
    keys = sequence_keys(1, 0, np.arange(400))
    (bases,) = random_bases([300])
    for progress, share in shares.items():
        seconds = 0
        for key in keys:
            own, one, other = (m(bases, key=key, progress=progress).chosen.tolist() for m in (masker, *parts))
            assert own in (one, other)
            is_second = uniform(key, stream=Stream.PARTS, count=1)[0] < share
            assert own == (other if is_second else one)
            seconds += is_second
        assert seconds / 400 == pytest.approx(share, abs=4 * (share * (1 - share) / 400) ** 0.5 + 1e-9)


def literally_hard(perplexities, threshold):
    """CM-GEMS: hard if there are two evaluations, and the smallest change between consecutive ones is below."""
    changes = [abs(b - a) for a, b in pairwise(perplexities)]
    return len(changes) > 0 and min(changes) < threshold


@given(st.lists(st.floats(1, 50), max_size=6), st.sampled_from([0.5, 1.0, 4.0]))
def test_a_schedule_by_perplexity_switches_for_good_when_it_stops_changing(perplexities, threshold):
    def make():
        return ScheduleMasking(first=RandomMasking(), second=RandomMasking(), switch="perplexity", threshold=threshold)

    schedule, was = make(), 0.0
    for count, perplexity in enumerate(perplexities, start=1):
        schedule.observe(Validation(perplexity, np.empty(0), np.empty(0)))
        now = schedule.second_share(0.5)
        assert now == literally_hard(perplexities[:count], threshold)
        assert now >= was
        was = now
    resumed = make()
    resumed.load_state_dict(schedule.state_dict())
    assert resumed.second_share(0.1) == schedule.second_share(0.9)


def test_a_schedule_keeps_the_state_of_its_parts_and_both_keep_their_nominal_share():
    schedule = ScheduleMasking(first=AdaptiveMasking(k=2), second=GlobalSpanMasking())
    observed_parts = Validation(4.0, np.arange(16) / 16, np.ones(16))
    schedule.observe(observed_parts)
    again = ScheduleMasking(first=AdaptiveMasking(k=2), second=GlobalSpanMasking())
    again.load_state_dict(schedule.state_dict())
    assert again.state_dict() == schedule.state_dict()
    assert again.first.weights.tolist() == schedule.first.weights.tolist()
    assert ScheduleMasking(first=RandomMasking(), second=RandomMasking()).state_dict() == {}
    with pytest.raises(ValueError, match=r"masking\.second needs a strategy that hides bases"):
        ScheduleMasking(first=RandomMasking(), second=TokenMasking())


SEQUENCE = Sequence(np.zeros(9, dtype=np.uint8), (0, 9), np.int64(5))


@pytest.mark.parametrize(
    ("rate", "at"),
    [
        (Rate(), {0.0: 0.15, 0.9: 0.15}),
        (Rate("linear", 0.30, 0.15), {0.0: 0.30, 0.5: 0.225, 1.0: 0.15}),
        (Rate("cosine", 0.15, 0.40), {0.0: 0.15, 0.25: 0.15 + 0.125 * (1 - 0.5**0.5), 0.5: 0.275, 1.0: 0.40}),
        (Rate("two_stage", 0.15, 0.20, switch=0.8), {0.79: 0.15, 0.8: 0.20}),
    ],
)
def test_rates_follow_their_shapes(rate, at):
    for progress, share in at.items():
        assert rate.share(progress) == pytest.approx(share)
        scaled = rate.scale(0.03, SEQUENCE._replace(progress=progress))
        assert scaled == pytest.approx(0.03 * share / 0.15)
    steps = np.mean([rate.share(progress) for progress in np.arange(0.0005, 1, 0.001)])
    assert rate.mean() == pytest.approx(steps / 0.15, rel=1e-3)


def test_the_constant_rate_changes_no_bit_of_a_probability():
    for probability in (0.0137, 0.15, 1.0):
        assert Rate().scale(probability, SEQUENCE) == probability


def test_beta_draws_a_share_for_every_sequence_with_the_mean_and_spread_of_the_distribution():
    rate, keys = Rate(concentration=4.0), sequence_keys(0, 0, np.arange(4000))
    drawn = np.array([rate.scale(0.15, SEQUENCE._replace(key=key)) for key in keys])
    variance = 0.15 * 0.85 / 5  # of a Beta distribution whose parameters sum to 4
    assert drawn.mean() == pytest.approx(0.15, abs=4 * (variance / 4000) ** 0.5)
    assert drawn.var() == pytest.approx(variance, rel=0.1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rate("bent"), r"rate.shape needs one of constant, linear, cosine, two_stage"),
        (lambda: Rate("linear", 1.5), r"rate.first needs a share between 0 and 1; found 1.5"),
        (lambda: Rate("constant", 0.3), r"rate.last needs rate.first = 0.3, where rate.shape=constant"),
        (lambda: Rate(concentration=0.0), r"rate.concentration needs a positive number, or null"),
        (lambda: Weight("length"), r"weight.by needs one of none, repeats, entropy, track"),
        (lambda: Weight("repeats", least=2.0), r"weight.least needs a number from 0 to 1"),
        (lambda: Weight("entropy", window=1), r"weight.window needs at least 2 bases"),
    ],
)
def test_impossible_rates_and_weights_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def weights_of(weight, bases, **others):
    masker = Masker(RandomMasking(), KmerTokens(1), weight=weight)
    return masker.choose(masker.sequence(bases, key=np.int64(3), **others)).weights


def test_repeats_count_the_least_weight():
    lower = np.array([True, False, False, True])
    found = weights_of(Weight("repeats", least=0.01), np.zeros(4, dtype=np.uint8), lower=lower)
    assert found.tolist() == pytest.approx([0.01, 1, 1, 0.01])
    with pytest.raises(ValueError, match="weight=repeats needs a genome with lower-case letters"):
        weights_of(Weight("repeats"), np.zeros(4, dtype=np.uint8))


@given(st.text("ATCGN", min_size=1, max_size=40), st.sampled_from([2, 5, 8]))
def test_entropy_is_that_of_the_bases_around(letters, window):
    found = weights_of(Weight("entropy", least=0.1, window=window), encode(letters))
    for place in range(len(letters)):
        around = letters[max(place - window // 2, 0) : place + (window + 1) // 2].replace("N", "")
        shares = [around.count(base) / len(around) for base in set(around)]
        assert found[place] == pytest.approx(max(-sum(p * np.log2(p) for p in shares) / 2, 0.1), abs=1e-6)


def test_a_track_is_a_weight_by_its_name_or_as_the_only_one():
    values, bases = np.array([0.0, 2.5, 1.0], dtype=np.float32), np.zeros(3, dtype=np.uint8)
    for weight in (Weight("track"), Weight("track", track="a")):
        assert weights_of(weight, bases, tracks={"a": values}).tolist() == pytest.approx([0.1, 2.5, 1.0])
    for tracks in ({}, {"a": values, "b": values}):
        with pytest.raises(ValueError, match=r"weight.track needs"):
            weights_of(Weight("track"), bases, tracks=tracks)


def test_permuted_weights_are_the_same_weights_at_other_bases():
    values, bases = np.arange(1, 50, dtype=np.float32), np.zeros(49, dtype=np.uint8)
    found = weights_of(Weight("track", permuted=True), bases, tracks={"a": values})
    assert sorted(found.tolist()) == values.tolist()
    assert found.tolist() != values.tolist()


def test_weights_of_bases_become_those_of_the_tokens_that_hide_them():
    (bases,) = random_bases([60])
    lower = np.arange(60) < 30
    masker = Masker(RandomMasking(), KmerTokens(1), Corruption(), weight=Weight("repeats", least=0.0))
    row = masker.with_probability(0.5)(bases, lower, key=keys_of([bases])[0])
    assert row.weights[row.masked].tolist() == (~lower[row.masked]).astype(float).tolist()
    assert masked_all(Masker(RandomMasking(), KmerTokens(1)), [bases])[0].weights is None


def test_unknown_bases_are_no_k_mer():
    strategy = InformativeMasking(scores=np.zeros(16))
    bases = np.full(20, OTHER, dtype=np.uint8)
    assert not Masker(strategy, KmerTokens(1), probability=1.0)(bases, key=np.int64(1)).chosen.any()
