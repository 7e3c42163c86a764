"""The pieces of the synthetic genome: background, motifs, and the grammar as a table."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genomask.genome.synthetic.dna import (
    ENHANCER_BASES,
    ENHANCER_MOTIFS,
    PROGRAMMES,
    PROMOTER_BASES,
    PROMOTER_MOTIFS,
    SITE_EVERY,
    TSS,
    draw_background,
    draw_consensus,
    draw_isochores,
    draw_motif,
    plant_enhancers,
    plant_promoters,
)

LETTERS = np.array(list("ATCG"))


@settings(deadline=None)
@given(length=st.integers(1, 2_000_000), seed=st.integers(0, 99))
def test_isochores_are_50_to_300_kb_and_35_to_55_percent_gc(length, seed):
    gc = draw_isochores(length, np.random.default_rng(seed))
    edges = np.flatnonzero(np.diff(gc, prepend=-1, append=-1))
    domains = np.diff(edges)
    assert len(gc) == length
    assert gc.min() >= 0.35 - 1e-6
    assert gc.max() <= 0.55 + 1e-6
    assert (domains[:-1] >= 50_000).all()
    assert (domains <= 300_000).all()


@settings(deadline=None, max_examples=30)
@given(length=st.integers(1, 30_000), seed=st.integers(0, 99))
def test_background_of_any_length_holds_the_four_bases_only(length, seed):
    gc = np.full(length, 0.4, np.float32)
    bases = draw_background(gc, draw_consensus(seed), np.random.default_rng(seed))
    assert len(bases) == length
    assert bases.max() <= 3


def test_the_background_keeps_about_a_fifth_of_its_cpg():
    bases = draw_background(np.full(1_000_000, 0.5, np.float32), {}, np.random.default_rng(0))
    text = "".join(LETTERS[bases])
    # Independent bases would hold 1/16; C and G that decayed to T and A make TpG and CpA common.
    assert 0.2 < text.count("CG") * 16 / len(text) < 0.25
    assert text.count("TG") / text.count("GT") > 1.2
    assert text.count("CA") / text.count("TG") == pytest.approx(1, abs=0.02)


def test_a_fully_conserved_motif_always_obeys_its_consensus_and_uses_all_it_allows():
    sites = draw_motif("TATAWAWR", 500, conservation=1.0, rng=np.random.default_rng(0))
    found = {"".join(site) for site in LETTERS[sites]}
    assert all(re.fullmatch("TATA[AT]A[AT][AG]", site) for site in found)
    assert len(found) == 8


def test_a_motif_without_conservation_is_any_sequence():
    count = 40_000
    sites = draw_motif("AR", count, conservation=0.0, rng=np.random.default_rng(0))
    for column in sites.T:
        share = np.bincount(column, minlength=4) / count
        assert np.abs(share - 0.25).max() < 4 * np.sqrt(0.25 * 0.75 / count)


def test_motifs_of_a_promoter_cannot_touch_each_other():
    spans = sorted((motif.first, motif.last + len(motif.consensus)) for motif in PROMOTER_MOTIFS)
    assert all(stop <= start for (_, stop), (start, _) in pairwise(spans))
    assert TSS + spans[0][0] >= 0
    assert TSS + spans[-1][1] <= PROMOTER_BASES


def test_every_motif_is_spelt_in_iupac_letters_and_every_programme_in_known_motifs():
    for consensus in [motif.consensus for motif in PROMOTER_MOTIFS] + list(ENHANCER_MOTIFS.values()):
        assert re.fullmatch("[ACGTRYSWKMBDHVN]{6,}", consensus)
        assert len(consensus) <= SITE_EVERY
    assert {name for programme in PROGRAMMES for name in programme} == set(ENHANCER_MOTIFS)


@pytest.mark.parametrize(
    ("plant", "bases", "consensus"),
    [
        (plant_promoters, PROMOTER_BASES, {motif.name: motif.consensus for motif in PROMOTER_MOTIFS}),
        (plant_enhancers, ENHANCER_BASES, ENHANCER_MOTIFS),
    ],
)
def test_what_is_reported_as_planted_is_there(plant, bases, consensus):
    letters = {"R": "[AG]", "Y": "[CT]", "S": "[CG]", "W": "[AT]", "K": "[GT]"}
    rng = np.random.default_rng(0)
    blocks = rng.integers(4, size=(50, bases), dtype=np.uint8)
    for sites in plant(blocks, conservation=1.0, rng=rng):
        pattern = "".join(letters.get(letter, letter) for letter in consensus[sites.motif])
        assert len(sites.element) > 0
        for element, start, reverse in zip(sites.element, sites.start, sites.reverse, strict=True):
            site = blocks[element, start : start + sites.bases]
            assert re.fullmatch(pattern, "".join(LETTERS[site[::-1] ^ 1 if reverse else site]))
