"""The printed tables: complete, in range, and consistent where the paper states them twice."""

import csv
from collections import Counter
from pathlib import Path

import pytest

PAPER = Path(__file__).resolve().parents[2] / "experiments" / "paper"
FIGURES = ("accuracy_mean", "accuracy_sd", "auc_mean", "auc_sd")


def rows(table):
    with (PAPER / f"table{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(("table", "variants"), [(1, {"DNABERT": 4, "LOGO": 2}), (2, {"DNABERT": 4})])
def test_every_variant_has_every_number_of_shots_on_every_task(table, variants):
    found = Counter((row["model"], row["shots"], row["task"]) for row in rows(table))
    shots, tasks = ("10", "50", "100", "500", "1000"), ("Prom-core", "Prom-300", "Cohn-enh")
    assert found == {(m, s, task): n for m, n in variants.items() for s in shots for task in tasks}
    assert {row["table"] for row in rows(table)} == {str(table)}


@pytest.mark.parametrize("table", [1, 2])
def test_every_figure_lies_between_0_and_1(table):
    assert all(0 < float(row[name]) < 1 for row in rows(table) for name in FIGURES)


@pytest.mark.parametrize("table", [1, 2])
def test_notes_are_bold_type_and_the_asterisk_only(table):
    notes = {note for row in rows(table) for note in row["note"].split("; ")}
    assert notes == {"", "bold accuracy", "bold auc", "asterisk"}


def test_every_pmi_best_of_table_1_is_a_variant_of_table_2():
    variants = {(row["shots"], row["task"], *(float(row[name]) for name in FIGURES)) for row in rows(2)}
    best = [row for row in rows(1) if row["variant"].startswith("PMI-best")]
    assert len(best) == 15
    assert all((r["shots"], r["task"], *(float(r[name]) for name in FIGURES)) in variants for r in best)


@pytest.mark.parametrize(("table", "motifs", "ranks"), [(3, 9, 23), (6, 12, 37)])
def test_motif_ranks_are_ranks_of_6_mers(table, motifs, ranks):
    assert len(rows(table)) == ranks
    assert [int(row["row"]) for row in rows(table)] == sorted(int(row["row"]) for row in rows(table))
    assert {int(row["row"]) for row in rows(table)} == set(range(1, motifs + 1))
    assert all(1 <= int(row["rank"]) <= 4096 for row in rows(table))
    assert all(len(row["kmer"]) in (0, 6) for row in rows(table))


def test_a_6_mer_has_one_rank_in_both_tables():
    ranks = {(row["kmer"], row["rank"]) for table in (3, 6) for row in rows(table) if row["kmer"]}
    assert len(ranks) == len({kmer for kmer, _ in ranks}) == 8


def test_table_5_holds_40000_words_and_five_more():
    words = {int(row["length"]): int(row["words"]) for row in rows(5)}
    assert list(words) == list(range(1, 11))
    assert sum(words.values()) == 40_005
    assert words[2] > 4**2
    assert words[3] > 4**3
