"""The compiled loops on the CPU hide and show what the strategies' torch code does, bit for bit."""

import pytest
import torch
from genomask.masking.pmi_released import PmiReleasedMasking
from hypothesis import given, settings
from hypothesis import strategies as st

from genomask.masking import by_loop
from genomask.masking.draws import sequence_keys
from genomask.masking.pmi import PmiMasking
from genomask.masking.pmi_vocab import PmiVocabMasking
from genomask.masking.random import RandomMasking
from masking_readings import rows_of
from masking_strategies import STRATEGIES, keys_of, random_rows, ranking_of, vocabulary_of

LETTERS = st.text("ATCG", max_size=70) | st.text("ATCGATCGATCGATCGATCGN", max_size=70)
SPANS = {"count": ["bernoulli", "fixed"], "high_half": ["ceil", "floor"], "span_at": ["best", "center"]}
OWN_SETTINGS = {
    "pmi": SPANS,
    "span": SPANS,
    "pmi_released": {"version": ["2023-07", "2023-09", "2025-03"]},
}


def chosen_settings(name):
    """Any settings of a strategy; the center probability from the smallest to the largest."""
    return st.fixed_dictionaries(
        {
            "k": st.integers(3, 8),
            "center_probability": st.sampled_from([1e-9, 0.0176, 0.1, 0.5, 1.0]),
            "corrupt": st.sampled_from(["token", "span"]),
            "random_specials": st.booleans(),
            **{key: st.sampled_from(values) for key, values in OWN_SETTINGS.get(name, {}).items()},
        }
    )


def made(name, chosen, longest, share):
    if name == "pmi_vocab":
        return PmiVocabMasking(vocabulary=vocabulary_of(range(2, longest + 1), share), **chosen)
    return STRATEGIES[name](**chosen)


def assert_same(masking, rows, keys):
    assert by_loop.choose(masking, rows, keys) is not None  # or torch would be held against itself
    masked = masking(rows, keys)
    assert torch.equal(masked.hidden, masking.choose_by_torch(rows, keys))
    shown = masking.show_by_torch(rows, masked.hidden, keys)
    assert torch.equal(masked.input_ids, shown)
    assert masked.input_ids.dtype == shown.dtype


@pytest.mark.parametrize("name", STRATEGIES)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), longest=st.integers(2, 9), share=st.sampled_from([0.02, 0.5, 1.0]))
def test_loops_and_torch_mask_alike(name, data, longest, share):
    masking = made(name, data.draw(chosen_settings(name)), longest, share)
    sequences = data.draw(st.lists(LETTERS, min_size=1, max_size=6))
    sequences = [text.rjust(masking.k - 1, "A") for text in sequences]
    rows = rows_of(sequences, masking.k, width=data.draw(st.integers(0, 80)))
    if name == "pmi_released":
        rows = rows[:, : 5 + 4**masking.k]
    assert_same(masking, rows, keys_of(rows, data.draw(st.integers(0, 2**63 - 1))))


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("probability", [None, 0.05])
def test_they_do_for_batches_of_the_usual_size(name, probability):
    masking = STRATEGIES[name](center_probability=probability)
    rows = random_rows([510] * 60 + [400, 77, 31, 12, 5, 2, 1], seed=3)
    rows[5, 100:106] = 1  # the k-mers over an unknown base
    for epoch in range(5):
        assert_same(masking, rows, sequence_keys(7, epoch, torch.arange(len(rows))))


@pytest.mark.parametrize("name", STRATEGIES)
def test_they_do_for_views_and_for_no_sequences(name):
    masking, rows = STRATEGIES[name](center_probability=0.1), random_rows([60, 50, 40, 8] * 3)
    keys = keys_of(rows)
    assert_same(masking, rows[::2], keys[::2])
    assert_same(masking, rows.T.contiguous().T, keys)
    assert_same(masking, rows[:0], keys[:0])


class GcMasking(RandomMasking):
    """The README's strategy of one's own: centers at G and C only, here by an override of the draw."""

    def draw_centers(self, sequences):
        center = (sequences.token_ids - 5) >> 2 * ((self.k - 1) // 2) & 3
        return super().draw_centers(sequences) & (center >= 2)


def test_a_strategy_of_ones_own_is_asked_itself_even_if_it_inherits_from_one_that_has_a_loop():
    rows = random_rows([300] * 40)
    keys = keys_of(rows)
    own = GcMasking()
    assert by_loop.choose(own, rows, keys) is None
    masked = own(rows, keys)
    assert torch.equal(masked.hidden, own.choose_by_torch(rows, keys))
    assert torch.equal(masked.input_ids, own.show_by_torch(rows, masked.hidden, keys))
    assert 0 < masked.hidden.sum() < 0.7 * RandomMasking()(rows, keys).hidden.sum()


def test_loops_refuse_what_torch_refuses():
    rows = random_rows([1100] * 2, k=10)
    for method in ("choose", "choose_by_torch"):
        with pytest.raises(ValueError, match="at most 1024 tokens with k = 10; found 1102"):
            getattr(STRATEGIES["span"](k=10), method)(rows, keys_of(rows))
    rows = random_rows([80] * 2, k=3)
    for method in ("choose", "choose_by_torch"):
        with pytest.raises(ValueError, match="needs at most 69 tokens in a sequence; found 82"):
            getattr(PmiReleasedMasking(ranking=ranking_of(3), k=3), method)(rows, keys_of(rows))


def test_a_copy_with_another_probability_draws_with_that():
    rows = random_rows([300] * 20)
    keys = keys_of(rows)
    masking = PmiMasking(ranking=ranking_of())
    often = masking.with_center_probability(0.2)
    assert often(rows, keys).hidden.sum() > 3 * masking(rows, keys).hidden.sum()
    assert_same(often, rows, keys)
