"""A mask depends on a sequence and its key, and on nothing around it."""

import numpy as np
import pytest

from genomask.alphabet import encode
from genomask.masking.base import Choice, Masking
from genomask.masking.masker import Masker
from genomask.masking.pmi import PmiReleasedMasking
from genomask.masking.settings import Corruption
from genomask.tokens.kmer import KmerTokens
from masking_strategies import STRATEGIES, TOKENS, keys_of, masked_all, masker_of, random_bases, ranking_of

LENGTHS = [120, 77, 64, 31, 12, 8, 7, 6] * 3


def equal(one, other):
    return all(
        (a.input_ids == b.input_ids).all() and (a.masked == b.masked).all() for a, b in zip(one, other, strict=True)
    )


@pytest.fixture(params=STRATEGIES)
def name(request):
    return request.param


def test_every_token_can_be_masked_and_visible_ones_stay_as_they_are(name):
    sequences = [encode("ATCGATTACAGGATNCATTACAGG"), encode("ATTACAG")]
    for row in masked_all(masker_of(name, center_probability=1.0), sequences):
        assert row.masked.all()
    for row in masked_all(masker_of(name, center_probability=0.05), random_bases(LENGTHS)):
        assert (row.input_ids[~row.masked] == row.tokens.ids[~row.masked]).all()


def test_a_sequence_in_which_nothing_is_masked_stays_as_it_is(name):
    for row in masked_all(masker_of(name, center_probability=1e-9), random_bases([40] * 50)):
        assert not row.masked.any()
        assert (row.input_ids == row.tokens.ids).all()


def test_sequences_shorter_than_a_token_pass_through(name):
    for bases in random_bases([0, 1, 5]):
        row = masker_of(name, center_probability=1.0)(bases, key=keys_of(range(1))[0])
        assert len(row.masked) == len(row.input_ids) == 0


@pytest.mark.parametrize("tokens", TOKENS.values(), ids=TOKENS)
def test_every_strategy_masks_every_kind_of_tokens(name, tokens):
    rows = masked_all(masker_of(name, tokens=tokens), random_bases([200] * 30))
    share = sum(row.masked.sum() for row in rows) / sum(len(row.masked) for row in rows)
    # Runs are short at first; where motifs are rare, single bases mask more tokens than the motifs would have.
    least, most = {"random_mask": (0.04, 0.25), "motif": (0.08, 0.35)}.get(name, (0.08, 0.25))
    assert least < share < most


def test_the_input_is_left_alone(name):
    sequences = random_bases(LENGTHS)
    before = [bases.copy() for bases in sequences]
    masked_all(masker_of(name, center_probability=0.5), sequences)
    assert all((one == other).all() for one, other in zip(before, sequences, strict=True))


def test_a_mask_depends_on_the_key_alone(name):
    sequences = random_bases(LENGTHS)
    first = masked_all(masker_of(name), sequences)
    np.random.default_rng(5).random(100)
    assert equal(masked_all(masker_of(name), sequences), first)
    assert not equal(masked_all(masker_of(name), sequences, keys_of(sequences, seed=1)), first)


def test_a_copy_with_another_probability_leaves_the_original_alone(name):
    masker = masker_of(name)
    before = masker.center_probability
    assert masker.with_probability(0.3).center_probability == 0.3
    assert masker.center_probability == before


@pytest.mark.parametrize("version", ["2023-07", "2023-09", "2025-03"])
def test_pmi_released_does_not_look_at_the_sequence(version):
    masker = Masker(PmiReleasedMasking(ranking=ranking_of(), version=version), KmerTokens())
    one, other = (masked_all(masker, random_bases([515] * 60, seed)) for seed in (1, 2))
    assert all((a.masked == b.masked).all() for a, b in zip(one, other, strict=True))


def test_pmi_looks_at_the_sequence():
    one, other = (masked_all(masker_of("pmi"), random_bases([515] * 60, seed)) for seed in (1, 2))
    assert any((a.masked != b.masked).any() for a, b in zip(one, other, strict=True))


def mean_rank_of_whole_kmers(name, sequences):
    """Mean rank of the 6-mers that are hidden whole, with nothing hidden beside them."""
    ranks, ranking = [], ranking_of()
    for bases, row in zip(sequences, masked_all(masker_of(name), sequences), strict=True):
        chosen = np.concatenate(([False], row.chosen, [False]))
        edges = np.flatnonzero(np.diff(chosen))
        ids = KmerTokens().split(bases).ids
        ranks += [ranking[ids[a] - 5] for a, b in edges.reshape(-1, 2) if b - a == 6]
    return np.mean(ranks), len(ranks)


def test_pmi_hides_k_mers_of_far_better_rank_than_span_does():
    sequences = random_bases([515] * 400)
    pmi, _ = mean_rank_of_whole_kmers("pmi", sequences)
    span, n = mean_rank_of_whole_kmers("span", sequences)
    assert pmi < 700
    assert span == pytest.approx(2048, abs=4 * 1182 / n**0.5)  # a rank has sd 4096 / sqrt(12)


@pytest.mark.parametrize(("unit", "shares"), [("token", (0.8, 0.1)), ("span", (0.8, 0.1)), ("base", (0.8, 0.1))])
def test_masked_tokens_become_the_mask_a_random_token_or_stay(unit, shares):
    masker = masker_of("random", tokens=KmerTokens(1), corruption=Corruption(unit, *shares))
    rows = masked_all(masker, random_bases([500] * 400))
    ids = np.concatenate([row.tokens.ids[row.masked] for row in rows])
    shown = np.concatenate([row.input_ids[row.masked] for row in rows])
    n, tolerance = len(ids), 6 * (0.25 / len(ids)) ** 0.5
    assert n > 20_000
    assert (shown == 4).mean() == pytest.approx(0.8, abs=tolerance)
    assert (shown == ids).mean() == pytest.approx(0.1 + 0.1 / 4, abs=tolerance)
    assert shown.max() < 9


def test_the_corruption_of_a_base_decides_for_all_tokens_that_cover_it():
    rows = masked_all(masker_of("random", corruption=Corruption("base")), random_bases([300] * 300))
    mixed = kept = 0
    for row in rows:
        edges = np.flatnonzero(np.diff(np.concatenate(([False], row.masked, [False]))))
        for start, stop in edges.reshape(-1, 2):
            if row.chosen[start : stop + 5].sum() == 1:  # one hidden base alone
                same = row.input_ids[start:stop] == row.tokens.ids[start:stop]
                masks = row.input_ids[start:stop] == 4
                kept += same.all()
                mixed += not (same.all() or masks.all() or not (same.any() or masks.any()))
    assert kept > 20
    assert mixed == 0


def test_a_mask_of_every_masked_token_shows_nothing():
    rows = masked_all(masker_of("pmi", corruption=Corruption("token", 1.0, 0.0)), random_bases([300] * 50))
    assert all((row.input_ids[row.masked] == 4).all() for row in rows)


class Weighted(Masking):
    """Hide centers; the weight of a base is its place."""

    def choose(self, sequence, probability):
        return Choice(sequence.draw_centers(probability), np.arange(len(sequence.bases), dtype=np.float32))


def test_a_token_weighs_as_much_as_the_bases_chosen_in_it():
    row = Masker(Weighted(), KmerTokens(3), probability=0.1)(random_bases([60])[0], key=keys_of(range(1))[0])
    for token in np.flatnonzero(row.masked):
        places = [place for place in range(token, token + 3) if row.chosen[place]]
        assert row.weights[token] == pytest.approx(np.mean(places))


class Wrong(Masking):
    """Return something that is no choice."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def choose(self, sequence, probability):  # noqa: ARG002
        return self.answer


@pytest.mark.parametrize(
    "answer", [None, np.zeros(3, dtype=bool), np.zeros(20), Choice(np.zeros(20, dtype=bool), np.ones(3))]
)
def test_a_strategy_that_answers_anything_else_is_named(answer):
    with pytest.raises(ValueError, match=r"Wrong.choose must return 20 (bases|weights), one for each base"):
        Masker(Wrong(answer), KmerTokens(3), probability=0.1)(random_bases([20])[0], key=keys_of(range(1))[0])
