"""Realised masking: shares of thousands of random sequences of 510 tokens, calibration, warnings, refusals."""

import numpy as np
import pytest

from genomask.alphabet import OTHER
from genomask.masking.base import Masking, Validation
from genomask.masking.calibration import USUAL, Sample, expected_share, facts, match, measure, warnings
from genomask.masking.masker import Masker, masked_bases, visibility
from genomask.masking.pmi import PmiMasking, PmiReleasedMasking, SpanMasking
from genomask.masking.random import RandomMasking
from genomask.masking.schedule import ScheduleMasking
from genomask.masking.settings import Corruption, MatchSettings
from genomask.masking.weighted import AdaptiveMasking
from genomask.tokens.kmer import KmerTokens
from masking_strategies import STRATEGIES, TOKENS, keys_of, masked_all, masker_of, random_bases, ranking_of

SMALL = 500
ELSEWHERE = 20_000  # sequences that MEASURED was measured on
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


def sample_of(lengths, seed=0):
    sequences = random_bases(lengths, seed)
    return Sample([(bases,) for bases in sequences], keys_of(sequences, seed), np.zeros(len(sequences)))


@pytest.fixture(scope="module")
def small():
    return sample_of([515] * SMALL)


@pytest.mark.parametrize("count", [1_000, pytest.param(20_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", MEASURED)
def test_realised_shares_are_those_measured_elsewhere(name, count):
    strategy, mean, deviation = MEASURED[name]
    masker, sample = Masker(strategy, KmerTokens()), sample_of([515] * count)
    share = [masker(*piece, key=key).masked.mean() * 100 for piece, key in zip(sample.pieces, sample.keys, strict=True)]
    error = deviation * (1 / count + 1 / ELSEWHERE) ** 0.5  # of the difference of two such means
    rounding = 0.005
    assert np.mean(share) == pytest.approx(mean, abs=4 * error + rounding)
    assert np.std(share) == pytest.approx(deviation, abs=4 * error / 2**0.5 + rounding)


def test_the_share_of_random_masking_has_a_closed_form(small):
    measured = measure(masker_of("random"), small)
    reached = np.convolve(np.ones(510), np.ones(6))[3:-2]  # centers that mask each token, fewer at the ends
    assert measured.share == pytest.approx((1 - 0.975**reached).mean(), abs=4 * measured.error)
    assert measured.error == pytest.approx(0.0373 / SMALL**0.5, rel=0.15)


def test_the_standard_error_is_that_of_repeated_samples():
    found = [measure(masker_of("random"), sample_of([25, 105, 305, 515] * 10, seed)) for seed in range(60)]
    errors = [each.error for each in found]
    assert np.std([each.share for each in found], ddof=1) == pytest.approx(np.mean(errors), rel=4 * (2 * 60) ** -0.5)


@pytest.fixture(scope="module")
def mixed():
    return sample_of([*np.random.default_rng(3).integers(6, 516, 60).tolist(), *[515] * 60])


@pytest.mark.parametrize(
    ("name", "target"),
    [
        *((name, target) for name in STRATEGIES for target in ({"tokens": 0.15}, {"bases": 0.05})),
        ("pmi", {"tokens": 0.4}),
    ],
)
def test_any_strategy_can_be_matched(name, target, mixed):
    masker = masker_of(name)
    before, ((of, share),) = masker.center_probability, target.items()
    matched = match(masker, mixed, **target)
    fresh = sample_of([515] * 120, seed=7)
    for sample in (mixed, fresh):
        measured = measure(matched, sample)
        seen = measured.seen
        if of == "tokens":
            reached, chance = measured.share, max(4 * 2**0.5 * measured.error, 0.02)
        else:
            reached, chance = seen.masked_bases / seen.bases, 0.012
        assert reached == pytest.approx(share, abs=5e-4 if sample is mixed else chance)
    assert masker.center_probability == before


def test_both_strategies_of_a_schedule_are_matched_before_anyone_knows_when_it_switches(mixed):
    inner = ScheduleMasking(first=AdaptiveMasking(k=2), second=RandomMasking(), switch="perplexity")
    schedule = ScheduleMasking(first=SpanMasking(), second=inner, switch="perplexity", center_probability=0.5)
    matched = match(Masker(schedule, KmerTokens()), mixed, bases=0.05)
    shares, perplexities = [], [9.0, 5.0, 4.9]
    for perplexity in perplexities:
        seen = measure(matched, mixed).seen
        shares.append(seen.masked_bases / seen.bases)
        matched.strategy.observe(Validation(perplexity, np.ones(16), np.ones(16)))
    assert shares == pytest.approx([0.05] * 3, abs=5e-4)
    last = measure(matched, mixed).seen
    assert matched.strategy.second_share(0.0) == 1
    assert last.masked_bases / last.bases == pytest.approx(0.05, abs=5e-4)
    assert schedule.center_probability == 0.5
    assert schedule.state_dict()["perplexities"] == [], "the unmatched schedule is left alone"


@pytest.mark.parametrize("tokens", TOKENS.values(), ids=TOKENS)
def test_every_kind_of_tokens_can_be_matched_on_bases(tokens, mixed):
    seen = measure(match(masker_of("pmi", tokens=tokens), mixed, bases=0.1), mixed).seen
    assert seen.masked_bases / seen.bases == pytest.approx(0.1, abs=2e-3)


def test_random_masking_needs_2_67_percent_of_centers_for_15_percent_of_tokens(small):
    expected = 1 - 0.85 ** (1 / 6)
    assert expected == pytest.approx(0.0267, abs=0.00005)
    error = 0.0373 / SMALL**0.5 / (6 * (1 - expected) ** 5)  # of the share, over its slope
    assert match(masker_of("random"), small, tokens=0.15).center_probability == pytest.approx(expected, abs=4 * error)


def test_a_share_between_those_of_9_and_10_centers_cannot_be_matched():
    masker = masker_of("pmi", count="fixed")
    with pytest.raises(
        ValueError, match=r"match.tokens=0.15 is out of reach: PmiMasking masks 15\.\d\d% of the sample's"
    ):
        match(masker, sample_of([515] * 100), tokens=0.15)


class OnlyG(Masking):
    """Hide nothing but G."""

    def choose(self, sequence, probability):
        return sequence.draw_centers(probability) & (sequence.bases == 3)


def test_a_share_beyond_what_a_strategy_can_mask_is_refused_with_the_most_it_masks():
    masker = Masker(OnlyG(), KmerTokens(1))
    with pytest.raises(
        ValueError, match=r"match.bases=0.4 is out of reach: OnlyG masks 2\d\.\d\d% of the sample's bases"
    ):
        match(masker, sample_of([200] * 50), bases=0.4)


@pytest.mark.parametrize("share", [0.0, 1.5, -0.1, 1.0])
def test_a_target_is_a_share(share):
    with pytest.raises(ValueError, match=r"match.tokens needs a share between 0 and 1"):
        MatchSettings(tokens=share)
    with pytest.raises(ValueError, match="match needs one target"):
        MatchSettings(tokens=0.1, bases=0.1)


def test_a_sample_has_two_sequences_with_tokens():
    with pytest.raises(ValueError, match="needs at least 2 sequences; found 1"):
        measure(masker_of("random"), sample_of([50]))
    with pytest.raises(ValueError, match="needs sequences of at least one token"):
        measure(masker_of("random"), sample_of([5, 5]))


def literal_visibility(rows):
    """Count base by base which are hidden, which of these a kept token shows, and what a reader pays."""
    hidden = kept = nats = 0
    for row in rows:
        for base in range(len(row.chosen)):
            over = [t for t, (a, b) in enumerate(zip(row.tokens.start, row.tokens.stop, strict=True)) if a <= base < b]
            if over and all(row.masked[t] for t in over):
                hidden += 1
                shown = any(row.input_ids[t] == row.tokens.ids[t] for t in over)
                kept += shown
                nats += 0 if shown else len(over) * np.log(4)
    return hidden, kept, nats


def test_what_is_hidden_and_shown_is_what_a_literal_count_finds():
    rows = masked_all(masker_of("pmi"), random_bases([80] * 40))
    seen = visibility(rows, KmerTokens(6))
    nats = seen.masked_tokens * np.log(seen.overlap_floor)
    assert (seen.masked_bases, seen.kept_bases, pytest.approx(nats)) == literal_visibility(rows)
    assert seen.masked_bases == sum(masked_bases(row.tokens, row.masked, 80).sum() for row in rows)


@pytest.mark.parametrize(
    ("name", "unit", "floor", "kept"),  # measured on chromosome 20
    [("random", "token", 3.0, 0.45), ("span", "token", 8.3, 0.45), ("whole_span", "token", 9.0, 0.45),
     ("random", "span", 6.2, 0.10)],
)  # fmt: skip
def test_the_overlap_floor_and_the_kept_bases_are_those_of_real_draws(name, unit, floor, kept, small):
    seen = measure(masker_of(name, corruption=Corruption(unit)), small).seen
    assert seen.overlap_floor == pytest.approx(floor, rel=0.06)
    assert seen.kept_share == pytest.approx(kept, abs=0.025)


def test_a_reader_of_single_bases_pays_the_full_price():
    masker = masker_of("random", tokens=KmerTokens(1), corruption=Corruption("token", 1.0, 0.0))
    seen = measure(masker, sample_of([200] * 50)).seen
    assert seen.overlap_floor == pytest.approx(4)
    assert seen.kept_share == 0


ROWS, LENGTH = 300, 62


def said(masker, sample, expected=None):
    measured = measure(masker, sample)
    return warnings(measured, masker, name="mine", expected=expected_share(masker) if expected is None else expected)


def constant(base):
    sequences = [np.full(LENGTH, base, dtype=np.uint8)] * ROWS
    return Sample([(bases,) for bases in sequences], keys_of(sequences), np.zeros(ROWS))


@pytest.mark.parametrize("probability", [None, 0.02, 0.1])
def test_an_ordinary_masking_has_no_warning(probability):
    assert said(masker_of("random", k=3, center_probability=probability), sample_of([LENGTH] * ROWS)) == []


class Always(Masking):
    """Hide every base, or none."""

    def __init__(self, *, every):
        super().__init__(center_probability=0.1)
        self.every = every

    def choose(self, sequence, probability):  # noqa: ARG002
        return np.full(len(sequence.bases), self.every)


@pytest.mark.parametrize(("every", "count"), [(False, "0 masked"), (True, "18,000 masked")])
def test_a_masking_of_nothing_or_everything_is_refused_with_numbers(every, count):
    with pytest.raises(ValueError, match=rf"masking=mine needs to mask some .*18,000 in the .*'{count}'"):
        said(Masker(Always(every=every), KmerTokens(3)), sample_of([LENGTH] * ROWS))


def test_a_corpus_of_unknown_bases_is_refused():
    with pytest.raises(ValueError, match=r"The corpus needs A, C, G and T; found '\[UNK\] tokens"):
        said(masker_of("random", k=3), constant(OTHER))


def test_a_monotonous_corpus_gives_warnings():
    found = said(masker_of("random", k=3), constant(0))
    assert "100.0% of the tokens are the same" in found
    assert "only 1 different tokens among 18,000" in found


def test_many_unknown_tokens_give_a_warning():
    sample = sample_of([LENGTH] * ROWS)
    for (bases,) in sample.pieces:
        bases[:20] = OTHER
    assert said(masker_of("random", k=3), sample) == ["33.3% of the tokens are [UNK]"]


@pytest.mark.parametrize("probability", [0.001, 0.4])
def test_an_unusual_share_gives_a_warning(probability):
    masker, sample = masker_of("random", k=3, center_probability=probability), sample_of([LENGTH] * ROWS)
    (line,) = said(masker, sample)
    assert line == f"masking=mine masks {measure(masker, sample).share:.2%} of the tokens; 15 % is usual"
    assert USUAL == (0.01, 0.5)


class EveryOther(RandomMasking):
    """Take every other center back, as a strategy that knows only some places does."""

    def choose(self, sequence, probability):
        chosen = super().choose(sequence, probability)
        chosen[::2] = False
        return chosen


def test_a_share_that_is_not_the_expected_one_gives_a_warning():
    (line,) = said(Masker(EveryOther(), KmerTokens(3)), sample_of([LENGTH] * ROWS))
    assert "where 14." in line
    assert "are expected" in line


def test_facts_are_those_of_the_sample():
    masker, sample = masker_of("random", k=3), sample_of([LENGTH] * ROWS)
    measured = measure(masker, sample)
    found = facts(measured, masker, 0.14)
    assert found["mask_token_share"] == pytest.approx(0.8, abs=0.02)
    assert found["sample_tokens"] == ROWS * (LENGTH - 2)
    assert found["distinct_tokens"] == 64
    assert 0 < found["kept_share_of_hidden_bases"] < found["realised_masking_rate"] * 3
