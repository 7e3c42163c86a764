"""The ranked list of k-mers and its CSV."""

from collections import defaultdict
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from genomask.alphabet import kmer_table
from genomask.genome.counts import count_kmers
from genomask.ranking.table import (
    RankingSettings,
    identity_ranking,
    rank_kmers,
    read_ranking,
    write_ranking,
)

KMERS = ["".join(kmer) for kmer in product("ATCG", repeat=2)]


def random_counts(seed, k):
    rng = np.random.default_rng(seed)
    counts = [rng.integers(0, 500, size=4**k)]
    for _ in range(k - 1):
        counts.insert(0, counts[0].reshape(-1, 4).sum(axis=1))
    return counts


@pytest.fixture
def ranking_csv(tmp_path):
    write_ranking(rank_kmers(random_counts(seed=5, k=2), k=2), tmp_path / "ranking.csv")
    return tmp_path / "ranking.csv"


def edit(path, line, old, new):
    lines = path.read_text().splitlines()
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    path.write_text("\n".join(lines) + "\n")


@given(st.integers(0, 2**32), st.sampled_from(["eq1", "released"]), st.integers(2, 4))
def test_ranks_are_a_permutation_that_follows_the_score_then_the_letters(seed, mode, k):
    ranking = rank_kmers(random_counts(seed, k), k=k, mode=mode)
    kmers = ["".join(kmer) for kmer in product("ATCG", repeat=k)]
    expected = sorted(range(4**k), key=lambda code: (-ranking.normalized_pmi[code], kmers[code]))
    assert ranking.rank[expected].tolist() == list(range(1, 4**k + 1))


def test_equal_scores_are_ranked_in_the_order_of_their_letters():
    ranking = rank_kmers([np.full(4, 400), np.full(16, 100)], k=2)
    assert [kmer for _, kmer in sorted(zip(ranking.rank, KMERS, strict=True))] == sorted(KMERS)


def exact_scores(counts: list[np.ndarray]) -> list[tuple[Fraction, int]]:
    """Eq. 1 before its logarithm in exact fractions, and the count, by code: where both are equal, so is Eq. 2."""
    shares = [[Fraction(int(count), int(table.sum())) for count in table] for table in counts]
    best: list[list[Fraction]] = []
    for n, whole in enumerate(shares, start=1):
        cuts = [
            max(
                (
                    best[start - 1][code >> 2 * (n - start)] * best[n - start - 1][code & (4 ** (n - start) - 1)]
                    for start in range(1, n)
                ),
                default=Fraction(0),
            )
            for code in range(4**n)
        ]
        if n == len(shares):
            return [
                (share / cut if share else Fraction(0), int(count))
                for share, cut, count in zip(whole, cuts, counts[-1], strict=True)
            ]
        best.append([max(pair) for pair in zip(whole, cuts, strict=True)])
    raise AssertionError


@pytest.mark.parametrize("bases", [300, 3000])
def test_scores_that_are_equal_in_exact_fractions_are_ranked_by_their_letters(bases):
    genome = np.random.default_rng(1).integers(4, size=bases, dtype=np.uint8)
    counts = count_kmers(genome, np.array([[0, bases]]), k=5)
    rank, groups = rank_kmers(counts, k=5).rank, defaultdict(list)
    for letters, position, score in zip(kmer_table(5), rank.tolist(), exact_scores(counts), strict=True):
        groups[score].append((letters, position))
    tied = [group for group in groups.values() if len(group) > 1]
    assert sum(map(len, tied)) > 100
    for group in tied:
        assert [position for _, position in sorted(group)] == sorted(position for _, position in group)


def test_a_kmer_that_never_occurs_is_ranked_last():
    counts = random_counts(seed=2, k=3)
    counts[2][17] = 0
    assert rank_kmers(counts, k=3).rank[17] == 64


def test_longer_tables_than_k_are_left_alone():
    counts = random_counts(seed=3, k=4)
    assert np.array_equal(rank_kmers(counts, k=3).rank, rank_kmers(counts[:3], k=3).rank)


def test_counts_that_stop_short_of_k_are_refused():
    with pytest.raises(ValueError, match=r"A ranking needs counts for n = 1..6; found '3 table"):
        rank_kmers(random_counts(seed=1, k=3))


def test_the_identity_ranking_is_the_code_plus_one():
    assert identity_ranking(6).rank.tolist() == list(range(1, 4097))


def test_the_csv_has_the_stated_header_and_the_best_rank_first(ranking_csv):
    header, *rows = ranking_csv.read_text().splitlines()
    assert header == "rank,kmer,count,pmi,normalized_pmi"
    assert [int(row.split(",")[0]) for row in rows] == list(range(1, 17))
    scores = [float(row.split(",")[4]) for row in rows]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("mode", ["eq1", "released"])
@pytest.mark.parametrize("k", [2, 5])
def test_a_ranking_reads_back_bit_for_bit(tmp_path, mode, k):
    counts = random_counts(seed=9, k=k)
    counts[-1][3] = 0
    written = rank_kmers(counts, k=k, mode=mode)
    write_ranking(written, tmp_path / "ranking.csv")
    read = read_ranking(tmp_path / "ranking.csv")
    assert read.k == k
    for name in ("rank", "count", "pmi", "normalized_pmi"):
        assert getattr(read, name).tobytes() == getattr(written, name).tobytes()


def test_rows_may_stand_in_any_order_with_windows_line_ends(ranking_csv):
    expected = read_ranking(ranking_csv)
    header, *rows = ranking_csv.read_text().splitlines()
    ranking_csv.write_bytes("\r\n".join(["\ufeff" + header, *reversed(rows)]).encode())
    assert np.array_equal(read_ranking(ranking_csv).rank, expected.rank)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"header rank,kmer,count,pmi.* at .*none\.csv; found no file"):
        read_ranking(tmp_path / "none.csv")


@pytest.mark.parametrize("text", ["", "rank,kmer,count\n", "rank,kmer,count,pmi,normalized_pmi\n", "\xff"])
def test_a_file_without_the_header_or_without_rows_is_refused(tmp_path, text):
    (tmp_path / "ranking.csv").write_text(text)
    with pytest.raises(ValueError, match=r"ranking\.csv needs the header rank,kmer,count,pmi,normalized_pmi and"):
        read_ranking(tmp_path / "ranking.csv")


@pytest.mark.parametrize(
    ("cell", "wrong", "message"),
    [
        (0, "0", "line 4, needs a rank from 1 to 16; found 0"),
        (0, "17", "line 4, needs a rank from 1 to 16; found 17"),
        (0, "1", "line 4, needs a rank that no line before it has; found 1"),
        (0, "1.0", r"line 4, needs an integer from 0 and below 10\*\*18 in rank; found '1.0'"),
        (1, "AN", "line 4, needs the letters A, C, G and T only in kmer; found 'AN'"),
        (1, "", "line 4, needs the letters A, C, G and T only in kmer; found ''"),
        (1, "AAA", "line 4, needs a 2-mer, as in line 2; found 'AAA'"),
        (2, "-1", r"line 4, needs an integer from 0 and below 10\*\*18 in count; found '-1'"),
        (2, "9" * 30, r"line 4, needs an integer from 0 and below 10\*\*18 in count; found '999"),
        (3, "1_0", "line 4, needs a number or -inf in pmi; found '1_0'"),
        (3, "1e999", "line 4, needs a number or -inf in pmi; found '1e999'"),
        (0, "\uff11", r"line 4, needs an integer from 0 and below 10\*\*18 in rank"),
        (1, "A\0C", "line 4: the line holds a NUL byte"),
        (1, '"AC', "line .*: unexpected end of data"),
        (3, "much", "line 4, needs a number or -inf in pmi; found 'much'"),
        (4, "nan", "line 4, needs a number or -inf in normalized_pmi; found 'nan'"),
        (4, "inf", "line 4, needs a number or -inf in normalized_pmi; found 'inf'"),
        (4, "1,2", "line 4, needs 5 cells; found"),
    ],
)
def test_a_wrong_cell_is_refused_by_file_and_line(ranking_csv, cell, wrong, message):
    cells = ranking_csv.read_text().splitlines()[3].split(",")
    cells[cell] = wrong
    edit(ranking_csv, 4, ranking_csv.read_text().splitlines()[3], ",".join(cells))
    with pytest.raises(ValueError, match=rf"ranking\.csv, {message}"):
        read_ranking(ranking_csv)


def test_a_repeated_kmer_is_refused_where_it_is_repeated(ranking_csv):
    first, second = (line.split(",")[1] for line in ranking_csv.read_text().splitlines()[1:3])
    edit(ranking_csv, 3, second, first)
    with pytest.raises(ValueError, match=f"line 3, needs a kmer that no line before it has; found '{first}'"):
        read_ranking(ranking_csv)


def test_a_missing_kmer_is_refused(ranking_csv):
    ranking_csv.write_text("\n".join(ranking_csv.read_text().splitlines()[:-1]))
    with pytest.raises(ValueError, match=r"ranking\.csv needs one row for each of the 16 2-mers; found 15"):
        read_ranking(ranking_csv)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"k": 1}, "ranking.k needs a length from 2 to 10; found 1"),
        ({"k": 11}, "ranking.k needs a length from 2 to 10; found 11"),
        ({"mode": "eq2"}, "ranking.mode needs one of eq1, released; found 'eq2'"),
        ({"rare_count": 1}, "ranking.rare_count needs at least 2 occurrences; found 1"),
    ],
)
def test_settings_out_of_range_are_refused_here_and_by_the_ranking(changes, message):
    with pytest.raises(ValueError, match=message):
        RankingSettings(**changes)
    with pytest.raises(ValueError, match=message):
        rank_kmers(random_counts(seed=1, k=2), **changes)


def test_settings_are_a_schema():
    config = OmegaConf.merge(OmegaConf.structured(RankingSettings), {"mode": "released"})
    assert OmegaConf.to_object(config) == RankingSettings(k=6, mode="released", rare_count=101)
