"""Scores are the standard ones, or an error; predictions come back in the order of the test set."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef, roc_auc_score

from genomask.finetune.metrics import score
from genomask.finetune.module import CLASSES, ClassifierModule
from genomask.tasks.datamodule import ExampleBatch


def drawn(rows: int, classes: int, seed: int):
    draw = np.random.default_rng(seed)
    labels = np.concatenate((np.arange(classes), draw.integers(0, classes, rows - classes)))
    logits = draw.normal(size=(rows, classes)).round(1) + np.eye(classes)[labels]  # rounding makes ties
    return torch.tensor(logits).softmax(dim=1).float(), torch.tensor(labels)


@given(st.integers(0, 10**6), st.integers(2, 4))
def test_scores_are_those_of_scikit_learn(seed, classes):
    probability, labels = drawn(60, classes, seed)
    found = score(probability, labels)
    predicted = probability.argmax(dim=1)
    assert found.accuracy == pytest.approx(accuracy_score(labels, predicted))
    assert found.f1 == pytest.approx(f1_score(labels, predicted, average="macro"), abs=1e-6)
    assert found.mcc == pytest.approx(matthews_corrcoef(labels, predicted), abs=1e-6)
    if classes == 2:
        assert found.auc == pytest.approx(roc_auc_score(labels, probability[:, 1]), abs=1e-6)


def test_auc_beyond_two_classes_is_the_mean_of_one_against_the_rest():
    probability, labels = drawn(200, 3, 0)
    each = [roc_auc_score(labels == label, probability[:, label]) for label in range(3)]
    assert score(probability, labels).auc == pytest.approx(np.mean(each), abs=1e-6)


def test_perfect_and_collapsed_classifiers_are_told_apart():
    labels = torch.tensor([0, 1, 0, 1])
    perfect = score(torch.eye(2)[labels], labels)
    assert (perfect.accuracy, perfect.auc, perfect.collapsed) == (1, 1, False)
    collapsed = score(torch.tensor([[0.9, 0.1]]).expand(4, 2), labels)
    assert (collapsed.accuracy, collapsed.auc, collapsed.mcc, collapsed.collapsed) == (0.5, 0.5, 0, True)
    unbalanced = score(torch.tensor([[0.9, 0.1]]).expand(5, 2), torch.tensor([0, 1, 1, 0, 1]))
    assert unbalanced.mcc == matthews_corrcoef([0, 1, 1, 0, 1], [0] * 5) == 0


def test_an_undefined_auc_is_an_error_not_a_number():
    with pytest.raises(ValueError, match=r"every class in the test set; class indices \[0\] are absent"):
        score(torch.full((3, 2), 0.5), torch.ones(3, dtype=torch.long))


def test_probabilities_that_are_no_numbers_are_an_error():
    with pytest.raises(ValueError, match="diverged"):
        score(torch.full((2, 2), float("nan")), torch.tensor([0, 1]))


def test_predictions_come_back_in_the_order_of_the_test_set():
    module = ClassifierModule.__new__(ClassifierModule)
    torch.nn.Module.__init__(module)
    module.objective, module.predictions, module.rows = CLASSES, [], []
    module.logits = lambda batch: torch.stack((batch.rows.float(), -batch.rows.float()), dim=1)
    for rows in ([4, 0], [2], [3, 1]):
        index = torch.tensor(rows)
        nothing = torch.zeros(len(rows), 1, dtype=torch.uint8)
        module.test_step(ExampleBatch(nothing, index, index, index))
    assert module.predicted()[:, 0].argsort().tolist() == [0, 1, 2, 3, 4]
