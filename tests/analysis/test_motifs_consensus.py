"""From a consensus to ranks: what Tables 3 and 6 print follows from their motifs."""

import csv
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from genomask.alphabet import kmer_code
from genomask.analysis.motifs.consensus import (
    consensus_table,
    core_of,
    kmers_of,
    motif_ranks,
    read_printed,
)
from genomask.ranking.table import Ranking, identity_ranking

PAPER = Path(__file__).resolve().parents[2] / "experiments" / "paper"


def printed_rows(table: int) -> list[dict[str, str]]:
    with (PAPER / f"table{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def ranking_of(best: dict[str, int]) -> Ranking:
    """A ranking of all 6-mers in which some have given ranks and the others fill the gaps."""
    rank = np.zeros(4096, dtype=np.int64)
    for kmer, place in best.items():
        rank[kmer_code(kmer)] = place
    rank[rank == 0] = sorted(set(range(1, 4097)) - set(best.values()))
    zeros = np.zeros(4096)
    return Ranking(6, rank, np.zeros(4096, dtype=np.int64), zeros, zeros)


@pytest.mark.parametrize("table", [3, 6])
def test_the_core_of_every_printed_motif_is_its_longest_run_of_capitals(table):
    for row in printed_rows(table):
        core = core_of(row["motif"])
        assert core == row["core"] or (set(core) == {"T"} and row["core"] == "TTTTTT")


@pytest.mark.parametrize("table", [3, 6])
def test_the_6_mers_of_a_long_core_are_those_that_the_paper_names(table):
    named: dict[str, set[str]] = {}
    for row in printed_rows(table):
        if row["kmer"]:
            named.setdefault(row["motif"], set()).add(row["kmer"])
    assert named
    for motif, kmers in named.items():
        assert set(kmers_of(core_of(motif), 6)) == kmers


@pytest.mark.parametrize("table", [3, 6])
def test_a_core_of_five_has_eight_6_mers_of_which_the_paper_prints_the_best_five(table):
    counted: dict[str, int] = {}
    for row in printed_rows(table):
        if len(row["core"]) == 5:
            counted[row["motif"]] = counted.get(row["motif"], 0) + 1
    assert counted
    assert set(counted.values()) == {5}
    for motif in counted:
        kmers = kmers_of(core_of(motif), 6)
        assert len(kmers) == 8
        assert all(core_of(motif) in kmer for kmer in kmers)


def test_a_short_run_of_capitals_takes_in_those_beyond_one_other_letter():
    assert core_of("yyCCAGrGn") == "CCAG.G"
    assert sorted(kmers_of("CCAG.G", 6)) == ["CCAGAG", "CCAGCG", "CCAGGG", "CCAGTG"]
    assert core_of("nnGTAnnCw") == "GTA"
    assert kmers_of("AC.GTACG", 6) == [
        kmer for kmer in kmers_of("C", 6)
        if any(all(a in (".", b) for a, b in zip("AC.GTACG"[start:], kmer, strict=False)) for start in range(3))
    ]  # fmt: skip
    best = {"CCAGGG": 302, "CCAGAG": 593, "CCAGTG": 1247, "CCAGCG": 2778}
    rows = motif_ranks("paper", ranking_of(best), "yyCCAGrGn", read_printed(PAPER))
    assert [(row.kmer, row.rank, row.paper) for row in rows] == [(kmer, rank, rank) for kmer, rank in best.items()]


def test_the_settings_name_every_motif_of_table_6_once():
    settings = OmegaConf.load(PAPER.parents[1] / "conf" / "motifs" / "standard.yaml")
    assert sorted(settings.consensus) == sorted({row["motif"] for row in printed_rows(6)})


def test_a_ranking_with_the_printed_ranks_gives_the_printed_table():
    printed = read_printed(PAPER)
    five = ["CCTCCC", "TCCTCC", "CCTCCA", "CCTCCT", "CCCTCC"]  # an order that the paper leaves open
    best = dict(zip(five, [1, 11, 52, 175, 186], strict=True)) | {"AGGAGG": 56, "GAGGAG": 278, "TATAAA": 242}
    rows = consensus_table({"paper": ranking_of(best)}, ["nCyyCCTCCn*", "nGAGGAGGv", "nTATAAAr"], printed)
    assert [row.rank for row in rows if row.motif == "nCyyCCTCCn*"] == [1, 11, 52, 175, 186]
    assert {row.kmer: row.rank for row in rows if row.motif == "nGAGGAGGv"} == {"GAGGAG": 278, "AGGAGG": 56}
    assert [row.rank for row in rows] == [row.paper for row in rows]


def test_ranks_of_another_ranking_stand_beside_the_printed_ones():
    rows = motif_ranks("identity", identity_ranking(6), "nTATAAAr", read_printed(PAPER))
    assert [(row.kmer, row.rank, row.of, row.paper) for row in rows] == [("TATAAA", kmer_code("TATAAA") + 1, 4096, 242)]
    assert motif_ranks("identity", identity_ranking(6), "CACGTG", {})[0].paper is None


def test_the_paper_is_not_needed_where_its_tables_do_not_lie(tmp_path):
    assert read_printed(tmp_path) == {}


@pytest.mark.parametrize(("motif", "message"), [("nnryn", "needs a core in capitals"), ("TAXA", "IUPAC")])
def test_a_motif_without_a_core_or_with_a_strange_letter_is_refused(motif, message):
    with pytest.raises(ValueError, match=message):
        core_of(motif)


def test_a_core_with_two_equal_runs_takes_the_first_and_repeats_no_kmer():
    assert core_of("nACCnGTTn") == "ACC"
    assert kmers_of("TTTTTTTTT", 6) == ["TTTTTT"]
