"""De novo discovery: what was planted comes back, and nothing comes of nothing."""

import numpy as np
import pytest

from genomask.alphabet import encode
from genomask.analysis.motifs.discover import Labelled, best_word, discover, labelled, trim
from genomask.analysis.motifs.matrix import (
    consensus_matrix,
    kmer_matrix,
    planted_in,
    recovery,
    similarity,
)
from genomask.tasks.sources import SyntheticTask

LENGTHS = [6, 7]


def random_rows(count: int, width: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 4, size=(count, width)).astype(np.uint8)


def with_motif(text: str, *, count: int, width: int, seed: int) -> Labelled:
    """As many negatives as positives; two of three positives hold the motif, on either strand."""
    draw, bases = np.random.default_rng(seed), random_rows(2 * count, width, seed)
    for row in range(count):
        if draw.random() < 2 / 3:
            start = draw.integers(width - len(text) + 1)
            site = encode(text)
            bases[row, start : start + len(text)] = site if draw.random() < 0.5 else site[::-1] ^ 1
    return labelled(bases, np.arange(2 * count) < count, strata=3)


def test_a_planted_motif_comes_back_and_holds_on_other_sequences():
    sets = (with_motif("CCGGAAGTAC", count=150, width=60, seed=seed) for seed in (0, 1))
    found = [motif for motif in discover(*sets, lengths=LENGTHS, alpha=0.05, most=3) if motif.q < 0.05]
    assert len(found) == 1
    assert similarity(found[0].matrix, kmer_matrix("CCGGAAGTAC")) > 0.95
    assert found[0].positives / found[0].positives_of == pytest.approx(2 / 3, abs=0.12)
    assert found[0].negatives / found[0].negatives_of < 0.05


def test_sites_at_the_very_ends_of_sequences_are_found():
    bases = [random_rows(300, 30, seed) for seed in (0, 1)]
    for rows in bases:
        rows[:100, :7] = encode("TGACTCA")
    sets = (labelled(rows, np.arange(300) < 150, strata=1) for rows in bases)
    found = discover(*sets, lengths=LENGTHS, alpha=0.05, most=1)
    assert similarity(found[0].matrix, kmer_matrix("TGACTCA")) > 0.9


@pytest.mark.parametrize("seed", range(3))
def test_sequences_without_a_difference_have_no_motif_that_holds(seed):
    sets = (labelled(random_rows(400, 50, 10 * seed + half), np.arange(400) < 200, strata=3) for half in (0, 1))
    assert not [motif for motif in discover(*sets, lengths=LENGTHS, alpha=0.01, most=3) if motif.q < 0.01]


def test_composition_alone_makes_no_motif():
    draw = np.random.default_rng(0)
    # Positives are richer in G and C, which is all that there is; the strata are of GC content.
    gc = np.repeat([0.6, 0.4], 600)[:, None] + draw.uniform(-0.25, 0.25, size=(1200, 1))
    bases = (2 * (draw.random((1200, 60)) < gc) + draw.integers(2, size=(1200, 60))).astype(np.uint8)
    positive = np.arange(1200) < 600
    assert best_word(labelled(bases, positive, strata=1), LENGTHS).p < 1e-6
    assert best_word(labelled(bases, positive, strata=10), LENGTHS).p > 1e-3


def test_the_search_ends_after_the_most_motifs_that_are_wanted():
    sets = [with_motif("CCGGAAGTAC", count=100, width=60, seed=seed) for seed in (0, 1)]
    for data in sets:
        data.bases[:50, :8] = encode("TTGCGCAA")  # of half of the positives
    found = [discover(*sets, lengths=LENGTHS, alpha=0.05, most=most) for most in (1, 2)]
    assert [len(motifs) for motifs in found] == [1, 2]


def test_positions_that_say_little_are_cut_off_at_the_ends_only():
    assert trim(consensus_matrix("nnACnGTnn")).tolist() == consensus_matrix("ACnGT").tolist()
    assert len(trim(consensus_matrix("nnn"))) == 3


def test_what_is_planted_in_a_task_is_what_fits_into_its_sequences():
    assert set(planted_in("prom_core")) == {"TATA box", "ETS", "Inr", "YY1", "DPE"}
    assert set(planted_in("prom_300")) == set(planted_in("prom_core")) | {"GC box", "CCAAT box"}
    assert set(planted_in("cohn_enh")) == {"AP-1", "C/EBP", "ETS", "E-box", "GATA", "RUNX"}


def test_recall_and_precision_count_what_is_similar_on_either_side():
    planted = {"one": "CCGGAAGT", "two": "CACGTG"}
    found = {"1": kmer_matrix("ACTTCCGG"), "2": kmer_matrix("AAAAAAAA"), "3": kmer_matrix("CCGGAAG")}
    truth = recovery(planted, found)
    assert (truth.recall, truth.precision) == (0.5, pytest.approx(2 / 3))
    assert truth.nearest["one"] == ("1", pytest.approx(1))
    assert recovery(planted, {}).precision is None
    assert recovery(planted, {}).recall == 0


@pytest.mark.slow
@pytest.mark.parametrize(("twin", "precision"), [("prom_core", 1.0), ("prom_300", 0.75), ("cohn_enh", 0.6)])
def test_planted_motifs_of_the_synthetic_tasks_come_back(twin, precision):
    task = SyntheticTask(twin=twin, name=twin).read()
    sets = (
        labelled(part.padded(np.arange(len(part.labels))), part.labels == 1, strata=5)
        for part in (task.pool, task.test)
    )
    motifs = discover(*sets, lengths=[6, 7, 8], alpha=0.05, most=20)
    found = {str(number): motif.matrix for number, motif in enumerate(motifs) if motif.q <= 0.05}
    truth = recovery(planted_in(twin), found)
    assert truth.recall == 1
    assert truth.precision is not None
    assert truth.precision >= precision
