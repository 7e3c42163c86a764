"""Strands, composition and lengths of sequences, against slow readings letter by letter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genomask.alphabet import decode, encode
from genomask.genome.sequences import gc_share, length_histogram, reverse_complement, reverse_complement_codes

COMPLEMENT = str.maketrans("ACGT", "TGCA")


@given(st.text("ACGTN", max_size=40))
def test_the_reverse_complement_is_the_one_of_the_textbook(text):
    assert decode(reverse_complement(encode(text))) == text.translate(COMPLEMENT)[::-1]


def test_rows_are_reversed_each_by_itself():
    rows = encode("ACGTTN").reshape(2, 3)
    assert [decode(row) for row in reverse_complement(rows)] == ["CGT", "NAA"]


@given(st.text("ACGT", min_size=1, max_size=31))
def test_codes_are_reversed_as_their_letters_are(text):
    code, turned = (int("".join(map(str, encode(one))), 4) for one in (text, text.translate(COMPLEMENT)[::-1]))
    assert reverse_complement_codes(np.array([code], dtype=np.uint64), len(text)).tolist() == [turned]


@given(st.lists(st.text("ACGTN", max_size=12), max_size=6))
def test_the_gc_share_is_that_of_the_known_letters_of_each_sequence(texts):
    offsets = np.cumsum([0, *map(len, texts)])
    found = gc_share(encode("".join(texts)), offsets)
    for text, share in zip(texts, found.tolist(), strict=True):
        known = text.replace("N", "")
        if known:
            assert share == pytest.approx(sum(letter in "CG" for letter in known) / len(known))
        else:
            assert np.isnan(share)


def test_lengths_are_counted_each_or_in_bins():
    assert length_histogram(np.array([5, 3, 5])) == {"3": 1, "5": 2}
    binned = length_histogram(np.arange(100, 200))
    assert binned == {f"{low}-{low + 4}": 5 for low in range(100, 200, 5)}
    assert sum(length_histogram(np.random.default_rng(0).integers(1, 10_000, size=500)).values()) == 500
