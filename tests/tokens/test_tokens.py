"""Every kind of tokens against a literal reading in Python: which tokens, which ids, which bases they cover."""

import json
from functools import cache
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genomask.alphabet import encode
from genomask.tokens.files import open_tokens, save_tokens
from genomask.tokens.kmer import KmerTokens

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
KINDS = [(k, stride) for k in range(1, 9) for stride in sorted({1, k})]
tokens_of = cache(KmerTokens)


def literal_split(sequence: str, k: int, stride: int) -> list[tuple[str, int, int]]:
    """Tokens from left to right, each with its first base and that behind it."""
    if stride == 1:
        kmers = [(sequence[start : start + k], start, start + k) for start in range(len(sequence) - k + 1)]
        return [("[UNK]" if "N" in kmer else kmer, start, stop) for kmer, start, stop in kmers]
    found, place = [], 0
    while place < len(sequence):
        piece = sequence[place : place + k]
        length = k if len(piece) == k and "N" not in piece else 1
        found.append((piece[:length], place, place + length))
        place += length
    return found


def literal_id(token: str, k: int) -> int:
    """Special tokens first, then k-mers in the order in which one counts with A, T, C and G, then single letters."""
    if token in SPECIAL:
        return SPECIAL.index(token)
    if len(token) == k:
        return len(SPECIAL) + int("".join(str("ATCG".index(letter)) for letter in token), 4)
    return len(SPECIAL) + 4**k + "ATCGN".index(token)


def literal_ids(sequence: str, k: int, stride: int) -> list[int]:
    return [2, *(literal_id(token, k) for token, _, _ in literal_split(sequence, k, stride)), 3]


@given(rows=st.lists(st.text("ATCGN", max_size=24), min_size=1, max_size=6), kind=st.sampled_from(KINDS))
@settings(max_examples=300, deadline=None)
def test_sequences_are_cut_as_by_hand(rows, kind):
    tokens = tokens_of(*kind)
    for row in rows:
        found, wanted = tokens.split(encode(row)), literal_split(row, *kind)
        assert found.ids.tolist() == [literal_id(token, kind[0]) for token, _, _ in wanted]
        assert list(zip(found.start, found.stop, strict=True)) == [(start, stop) for _, start, stop in wanted]
        assert tokens.ids(encode(row)).tolist() == literal_ids(row, *kind)


@given(
    rows=st.lists(st.text("ATCGN", max_size=24), min_size=1, max_size=6),
    kind=st.sampled_from(KINDS),
    spare=st.integers(0, 3),
    filler=st.integers(0, 255),
)
@settings(max_examples=300, deadline=None)
def test_a_batch_reads_as_its_rows_do_by_hand_whatever_lies_beyond_them(rows, kind, spare, filler):
    bases = torch.full((len(rows), max(map(len, rows)) + spare), filler, dtype=torch.uint8)
    for place, row in enumerate(rows):
        bases[place, : len(row)] = torch.from_numpy(encode(row))
    lengths = torch.tensor([len(row) for row in rows])
    before = bases.clone(), lengths.clone()

    ids = [literal_ids(row, *kind) for row in rows]
    width = max(map(len, ids))
    assert tokens_of(*kind).batch(bases, lengths).tolist() == [row + [0] * (width - len(row)) for row in ids]
    assert torch.equal(bases, before[0])
    assert torch.equal(lengths, before[1])


def test_a_real_size_batch_reads_as_its_rows_do_by_hand():
    generator = np.random.default_rng(0)
    lengths = [515, 510, 5, 6, 300, *generator.integers(5, 516, 11)]
    rows = ["".join(generator.choice(list("ATCGN"), n, p=[0.3, 0.3, 0.2, 0.19, 0.01])) for n in lengths]
    found = KmerTokens(6).pad_rows([KmerTokens(6).ids(encode(row)) for row in rows])
    ids = [literal_ids(row, 6, 1) for row in rows]
    assert found.tolist() == [row + [0] * (512 - len(row)) for row in ids]


def test_every_token_has_its_place_in_the_published_order():
    for k, stride in KINDS[:10]:
        kmers = ["".join(kmer) for kmer in product("ATCG", repeat=k)]
        assert tokens_of(k, stride).vocabulary == SPECIAL + kmers + ["A", "T", "C", "G", "N"] * (stride > 1)


def test_the_first_and_last_kmers_of_the_vocabulary_have_the_published_ids():
    rows = [KmerTokens(6).ids(encode(text)) for text in ("AAAAAAT", "GGGGGG")]
    assert KmerTokens(6).pad_rows(rows).tolist() == [[2, 5, 6, 3], [2, 4100, 3, 0]]


def test_random_tokens_are_whole_kmers():
    for k, stride in KINDS:
        wanted = range(5, 5 + 4**k)
        assert tokens_of(k, stride).random_ids.tolist() == list(wanted)


@pytest.mark.parametrize(("k", "stride"), KINDS)
def test_coverage_counts_the_tokens_of_every_base(k, stride):
    sequence = "ACGTNACGTTGCAAACGTAGG"
    spans = [(start, stop) for _, start, stop in literal_split(sequence, k, stride)]
    counts = [sum(start <= base < stop for start, stop in spans) for base in range(len(sequence))]
    assert tokens_of(k, stride).coverage(encode(sequence)).tolist() == counts


@pytest.mark.parametrize(("k", "stride"), KINDS)
def test_the_longest_sequence_is_the_longest_up_to_which_all_fit(k, stride):
    for room in range(3 * k):
        fits = [len(literal_split("A" * bases, k, stride)) <= room for bases in range(6 * k * k + 20)]
        assert tokens_of(k, stride).longest(room + 2) == fits.index(False) - 1


@pytest.mark.parametrize(("k", "stride"), KINDS)
def test_the_shortest_sequence_is_the_shortest_with_a_token(k, stride):
    shortest = tokens_of(k, stride).shortest
    assert len(literal_split("A" * shortest, k, stride)) == 1
    assert not literal_split("A" * (shortest - 1), k, stride)


def test_centers_of_overlapping_kmers_are_the_center_bases_of_tokens():
    for k, stride in KINDS:
        before, behind = tokens_of(k, stride).margin
        wanted = [start + k // 2 for start in range(20 - k + 1)] if stride == 1 else list(range(20))
        assert list(range(before, 20 - behind)) == wanted


@pytest.mark.parametrize(
    ("k", "stride", "message"),
    [
        (0, 1, "tokens.k needs a number from 1 to 8; found 0"),
        (9, 1, "tokens.k needs a number from 1 to 8; found 9"),
        (6, 3, "tokens.stride needs 1, or tokens.k = 6; found 3"),
        (6, 0, "tokens.stride needs 1, or tokens.k = 6; found 0"),
    ],
)
def test_impossible_tokens_are_refused(k, stride, message):
    with pytest.raises(ValueError, match=message):
        KmerTokens(k, stride)


@pytest.mark.parametrize(("k", "stride"), [(1, 1), (3, 1), (3, 3)])
def test_saved_tokens_open_again(tmp_path, k, stride):
    tokens = KmerTokens(k, stride)
    save_tokens(tokens, tmp_path, max_tokens=32)
    found = open_tokens(tmp_path, vocabulary=tokens.vocabulary_size)
    assert (found.identity(), found.name) == (tokens.identity(), tokens.name)
    assert json.loads((tmp_path / "tokens.json").read_text()) == {"kind": "kmer", "k": k, "stride": stride}


@pytest.mark.parametrize("k", range(1, 9))
def test_a_folder_of_an_earlier_release_has_the_k_of_its_vocabulary(tmp_path, k):
    assert open_tokens(tmp_path, vocabulary=5 + 4**k).identity() == {"kind": "kmer", "k": k, "stride": 1}


def spoil_vocabulary(folder):
    file = folder / "tokenizer.json"
    found = json.loads(file.read_text())
    words = found["model"]["vocab"]
    words["AT"], words["AC"] = words["AC"], words["AT"]  # A, C, G, T, as others order them
    file.write_text(json.dumps(found))


@pytest.mark.parametrize(
    ("spoil", "vocabulary", "message"),
    [
        (spoil_vocabulary, 21, r"AT in .*tokenizer\.json needs id 6 \(bases in the order A, T, C, G\); found 7"),
        (lambda folder: (folder / "vocab.txt").write_text("[PAD]\n"), 21, r"vocab.txt needs 21 tokens for k = 2"),
        (None, 69, r".* needs 21 tokens; found 69"),
        (
            lambda folder: (folder / "tokens.json").write_text('{"kind": "kmer", "k": 3, "stride": 1}'),
            69,
            r"tokenizer.json needs 69 tokens for k = 3; found 21",
        ),
        (
            lambda folder: (folder / "tokens.json").write_text('{"kind": "kmer", "k": "3", "stride": 1}'),
            21,
            r"tokens.json needs a k from 1 to 8, and a stride of 1 or k; found .*'k': '3'",
        ),
        (
            lambda folder: (folder / "tokens.json").write_text('{"kind": "kmer"}'),
            21,
            r"tokens.json needs a k from 1 to 8, and a stride of 1 or k",
        ),
        (
            lambda folder: (folder / "tokens.json").write_text('{"kind": "kmer", "k": 9, "stride": 1}'),
            21,
            r"tokens.json needs a k from 1 to 8, and a stride of 1 or k; found .*'k': 9",
        ),
        (lambda folder: (folder / "tokens.json").write_text("[]"), 21, r"tokens.json needs a JSON object"),
    ],
)
def test_tokens_that_do_not_fit_their_folder_are_refused(tmp_path, spoil, vocabulary, message):
    save_tokens(KmerTokens(2), tmp_path, max_tokens=32)
    if spoil:
        spoil(tmp_path)
    with pytest.raises(ValueError, match=message):
        open_tokens(tmp_path, vocabulary=vocabulary)


def test_a_folder_that_does_not_say_what_its_tokens_are_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"does not say what its tokens are: it has no tokens.json and no tokenizer"):
        open_tokens(tmp_path, vocabulary=70)
