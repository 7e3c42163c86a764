"""Tokens of a batch against a literal sliding window."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genomask.tokens import tokenise

LETTERS = "ATCGN"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def literal_tokens(sequence: str, k: int) -> list[str]:
    """[CLS], every k-mer from left to right, [SEP]; a k-mer outside the vocabulary is [UNK]."""
    kmers = [sequence[start : start + k] for start in range(len(sequence) - k + 1)]
    return ["[CLS]", *("[UNK]" if set(kmer) - set("ACGT") else kmer for kmer in kmers), "[SEP]"]


def literal_batch(rows: list[str], k: int, width: int) -> torch.Tensor:
    ids = [[literal_id(token) for token in literal_tokens(row, k)] for row in rows]
    return torch.tensor([row + [literal_id("[PAD]")] * (width - len(row)) for row in ids])


def literal_id(token: str) -> int:
    """Special tokens come first, then the k-mers in the order in which one counts with A, T, C and G."""
    if token in SPECIAL:
        return SPECIAL.index(token)
    return len(SPECIAL) + int("".join(str(LETTERS.index(letter)) for letter in token), 4)


def batch_of(rows: list[str], width: int, filler: int) -> tuple[torch.Tensor, torch.Tensor]:
    bases = torch.full((len(rows), width), filler, dtype=torch.uint8)
    for place, row in enumerate(rows):
        bases[place, : len(row)] = torch.tensor([LETTERS.index(letter) for letter in row], dtype=torch.uint8)
    return bases, torch.tensor([len(row) for row in rows])


@given(
    rows=st.lists(st.text(LETTERS, max_size=24), min_size=1, max_size=6),
    k=st.integers(1, 15),
    spare=st.integers(0, 3),
    filler=st.integers(0, 255),
)
@settings(max_examples=300, deadline=None)
def test_a_batch_reads_as_its_rows_do_by_hand_whatever_lies_beyond_them(rows, k, spare, filler):
    width = max([k - 1, *map(len, rows)]) + spare
    bases, lengths = batch_of(rows, width, filler)
    assert torch.equal(tokenise(bases, lengths, k=k), literal_batch(rows, k, width - k + 3))


def test_a_real_size_batch_reads_as_its_rows_do_by_hand():
    generator = np.random.default_rng(0)
    lengths = [515, 510, 5, 6, 300, *generator.integers(5, 516, 11)]
    rows = ["".join(generator.choice(list(LETTERS), n, p=[0.3, 0.3, 0.2, 0.19, 0.01])) for n in lengths]
    bases, counts = batch_of(rows, 515, filler=4)
    assert torch.equal(tokenise(bases, counts, k=6), literal_batch(rows, 6, 512))


def test_the_first_and_last_kmers_of_the_vocabulary_have_the_published_ids():
    bases, lengths = batch_of(["AAAAAAT", "GGGGGG"], 7, filler=0)
    assert tokenise(bases, lengths, k=6).tolist() == [[2, 5, 6, 3], [2, 4100, 3, 0]]


def test_the_batch_itself_stays_as_it_is():
    bases, lengths = batch_of(["ACGTNACGT", "ACG"], 9, filler=4)
    before = bases.clone(), lengths.clone()
    tokenise(bases, lengths, k=3)
    assert torch.equal(bases, before[0])
    assert torch.equal(lengths, before[1])


def test_a_batch_without_room_for_both_ends_is_refused():
    with pytest.raises(ValueError, match="at least k - 1 = 5 columns; found 4"):
        tokenise(torch.zeros(1, 4, dtype=torch.uint8), torch.tensor([4]), k=6)
