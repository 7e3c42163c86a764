"""Before a pretraining begins, a masking that teaches nothing is refused, an odd one named with numbers."""

import pytest
import torch
from genomask.masking.rate import realised_rate
from genomask.masking.startup import BOUNDS, expected_rate, facts, judge, measure

from genomask.alphabet import CLS, FIRST_KMER, MASK, SEP, UNK
from genomask.masking.base import MaskedBatch, Masking
from genomask.masking.random import RandomMasking

K = 3
ROWS, LENGTH = 300, 60


def tokens(content: torch.Tensor) -> torch.Tensor:
    edge = torch.ones(len(content), 1, dtype=torch.long)
    return torch.cat((CLS * edge, content, SEP * edge), dim=1)


def corpus() -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    return tokens(torch.randint(FIRST_KMER, FIRST_KMER + 4**K, (ROWS, LENGTH), generator=draw))


KEYS = torch.arange(ROWS)


def oddities(masking: Masking, token_ids: torch.Tensor, expected: float | None = None) -> list[str]:
    sample, rate = measure(masking, token_ids, KEYS), realised_rate(masking, token_ids, KEYS)
    wanted = expected_rate(masking) if expected is None else expected
    return judge(sample, rate, name="mine", expected=wanted, k=K)


class Always(RandomMasking):
    """Hides every base, or none."""

    def __init__(self, *, hide: bool) -> None:
        super().__init__(k=K)
        self.hide = hide

    def choose_bases(self, sequences):
        rows, tokens = sequences.token_ids.shape
        return torch.full((rows, tokens + self.k - 1), self.hide)


@pytest.mark.parametrize("corrupt", ["token", "span"])
@pytest.mark.parametrize("probability", [None, 0.02, 0.1])
def test_a_masking_as_it_should_be_has_nothing_odd(corrupt, probability):
    masking = RandomMasking(k=K, corrupt=corrupt, center_probability=probability)
    assert oddities(masking, corpus()) == []


def test_the_sample_is_counted_as_a_literal_loop_counts_it():
    masking, token_ids = RandomMasking(k=K), corpus()
    found, batch = measure(masking, token_ids, KEYS), masking(token_ids, KEYS)
    hidden = [
        shown
        for row, seen in zip(batch.hidden.tolist(), batch.input_ids.tolist(), strict=True)
        for is_hidden, shown in zip(row, seen, strict=True)
        if is_hidden
    ]
    kmers = token_ids[:, 1:-1].flatten().tolist()
    assert found.tokens == ROWS * LENGTH
    assert (found.hidden, found.masked) == (len(hidden), hidden.count(MASK))
    assert (found.distinct, found.commonest) == (len(set(kmers)), max(map(kmers.count, set(kmers))))
    assert facts(found, 0.14)["masked_share_of_hidden"] == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize(("hide", "count"), [(False, "0 hidden"), (True, "18,000 hidden")])
def test_a_masking_that_hides_nothing_or_everything_is_refused_with_numbers(hide, count):
    with pytest.raises(ValueError, match=rf"masking=mine needs to hide some .*18,000 in the .*'{count}'"):
        oddities(Always(hide=hide), corpus())


def test_a_corpus_of_unknown_bases_is_refused():
    with pytest.raises(ValueError, match=r"A corpus needs k-mers of A, C, G and T; found '\[UNK\] tokens"):
        oddities(RandomMasking(k=K), tokens(torch.full((ROWS, LENGTH), UNK)))


def test_a_monotonous_corpus_is_odd():
    said = oddities(RandomMasking(k=K), tokens(torch.full((ROWS, LENGTH), FIRST_KMER)))
    assert "100.0% of the tokens are the same k-mer" in said
    assert "only 1 different k-mers in 18,000 tokens" in said


def test_many_unknown_tokens_are_odd():
    token_ids = corpus()
    token_ids[:, 1:21] = UNK
    assert oddities(RandomMasking(k=K), token_ids) == ["33.3% of the tokens are [UNK]"]


@pytest.mark.parametrize(("probability", "said"), [(0.001, "hides 0.25%"), (0.4, "hides 78")])
def test_a_rate_out_of_bounds_is_odd(probability, said):
    (line,) = oddities(RandomMasking(k=K, center_probability=probability), corpus())
    assert said in line
    assert BOUNDS == (0.01, 0.5)


class HalfMasking(RandomMasking):
    """Takes every other center back, as a strategy that knows only some places does."""

    def choose_bases(self, sequences):
        chosen = super().choose_bases(sequences)
        chosen[:, ::2] = False
        return chosen


def test_a_rate_that_is_not_the_expected_one_is_odd():
    (line,) = oddities(HalfMasking(k=K), corpus())
    assert "where 14." in line
    assert "are expected" in line


class Careless(RandomMasking):
    """Shows other things than it says."""

    def __init__(self, *, way: str) -> None:
        super().__init__(k=K)
        self.way = way

    def forward(self, token_ids, keys):
        batch = super().forward(token_ids, keys)
        if self.way == "visible":
            return MaskedBatch(torch.full_like(token_ids, MASK), batch.hidden)
        if self.way == "special":
            return MaskedBatch(batch.input_ids, torch.ones_like(batch.hidden))
        return MaskedBatch(token_ids, batch.hidden)


@pytest.mark.parametrize(("way", "said"), [("visible", "leave visible"), ("special", "tokens of DNA only")])
def test_a_masking_that_touches_what_it_should_not_is_refused(way, said):
    with pytest.raises(ValueError, match=said):
        oddities(Careless(way=way), corpus())


def test_hidden_tokens_that_stay_visible_are_odd():
    assert oddities(Careless(way="shown"), corpus()) == [
        "0.0% of the hidden tokens become [MASK], where 80% are expected"
    ]
