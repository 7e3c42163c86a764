"""Scores obey DNABERT's formulas, stay finite, and do not depend on how windows are batched."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genomask.alphabet import encode
from genomask.analysis.variants.scores import (
    Predictor,
    grid,
    log_probabilities,
    mean_of_strands,
    mutants,
    predict,
    predictor,
    saturate,
    scores,
)
from genomask.models.export import Classifier
from tiny_models import TOKENS, tiny_classifier


def logs(*probabilities: float) -> np.ndarray:
    p = np.array(probabilities)
    return np.log(np.stack((p, 1 - p), axis=1))


@settings(deadline=None, max_examples=50)
@given(*[st.floats(1e-6, 1 - 1e-6)] * 2)
def test_the_formulas_are_those_of_dnabert(orig, mut):
    found = scores(logs(orig), logs(mut))
    assert found.delta == pytest.approx(mut - orig)
    assert found.abs_delta == pytest.approx(abs(mut - orig))
    assert found.diff == pytest.approx((mut - orig) * max(orig, mut))
    assert found.log_odds == pytest.approx(np.log2(orig / (1 - orig)) - np.log2(mut / (1 - mut)), abs=1e-6)


def test_odds_stay_finite_where_a_probability_rounds_to_0_or_1():
    sure = log_probabilities(np.array([[-400.0, 400.0], [400.0, -400.0]]), positive=1)
    found = scores(sure[:1], sure[1:])
    assert (found.p_ref.tolist(), found.p_alt.tolist()) == ([1.0], [0.0])
    assert found.log_odds == pytest.approx(1600 / np.log(2))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-20, 20), min_size=3, max_size=3), st.integers(0, 2))
def test_the_positive_class_stands_against_all_others(logits, positive):
    (found,) = log_probabilities(np.array([logits]), positive)
    softmax = torch.tensor(logits, dtype=torch.float64).softmax(dim=0)
    assert np.exp(found[0]) == pytest.approx(float(softmax[positive]))
    assert np.exp(found).sum() == pytest.approx(1)


def test_strands_are_averaged_as_probabilities():
    assert np.exp(mean_of_strands([logs(0.2), logs(0.8)])) == pytest.approx(np.array([[0.5, 0.5]]))


@pytest.fixture(scope="module")
def toy() -> Predictor:
    return predictor(
        "toy", Classifier(tiny_classifier(2, seed=0, head_sd=3), ("no", "yes"), TOKENS), None, torch.device("cpu")
    )


def draw(count: int, *sizes: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(4, size=rng.choice(sizes)).astype(np.uint8) for _ in range(count)]


@torch.inference_mode()
def alone(toy: Predictor, bases: np.ndarray) -> float:
    token_ids = TOKENS.batch(torch.from_numpy(bases[None]), torch.tensor([len(bases)]))
    return float(toy.classifier.model(token_ids).logits.softmax(dim=1)[0, 1])


def test_windows_of_mixed_lengths_and_repeats_score_as_each_would_alone(toy):
    given = draw(9, 6, 20, 33)
    given += given[:3]
    found = predict(toy, given, batch=4, both_strands=False)
    assert np.exp(found[:, 0]) == pytest.approx([alone(toy, bases) for bases in given], abs=1e-6)
    assert (found[:3] == found[-3:]).all(), "equal windows are scored once"


def test_both_strands_are_the_mean_of_a_window_and_its_reverse_complement(toy):
    given = draw(5, 20)
    found = predict(toy, given, batch=4, both_strands=True)
    expected = [(alone(toy, bases) + alone(toy, bases[::-1].copy() ^ 1)) / 2 for bases in given]
    assert np.exp(found[:, 0]) == pytest.approx(expected, abs=1e-6)


def test_a_diverged_classifier_is_an_error():
    diverged = tiny_classifier(2, seed=0, head_sd=3)
    torch.nn.init.constant_(diverged.classifier.bias, torch.nan)
    model = predictor("toy", Classifier(diverged, ("no", "yes"), TOKENS), None, torch.device("cpu"))
    with pytest.raises(ValueError, match="logits are not all numbers"):
        predict(model, draw(2, 20), batch=4, both_strands=False)


def test_a_class_that_the_classifier_lacks_is_named(toy):
    with pytest.raises(ValueError, match=r"variants\.positive \(for toy\) needs one of no, yes; found 'maybe'"):
        predictor("toy", toy.classifier, "maybe", torch.device("cpu"))
    assert predictor("toy", toy.classifier, "no", torch.device("cpu")).positive == 0


def test_mutagenesis_makes_every_change_once_and_scores_no_change_as_0(toy):
    sequence = encode("ACGTTGCAAC")
    made = [bytes(bases) for bases in mutants(sequence)]
    assert len(made) == 40
    assert sum(text == sequence.tobytes() for text in made) == len(sequence)
    assert all(sum(a != b for a, b in zip(text, sequence, strict=True)) <= 1 for text in made)
    found = saturate(toy, sequence, batch=8, both_strands=False)
    there = [("ACGT".index(base), place) for place, base in enumerate("ACGTTGCAAC")]
    table = grid(found.delta)
    assert all(table[spot] == 0 for spot in there)
    assert np.count_nonzero(table) == 30
    changed = sequence.copy()
    changed[7] = encode("G")[0]
    assert table["ACGT".index("G"), 7] == pytest.approx(alone(toy, changed) - alone(toy, sequence), abs=1e-6)
