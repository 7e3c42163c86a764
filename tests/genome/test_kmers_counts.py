"""Counts of all n-mers against a literal reading: cut the text at every N, then slide."""

import subprocess
import sys
import tracemalloc
from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genomask.genome import counts as counts_module
from genomask.genome.counts import count_kmers


def genome(text):
    bases = np.array(["ATCG".find(letter) if letter in "ATCG" else 4 for letter in text], dtype=np.uint8)
    runs, start = [], 0
    for stretch in text.split("N"):
        if stretch:
            runs.append((start, start + len(stretch)))
        start += len(stretch) + 1
    return bases, np.array(runs, dtype=np.int64).reshape(-1, 2)


def slide(text, n):
    seen = Counter(run[at : at + n] for run in text.split("N") for at in range(len(run) - n + 1))
    return [seen["".join(kmer)] for kmer in product("ATCG", repeat=n)]


def random_text(seed, length, letters="ATCG", n_share=0.05):
    rng = np.random.default_rng(seed)
    return "".join("N" if rng.random() < n_share else letters[rng.integers(len(letters))] for _ in range(length))


@pytest.mark.parametrize("n_share", [0.0, 0.02, 0.3, 0.9])
def test_every_length_agrees_with_sliding_over_the_text(n_share):
    text = random_text(seed=7, length=3000, n_share=n_share)
    counts = count_kmers(*genome(text), k=6)
    assert [table.tolist() for table in counts] == [slide(text, n) for n in range(1, 7)]


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="ATCGN", max_size=60), st.integers(1, 4))
def test_any_text_agrees_with_sliding_over_it(text, k):
    counts = count_kmers(*genome(text), k=k)
    assert [table.tolist() for table in counts] == [slide(text, n) for n in range(1, k + 1)]


def test_chunks_do_not_change_the_counts(monkeypatch):
    bases, runs = genome(random_text(seed=3, length=20_000, n_share=0.001))
    whole = count_kmers(bases, runs)
    monkeypatch.setattr(counts_module, "CHUNK_BASES", 997)
    assert all(np.array_equal(a, b) for a, b in zip(whole, count_kmers(bases, runs), strict=True))


def test_two_runs_that_touch_are_still_two_runs():
    bases, _ = genome("AATT")
    one, two = count_kmers(bases, np.array([[0, 2], [2, 4]]), k=2)
    assert one.tolist() == [2, 2, 0, 0]
    assert {code: count for code, count in enumerate(two.tolist()) if count} == {0: 1, 5: 1}  # AA, TT, no AT


def test_only_bases_inside_runs_are_counted():
    bases, _ = genome("ATCGATCG")
    assert count_kmers(bases, np.array([[2, 5]]), k=1)[0].tolist() == [1, 0, 1, 1]


def test_poly_a_holds_its_length_less_n_plus_one_of_each():
    counts = count_kmers(*genome("A" * 1000), k=10)
    assert [int(table[0]) for table in counts] == [1001 - n for n in range(1, 11)]
    assert [int(table.sum()) for table in counts] == [1001 - n for n in range(1, 11)]


@pytest.mark.parametrize("text", ["", "N", "NNNNNNNN"])
def test_a_genome_without_runs_has_only_zeros(text):
    counts = count_kmers(*genome(text), k=3)
    assert [table.tolist() for table in counts] == [[0] * 4, [0] * 16, [0] * 64]


def test_an_index_of_a_table_is_the_base_4_code_in_the_order_a_t_c_g():
    assert count_kmers(*genome("GATC"), k=4)[3].tolist().index(1) == 3 * 64 + 0 * 16 + 1 * 4 + 2


def test_a_read_only_memory_map_is_counted_in_place(tmp_path):
    text = random_text(seed=1, length=500)
    bases, runs = genome(text)
    np.save(tmp_path / "bases.npy", bases)
    mapped = np.load(tmp_path / "bases.npy", mmap_mode="r")
    assert count_kmers(mapped, runs, k=2)[1].tolist() == slide(text, 2)


def test_memory_does_not_grow_with_the_genome():
    tracemalloc.start()
    bases = np.zeros(8_000_000, dtype=np.uint8)
    runs = np.array([[0, len(bases)]])
    count_kmers(bases[:100], runs[:0], k=3)
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    count_kmers(bases, runs, k=3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - before < len(bases) / 20


def test_tables_have_64_bits():
    assert all(table.dtype == np.int64 for table in count_kmers(*genome("ATCG"), k=2))


@pytest.mark.parametrize("k", [0, 13])
def test_a_length_out_of_range_is_refused(k):
    with pytest.raises(ValueError, match=rf"k needs a length from 1 to 12; found {k}"):
        count_kmers(*genome("ATCG"), k=k)


@pytest.mark.parametrize("runs", [[[0, 5]], [[-1, 2]], [[2, 1]], [[2, 4], [0, 2]], [[0, 3], [2, 4]]])
def test_runs_that_overlap_descend_or_leave_the_genome_are_refused(runs):
    with pytest.raises(ValueError, match="runs needs ascending stretches of 4 bases"):
        count_kmers(genome("ATCG")[0], np.array(runs))


def test_importing_the_module_leaves_numba_alone():
    check = "import sys, genomask.genome.counts; print('numba' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", check], text=True).strip() == "False"
