"""Negatives of promoters: some parts stay, the others are drawn anew, as the settings say."""

from math import comb

import numpy as np
import pytest

from genomask.tasks.promoters import Negatives, draw_negatives
from genomask.tasks.readers import read_rows

DESCRIBED = {
    "parts": 20,
    "kept": 8,
    "breakpoints": "equal",
    "keep_last": False,
    "redraw_copies": True,
    "seed": 0,
}
RNG = np.random.default_rng(0)
PROMOTERS = RNG.integers(4, size=(4_000, 300), dtype=np.uint8)


def drawn(**changed):
    return draw_negatives(PROMOTERS, Negatives(**DESCRIBED | changed), np.random.default_rng(1))


def whole_parts(negatives, promoters=PROMOTERS):
    """Which of 20 parts of 15 bases are as in the promoter."""
    return (negatives == promoters).reshape(len(promoters), 20, 15).all(axis=2)


def test_eight_of_twenty_equal_parts_stay_and_every_choice_is_equally_probable():
    stays = whole_parts(drawn())
    assert (stays.sum(axis=1) == 8).mean() > 0.999  # a part drawn anew is the old one once in 4**15
    share = stays.mean(axis=0)
    assert np.abs(share - 0.4).max() < 4 * np.sqrt(0.4 * 0.6 / len(PROMOTERS))
    both = (stays[:, 0] & stays[:, 1]).mean()
    expected = comb(18, 6) / comb(20, 8)
    assert abs(both - expected) < 4 * np.sqrt(expected / len(PROMOTERS))


def test_the_other_bases_are_uniform_so_that_identity_is_as_computed():
    negatives = drawn()
    assert abs((negatives == PROMOTERS).mean() - (0.4 + 0.6 / 4)) < 0.002
    changed = negatives.reshape(-1, 20, 15)[~whole_parts(negatives)]
    assert np.abs(np.bincount(changed.ravel(), minlength=4) / changed.size - 0.25).max() < 0.003


def test_the_last_part_always_stays_if_asked_for():
    stays = whole_parts(drawn(keep_last=True))
    assert stays[:, -1].all()
    assert np.abs(stays[:, :-1].mean(axis=0) - 7 / 19).max() < 4 * np.sqrt(0.25 / len(PROMOTERS))


def test_random_breakpoints_lie_anywhere_and_leave_as_much():
    negatives = drawn(breakpoints="random")
    same = negatives == PROMOTERS
    assert abs(same.mean() - 0.55) < 0.01
    changes = (same[:, 1:] != same[:, :-1]).mean(axis=0)
    assert changes.std() < 0.02  # with equal parts it is twice as high at every 15th base


def test_parts_of_a_window_that_does_not_divide_differ_by_one_base_at_most():
    promoters = np.zeros((1, 70), dtype=np.uint8)
    lengths = set()
    for seed in range(60):
        settings = Negatives(**DESCRIBED | {"kept": 19})
        changed = np.flatnonzero(draw_negatives(promoters, settings, np.random.default_rng(seed))[0])
        lengths.add(int(np.ptp(changed)) + 1 if len(changed) else 0)
    assert max(lengths) == 4


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"parts": 1}, "negatives.parts needs at least 2; found 1"),
        ({"kept": 20}, "negatives.kept needs 0 to 19 parts; found 20"),
        ({"kept": 0, "keep_last": True}, "negatives.kept needs 1 to 19 parts; found 0"),
        ({"breakpoints": "odd"}, "negatives.breakpoints needs one of equal, random"),
        ({"parts": 301}, "negatives.parts needs at most 300; found 301"),
    ],
)
def test_impossible_negatives_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        drawn(**changed)


def parts_of(sequence):
    return [sequence[start : start + 15] for start in range(0, 300, 15)]


def test_the_released_negatives_are_what_the_choice_released_says(shared_data):
    """18% of the negatives have their promoter among the dev and test rows, as rows were split one by one."""
    tables = [shared_data / "prom_300" / f"{split}.csv.gz" for split in ("dev", "test")]
    rows = [(row.sequence, row.label) for table in tables for row in read_rows(table)]
    promoters = {}
    for row, (sequence, label) in enumerate(rows):
        if label == "1":
            promoters |= dict.fromkeys(enumerate(parts_of(sequence)), row)
    kept = []
    for sequence, label in rows:
        found = [promoters.get(part, -1) for part in enumerate(parts_of(sequence))]
        if label == "0" and 20 - found.count(-1) >= 8:
            origin = parts_of(rows[max(set(found) - {-1}, key=found.count)][0])
            kept.append([one == other for one, other in zip(origin, parts_of(sequence), strict=True)])
    stays = np.array(kept)
    assert len(stays) > 1_000
    assert (stays.sum(axis=1) == 8).mean() > 0.99
    assert stays[:, -1].all()
    assert np.abs(stays[:, :-1].mean(axis=0) - 7 / 19).max() < 0.07
