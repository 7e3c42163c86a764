"""A mask depends on a sequence and its key, and on nothing around it."""

import pytest
import torch
from genomask.masking.pmi_released import PmiReleasedMasking
from genomask.masking.span import SpanMasking
from torch.nn.functional import pad

from genomask.masking.pmi import PmiMasking
from masking_readings import rows_of
from masking_strategies import STRATEGIES, keys_of, random_rows, ranking_of

LENGTHS = [120, 77, 64, 31, 12, 5, 2, 1] * 3


def equal(one, other):
    return torch.equal(one.input_ids, other.input_ids) and torch.equal(one.hidden, other.hidden)


@pytest.fixture(params=STRATEGIES)
def name(request):
    return request.param


@pytest.mark.parametrize("corrupt", ["token", "span"])
def test_a_batch_gives_what_its_sequences_give_alone(name, corrupt):
    masking, rows = STRATEGIES[name](center_probability=0.05, corrupt=corrupt), random_rows(LENGTHS)
    keys = keys_of(rows)
    together = masking(rows, keys)
    for row, (tokens, key) in enumerate(zip(LENGTHS, keys, strict=True)):
        alone = masking(rows[row : row + 1, : tokens + 2], key[None])
        assert torch.equal(alone.hidden[0], together.hidden[row, : tokens + 2])
        assert torch.equal(alone.input_ids[0], together.input_ids[row, : tokens + 2])


def test_padding_changes_nothing_and_is_never_hidden(name):
    masking, rows = STRATEGIES[name](center_probability=0.05), random_rows(LENGTHS)
    keys = keys_of(rows)
    wide = masking(pad(rows, (0, 300)), keys)
    narrow = masking(rows, keys)
    assert torch.equal(wide.input_ids, pad(narrow.input_ids, (0, 300)))
    assert torch.equal(wide.hidden, pad(narrow.hidden, (0, 300)))


def test_special_tokens_are_never_hidden_and_everything_else_can_be(name):
    rows = rows_of(["ATCGATTACAGGATNCATTACAGG", "ATTACAG", "ATT"], 6)
    masked = STRATEGIES[name](center_probability=1.0)(rows, keys_of(rows))
    assert torch.equal(masked.hidden, (rows == 1) | (rows >= 5))
    assert torch.equal(masked.input_ids[~masked.hidden], rows[~masked.hidden])


def test_a_sequence_in_which_nothing_is_hidden_stays_as_it_is(name):
    rows = random_rows([40] * 50)
    masked = STRATEGIES[name](center_probability=1e-9)(rows, keys_of(rows))
    assert not masked.hidden.any()
    assert torch.equal(masked.input_ids, rows)


def test_sequences_shorter_than_k_pass_through(name):
    rows = torch.tensor([[2, 3], [2, 3]])
    masked = STRATEGIES[name](center_probability=1.0)(rows, keys_of(rows))
    assert not masked.hidden.any()
    assert torch.equal(masked.input_ids, rows)


def test_the_input_is_left_alone(name):
    rows = random_rows(LENGTHS)
    before, keys = rows.clone(), keys_of(rows)
    STRATEGIES[name](center_probability=0.5)(rows, keys)
    assert torch.equal(rows, before)
    assert torch.equal(keys, keys_of(rows))


def test_the_global_generator_plays_no_part(name):
    masking, rows = STRATEGIES[name](), random_rows(LENGTHS)
    state = torch.get_rng_state()
    first = masking(rows, keys_of(rows))
    torch.manual_seed(5)
    assert equal(masking(rows, keys_of(rows)), first)
    assert not equal(masking(rows, keys_of(rows, seed=1)), first)
    torch.set_rng_state(state)


def test_weights_do_not_hold_the_tables_of_a_strategy(name):
    assert not STRATEGIES[name]().state_dict()


def test_a_copy_with_another_probability_leaves_the_original_alone(name):
    masking = STRATEGIES[name]()
    before = masking.center_probability
    assert masking.with_center_probability(0.3).center_probability == 0.3
    assert masking.center_probability == before


@pytest.mark.parametrize("version", ["2023-07", "2023-09", "2025-03"])
def test_pmi_released_does_not_look_at_the_sequence(version):
    masking = PmiReleasedMasking(ranking=ranking_of(), version=version)
    rows, others = random_rows([510] * 60, seed=1), random_rows([510] * 60, seed=2)
    assert torch.equal(masking.choose(rows, keys_of(rows)), masking.choose(others, keys_of(rows)))


def test_pmi_looks_at_the_sequence():
    masking = PmiMasking(ranking=ranking_of())
    rows, others = random_rows([510] * 60, seed=1), random_rows([510] * 60, seed=2)
    assert not torch.equal(masking.choose(rows, keys_of(rows)), masking.choose(others, keys_of(rows)))


def mean_rank_of_whole_tokens(masking, rows):
    """Mean rank of the tokens in the middle of a span of 11, which are hidden whole."""
    hidden = pad(masking.choose(rows, keys_of(rows)), (1, 1))
    run = hidden.unfold(1, 13, 1)
    middle = (run[..., 1:12].all(dim=2) & ~run[..., 0] & ~run[..., 12]).nonzero() + torch.tensor([0, 5])
    ranks = torch.from_numpy(ranking_of())
    return ranks[rows[middle[:, 0], middle[:, 1]] - 5].double().mean().item()


def test_pmi_hides_tokens_of_far_better_rank_than_span_does():
    rows = random_rows([510] * 400)
    pmi, span = (mean_rank_of_whole_tokens(m, rows) for m in (PmiMasking(ranking=ranking_of()), SpanMasking()))
    assert pmi < 500
    assert span == pytest.approx(2048, abs=4 * 1182 / 40)  # of > 1600 tokens; a rank has sd 4096 / sqrt(12)


@pytest.mark.gpu
def test_masks_are_the_same_on_a_gpu(name):
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    masking, rows = STRATEGIES[name](center_probability=0.05), random_rows(LENGTHS)
    keys = keys_of(rows)
    expected = masking(rows, keys)
    found = masking.cuda()(rows.cuda(), keys.cuda())
    assert torch.equal(found.hidden.cpu(), expected.hidden)
    assert torch.equal(found.input_ids.cpu(), expected.input_ids)
