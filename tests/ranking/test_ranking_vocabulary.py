"""PMI-VOCAB's masking vocabulary against a literal reading of Sec. 5.4."""

import math
from itertools import chain, pairwise, product

import numpy as np
import pytest
from omegaconf import OmegaConf

from genomask.ranking.vocabulary import (
    MaskingVocabulary,
    VocabularySettings,
    build_vocabulary,
    membership,
    read_vocabulary,
    scale_to_genome,
    table5,
    write_table5,
    write_vocabulary,
)

LONGEST = 5


def text_with_repeats():
    rng = np.random.default_rng(11)
    pieces = ["".join(rng.choice(list("ATCG"), size=rng.integers(1, 9))) for _ in range(600)]
    return "CCTCC".join(pieces) + "TATAT" * 40


def slide(text, n):
    table = dict.fromkeys(("".join(kmer) for kmer in product("ATCG", repeat=n)), 0)
    for at in range(len(text) - n + 1):
        table[text[at : at + n]] += 1
    return table


TABLES = [slide(text_with_repeats(), n) for n in range(1, LONGEST + 1)]
COUNTS = [np.array(list(table.values())) for table in TABLES]


def settings(**changes):
    return VocabularySettings(**{"longest": LONGEST, "floor_count": 20, **changes})


def score(word):
    """Eq. 1 and Eq. 2, cut by cut."""
    f = TABLES[len(word) - 1][word]
    best = -math.inf
    for cuts in product([0, 1], repeat=len(word) - 1):
        edges = [0, *(at for at, cut in enumerate(cuts, start=1) if cut), len(word)]
        parts = [word[start:stop] for start, stop in pairwise(edges)]
        if len(parts) > 1:
            best = max(best, sum(math.log(share(part)) for part in parts))
    return (math.log(share(word)) - best) * math.log(f) / (math.log(101) + math.log(f))


def share(word):
    return TABLES[len(word) - 1][word] / sum(TABLES[len(word) - 1].values())


def common(floor, lengths):
    words = [word for n in lengths for word, count in TABLES[n - 1].items() if count >= floor]
    return sorted(words, key=lambda word: -score(word))


def test_global_selection_is_the_best_of_all_lengths_together():
    vocabulary = build_vocabulary(COUNTS, settings(size=100))
    expected = common(20, range(2, LONGEST + 1))[:100]
    assert set(vocabulary.words) == set(expected)
    assert vocabulary.normalized_pmi == pytest.approx([score(word) for word in expected], abs=1e-12)
    assert vocabulary.count.tolist() == [TABLES[len(word) - 1][word] for word in vocabulary.words]


def test_words_stand_in_the_order_of_their_score():
    vocabulary = build_vocabulary(COUNTS, settings())
    assert (np.diff(vocabulary.normalized_pmi) <= 0).all()


def test_every_word_reaches_the_floor_and_has_an_allowed_length():
    vocabulary = build_vocabulary(COUNTS, settings(shortest=3, longest=4, floor_count=55))
    assert vocabulary.count.min() >= 55
    assert {len(word) for word in vocabulary.words} == {3, 4}


def test_every_kmer_that_reaches_the_floor_is_a_word_if_there_is_room():
    vocabulary = build_vocabulary(COUNTS, settings(size=len(common(20, range(2, 6)))))
    assert sorted(vocabulary.words) == sorted(common(20, range(2, 6)))


def test_a_quota_takes_the_best_of_each_length():
    quotas = [0.1, 0.2, 0.3, 0.4]
    vocabulary = build_vocabulary(COUNTS, settings(size=50, selection="quota", quotas=quotas))
    expected = [common(20, [n])[:size] for n, size in zip(range(2, 6), [5, 10, 15, 20], strict=True)]
    assert sorted(vocabulary.words) == sorted(chain.from_iterable(expected))


def test_what_a_length_cannot_fill_passes_to_the_next_longer_one():
    quotas = [0.5, 0.25, 0.125, 0.125]  # Levine et al. (2021)
    vocabulary = build_vocabulary(COUNTS, settings(floor_count=1, size=200, selection="quota", quotas=quotas))
    assert table5(vocabulary) == {2: 16, 3: 64, 4: 95, 5: 25}


def test_without_quotas_every_length_keeps_the_same_share():
    there = [len(common(20, [n])) for n in range(2, 6)]
    kept = table5(build_vocabulary(COUNTS, settings(size=sum(there) // 3, selection="quota")))
    assert sum(kept.values()) == sum(there) // 3
    assert all(abs(kept[n] - size / 3) <= 1 for n, size in enumerate(there, start=2))


def test_more_words_than_reach_the_floor_are_refused():
    there = len(common(20, range(2, 6)))
    with pytest.raises(ValueError, match=f"vocab.size needs at most the {there} words there are; found 99999"):
        build_vocabulary(COUNTS, settings(size=99_999))


def test_a_floor_that_nothing_reaches_is_refused():
    with pytest.raises(ValueError, match=r"vocab.floor_count needs a floor that some k-mer reaches; found 99999"):
        build_vocabulary(COUNTS, settings(floor_count=99_999))


def test_counts_that_stop_short_of_the_longest_word_are_refused():
    with pytest.raises(ValueError, match=r"A vocabulary needs counts for n = 1..10; found '5 table"):
        build_vocabulary(COUNTS, VocabularySettings())


def test_on_the_human_genome_floor_and_size_are_the_papers():
    assert scale_to_genome(VocabularySettings(), 2_940_000_000) == (10_000, 40_000)


@pytest.mark.parametrize(
    ("genome_bases", "floor", "size"),
    [(294_000_000, 1000, 40_000), (29_694_000, 101, 40_000), (2_969_400, 101, 4000), (10, 101, 1)],
)
def test_the_floor_scales_down_to_c_and_from_there_the_size(genome_bases, floor, size):
    assert scale_to_genome(VocabularySettings(), genome_bases) == (floor, size)


def test_a_stated_floor_or_size_is_kept():
    given = VocabularySettings(floor_count=50, size=7)
    assert scale_to_genome(given, 3_000_000) == (50, 7)


def test_membership_marks_the_words_by_code():
    vocabulary = MaskingVocabulary(["GA", "AT", "TTC"], np.array([3, 2, 1]), np.array([0.5, 0.4, 0.3]))
    member = membership(vocabulary)
    assert {n: np.flatnonzero(table).tolist() for n, table in member.items()} == {
        2: [1, 12],
        3: [1 * 16 + 1 * 4 + 2],
    }
    assert {n: len(table) for n, table in member.items()} == {2: 16, 3: 64}


def test_a_vocabulary_reads_back_bit_for_bit(tmp_path):
    written = build_vocabulary(COUNTS, settings(size=100))
    write_vocabulary(written, tmp_path / "vocabulary.csv")
    read = read_vocabulary(tmp_path / "vocabulary.csv")
    assert read.words == written.words
    assert read.count.tobytes() == written.count.tobytes()
    assert read.normalized_pmi.tobytes() == written.normalized_pmi.tobytes()
    assert (tmp_path / "vocabulary.csv").read_text().startswith("rank,kmer,length,count,normalized_pmi\n1,")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("3,AT,2,5,0.1", "line 3, needs rank 2; found 3"),
        ("2,AT,3,5,0.1", "line 3, needs the length of AT, which is 2; found 3"),
        ("2,CCTCC,5,5,0.1", "line 3, needs a kmer that no line before it has; found 'CCTCC'"),
        ("2,at,2,5,0.1", "line 3, needs the letters A, C, G and T only in kmer; found 'at'"),
        ("2,AT,2,5,nan", "line 3, needs a number or -inf in normalized_pmi; found 'nan'"),
    ],
)
def test_a_wrong_row_is_refused_by_file_and_line(tmp_path, row, message):
    path = tmp_path / "vocabulary.csv"
    path.write_text(f"rank,kmer,length,count,normalized_pmi\n1,CCTCC,5,600,1.25\n{row}\n")
    with pytest.raises(ValueError, match=rf"vocabulary\.csv, {message}"):
        read_vocabulary(path)


def test_table_5_counts_the_words_of_each_length(tmp_path):
    vocabulary = MaskingVocabulary(["CCTCC", "GA", "AT"], np.array([9, 9, 9]), np.array([0.5, 0.4, 0.3]))
    assert table5(vocabulary) == {2: 2, 5: 1}
    write_table5(vocabulary, tmp_path / "table5.csv")
    assert (tmp_path / "table5.csv").read_text() == "length,words\n2,2\n5,1\n"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"shortest": 1},
            "vocab.shortest needs 2 <= shortest <= longest <= 10, with longest=10; found 1",
        ),
        (
            {"longest": 11},
            "vocab.shortest needs 2 <= shortest <= longest <= 10, with longest=11; found 2",
        ),
        ({"shortest": 5, "longest": 4}, "vocab.shortest needs .* with longest=4; found 5"),
        ({"floor_count": 0}, "vocab.floor_count needs null or a number from 1; found 0"),
        ({"size": -1}, "vocab.size needs null or a number from 1; found -1"),
        ({"selection": "best"}, "vocab.selection needs one of global, quota; found 'best'"),
        ({"rare_count": 1}, "vocab.rare_count needs at least 2 occurrences; found 1"),
        ({"longest": 3, "quotas": [0.5, 0.5]}, "vocab.quotas needs selection=quota; found 'global'"),
    ],
)
def test_settings_out_of_range_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        VocabularySettings(**changes)


@pytest.mark.parametrize("quotas", [[], [1.0], [0.5, 0.4], [1.5, -0.5], [0.5, 0.25, 0.25]])
def test_quotas_that_are_not_shares_of_the_lengths_are_refused(quotas):
    with pytest.raises(ValueError, match=r"vocab.quotas needs 2 shares from 0 that sum to 1"):
        VocabularySettings(longest=3, selection="quota", quotas=quotas)


def test_settings_are_a_schema():
    config = OmegaConf.merge(
        OmegaConf.structured(VocabularySettings), {"longest": 3, "selection": "quota", "quotas": [0.5, 0.5]}
    )
    assert OmegaConf.to_object(config) == VocabularySettings(longest=3, selection="quota", quotas=[0.5, 0.5])
