"""What a strategy refuses, as its settings come unchecked from YAML."""

import os
import subprocess
import sys

import numpy as np
import pytest

from genomask.masking.pmi import PmiMasking, PmiReleasedMasking
from genomask.masking.pmi_vocab import PmiVocabMasking
from genomask.masking.settings import Corruption
from masking_strategies import keys_of, masker_of, random_bases, ranking_of, vocabulary_of

REFUSED = [
    (
        "random",
        {"center_probability": "abc"},
        "center_probability needs a number above 0 and at most 1; found 'abc'.",
    ),
    (
        "random",
        {"center_probability": 0},
        "center_probability needs a number above 0 and at most 1; found 0.",
    ),
    (
        "pmi",
        {"center_probability": 1.2},
        "center_probability needs a number above 0 and at most 1; found 1.2.",
    ),
    (
        "span",
        {"center_probability": True},
        "center_probability needs a number above 0 and at most 1; found True.",
    ),
    ("span", {"k": 0}, "k needs a number from 1 to 10; found 0."),
    ("pmi", {"high_share": 0}, "high_share needs a number above 0 and at most 1; found 0."),
    ("pmi", {"count": "poisson"}, "count needs one of bernoulli, fixed; found 'poisson'."),
    ("span", {"high_half": 0.5}, "high_half needs one of ceil, floor; found 0.5."),
    ("pmi", {"span_at": "worst"}, "span_at needs one of best, center; found 'worst'."),
    ("pmi_released", {"version": 2023}, "version needs one of 2023-07, 2023-09, 2025-03; found 2023."),
    (
        "pmi_vocab",
        {"center_probability": [0.1]},
        "center_probability needs a number above 0 and at most 1; found [0.1].",
    ),
    (
        "pmi",
        {"center_probability": float("nan")},
        "center_probability needs a number above 0 and at most 1; found nan.",
    ),
]

SCRIPT = """
from masking_strategies import STRATEGIES
from test_masking_settings import REFUSED
for name, settings, message in REFUSED:
    try:
        STRATEGIES[name](**settings)
    except ValueError as error:
        if str(error) != "masking." + message:
            raise SystemExit(f"{name} {settings}: {error}")
    else:
        raise SystemExit(f"{name} accepts {settings}")
"""


def test_bad_settings_are_refused_in_one_clear_line():
    """In a process of its own, as types are not checked outside of tests."""
    path = os.pathsep.join(sys.path)
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("strategy", [PmiMasking, PmiReleasedMasking])
def test_a_ranking_has_every_rank_once(strategy):
    twice = ranking_of()
    twice[twice == 7] = 8
    with pytest.raises(ValueError, match=r"ranks 1..4096, once each; found 'no rank \[7\]'"):
        strategy(ranking=twice)
    with pytest.raises(ValueError, match=r"ranks 1..4\*\*k of all k-mers, once each; found 'shape \(1025,\)'"):
        strategy(ranking=np.arange(1, 1026))


def test_a_ranking_may_be_a_read_only_array():
    frozen = ranking_of()
    frozen.setflags(write=False)
    assert PmiMasking(ranking=frozen).table.tolist() == frozen.tolist()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"unit": "word"}, "corrupt.unit needs one of token, span, base; found 'word'"),
        ({"mask_share": 0.0}, "corrupt.mask_share needs a number above 0 and at most 1; found 0"),
        (
            {"mask_share": 0.9, "random_share": 0.2},
            "corrupt.random_share needs a number from 0 to 1 - corrupt.mask_share = 0.1",
        ),
    ],
)
def test_a_corruption_has_shares(settings, message):
    with pytest.raises(ValueError, match=message):
        Corruption(**settings)


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        ({}, "needs a table of words for some length; found {}"),
        ({13: np.ones(4**2, dtype=bool)}, "needs words of 1 to 12 bases; found 13"),
        ({3: np.ones(16, dtype=bool)}, r"needs 64 booleans for words of 3 bases; found \(16,\)"),
        ({2: np.zeros(16, dtype=bool)}, "needs at least one word; found 0"),
    ],
)
def test_a_vocabulary_has_words(vocabulary, message):
    with pytest.raises(ValueError, match=message):
        PmiVocabMasking(vocabulary=vocabulary)


def test_a_vocabulary_may_be_read_only():
    vocabulary = vocabulary_of()
    for member in vocabulary.values():
        member.setflags(write=False)
    PmiVocabMasking(vocabulary=vocabulary)


def test_pmi_released_has_ranks_for_as_many_positions_as_token_ids():
    masker = masker_of("pmi_released", k=3)
    with pytest.raises(ValueError, match="needs at most 68 3-mers in a sequence; found 80"):
        masker(random_bases([82])[0], key=keys_of(range(1))[0])
