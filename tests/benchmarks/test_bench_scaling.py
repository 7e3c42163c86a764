"""The arithmetic of docs/scaling.md, and the deal of sequences that it rests on."""

import pytest

from benchmarks import scaling
from benchmarks.model_inputs import DNABERT, LOGO, TINY
from genomask.models.bert import masked_language_model


@pytest.mark.parametrize("ranks", [1, 3, 8])
def test_ranks_share_every_step_out(ranks):
    alone, shared = (scaling.rank_tokens(24, count, steps=2).sum(axis=1) for count in (1, ranks))
    assert alone.tolist() == shared.tolist()


def test_more_gpus_compute_less_and_exchange_more():
    steps = [scaling.step_on(LOGO, gpus) for gpus in scaling.GPUS]
    assert steps[0].exchange == 0
    assert steps[0].compute == pytest.approx(8 * steps[1].compute) == pytest.approx(64 * steps[2].compute)
    assert steps[1].exchange < steps[2].exchange
    assert 1 == steps[0].imbalance < steps[1].imbalance < steps[2].imbalance


def test_a_ring_sends_every_gradient_twice_but_for_one_share():
    step = scaling.step_on(DNABERT, 8)
    assert step.exchange == pytest.approx(2 * 7 / 8 * 4 * 89_196_549 / 300e9 + 5e-5)


def test_the_parameters_are_those_of_the_models():
    assert scaling.PARAMETERS["logo"] == masked_language_model(LOGO, seed=0).num_parameters()
    assert TINY.name not in scaling.PARAMETERS


def test_the_page_shows_every_genome_and_every_number_of_gpus(monkeypatch):
    monkeypatch.setattr(scaling, "data_rates", lambda: dict.fromkeys(
        ("count a base", "rank", "cut a segment", "shuffle a segment"), 1e-9
    ))  # fmt: skip
    data, logo, dnabert = scaling.tables()
    assert "| human genome, 3.1 Gb | 3.10 GB | 3.1 s |" in data
    for table in (logo, dnabert):
        assert [line.split(" ")[1] for line in table.splitlines()[2:]] == ["1", "8", "64"]
