"""Agreement at the top (Fig. 2) and ClinVar figures, against literal readings and known answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from genomask.analysis.figure_style import save
from genomask.analysis.variants.comparison import (
    Overlap,
    areas,
    order,
    overlap_figure,
    overlaps,
    ranks,
    separation,
    shared,
)
from genomask.analysis.variants.scores import mutagenesis_figure

SETTINGS = {"reference": None, "resamples": 20, "seed": 0}


def compare(one: np.ndarray, other: np.ndarray, tops: list[int], **settings) -> list[Overlap]:
    return overlaps({"one": one, "other": other}, tops=tops, **SETTINGS | settings)


def test_the_overlap_is_the_intersection_of_two_sets():
    draw = np.random.default_rng(0)
    one, other = draw.normal(size=(2, 300))
    for row in compare(one, other, [1, 30, 200]):
        sets = [set(np.argsort(-scores)[: row.top].tolist()) for scores in (one, other)]
        assert row.overlap == len(sets[0] & sets[1]) / row.top
        assert row.low <= row.high
        assert row.chance == row.top / 300


def test_a_list_agrees_with_itself_and_its_reverse_only_by_necessity():
    scores = np.arange(100.0)
    assert [row.overlap for row in compare(scores, scores, [10, 60])] == [1, 1]
    assert [row.overlap for row in compare(scores, -scores, [10, 60])] == [0, 20 / 60]


def test_lists_of_equal_scores_agree_no_more_than_by_chance():
    (row,) = compare(np.zeros(40_000), np.zeros(40_000), [10_000])
    assert row.overlap == pytest.approx(0.25, abs=5 * np.sqrt(0.25 * 0.75 / 10_000))
    assert compare(np.zeros(50), np.zeros(50), [9]) == compare(np.zeros(50), np.zeros(50), [9])


def test_numbers_above_the_total_are_the_total_once():
    rows = compare(np.arange(30.0), -np.arange(30.0), [5, 40, 50])
    assert [(row.top, row.chance) for row in rows] == [(5, 5 / 30), (30, 1)]


def test_the_bands_hold_the_truth_of_the_population_and_narrow_with_it():
    draw = np.random.default_rng(1)
    widths = []
    for total in (500, 8_000):
        common = draw.normal(size=total)
        lists = common + 0.7 * draw.normal(size=(2, total))
        (row,) = compare(*lists, [total // 4], resamples=200)
        assert row.low < row.overlap < row.high
        widths.append(row.high - row.low)
    assert widths[1] < widths[0] / 2


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(*[st.integers(0, 5)] * 2, st.integers(0, 3)), min_size=1, max_size=30),
    st.integers(1, 40),
)
def test_a_resampled_allele_counts_as_often_as_it_was_drawn(rows, top):
    one, other, weight = np.array(rows).T
    orders = [order(-scores.astype(float), np.random.default_rng(7)) for scores in (one, other)]
    copies = [[(row, copy) for row in first for copy in range(weight[row])][:top] for first in orders]
    expected = len(set(copies[0]) & set(copies[1])) / top
    assert shared(*orders, weight.astype(np.int64), np.array([top]))[0] == pytest.approx(expected)


def test_with_a_reference_every_other_list_is_compared_with_it():
    lists = {name: np.arange(9.0) for name in "abc"}
    settings = {"tops": [3], "resamples": 5, "seed": 0}
    found = overlaps(lists, reference="b", **settings)
    assert [(row.classifier, row.reference) for row in found] == [("a", "b"), ("c", "b")]
    assert len(overlaps(lists, reference=None, **settings)) == 3
    with pytest.raises(ValueError, match=r"variants\.reference needs one of a, b, c; found 'd'"):
        overlaps(lists, reference="d", **settings)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 3)), min_size=2, max_size=40))
def test_areas_are_those_of_scikit_learn_with_ties_and_weights(rows):
    score, positive, weight = (np.array(column) for column in zip(*rows, strict=True))
    if not (weight * positive).any() or not (weight * ~positive).any():
        return
    found = areas(ranks(score.astype(float)), positive, weight.astype(np.int64))
    expected = [f(positive, score, sample_weight=weight) for f in (roc_auc_score, average_precision_score)]
    assert found == pytest.approx(expected)


def test_a_perfect_score_separates_and_an_empty_group_has_a_reason():
    names = {"classifier": "c", "variant_class": "snv", "resamples": 30, "seed": 0}
    pathogenic = np.arange(40) >= 10
    found = separation(np.arange(40.0), pathogenic, **names)
    assert (found.auroc, found.auroc_low, found.auprc, found.chance_auprc) == (1, 1, 1, 0.75)
    none = separation(np.arange(4.0), np.ones(4, bool), **names)
    assert (none.pathogenic_count, none.benign_count, none.auroc, none.reason) == (
        4,
        0,
        None,
        "no benign allele",
    )
    assert separation(np.zeros(0), np.zeros(0, bool), **names).reason == "no pathogenic and no benign allele"


def test_the_band_of_an_uninformative_score_holds_one_half():
    draw = np.random.default_rng(3)
    found = separation(
        draw.normal(size=400), draw.random(400) < 0.3,
        classifier="c", variant_class="all", resamples=200, seed=0,
    )  # fmt: skip
    assert found.auroc_low < 0.5 < found.auroc_high
    assert found.auroc_low < found.auroc < found.auroc_high


def test_both_figures_are_drawn_as_pdf_png_and_svg(tmp_path):
    rows = compare(*np.random.default_rng(0).normal(size=(2, 90)), [10, 40, 90])
    figure = overlap_figure(rows)
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].get_lines()}
    assert set(lines) == {"one", "chance"}
    assert list(lines["one"]) == [row.overlap for row in rows]
    heat = mutagenesis_figure(np.eye(4, 130), "ACGTC" * 26, first=7, title="t", label="l")
    assert [len(axes.images[0].get_array().T) for axes in heat.axes[:2]] == [100, 30]
    for stem, drawn in (("overlap", figure), ("heat", heat)):
        assert [path.stat().st_size > 1000 for path in save(drawn, tmp_path / stem)] == [True] * 3
