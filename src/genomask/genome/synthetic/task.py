"""Three benchmarks of the synthetic genome, of a stated difficulty.

AUC of GC alone, and of logistic regression on counts of 6-mers from 10, 100 and 1000 shots per class (mean of 5 draws):
prom_core 0.69; 0.91, 0.96, 0.98. prom_300 0.80; 0.87, 0.95, 0.97. cohn_enh 0.70; 0.66, 0.83, 0.93.
"""

from typing import Final

import numpy as np
from jaxtyping import UInt8

from genomask.alphabet import decode
from genomask.checks import require, require_choice
from genomask.genome.synthetic.dna import (
    ENHANCER_BASES,
    ISOCHORE_GC,
    PROMOTER_BASES,
    TSS,
    draw_background,
    draw_consensus,
    enrich,
    plant_enhancers,
    plant_promoters,
)
from genomask.genome.synthetic.settings import SyntheticGenome
from genomask.seeds import generator

PROMOTER_WINDOW: Final = slice(TSS - 249, TSS + 51)
CORE_WINDOW: Final = slice(249 - 34, 249 + 36)  # of the window above
TASKS: Final = ("prom_core", "prom_300", "cohn_enh")
# A negative promoter is a promoter cut into 20 parts, of which some keep their place and the others become
# background, as in DeePromoter; but one of every five stays, so that no core promoter stays whole. With 8 of
# 20, DeePromoter's share, an encoder pretrained for 100 steps learns little from ten examples.
GROUPED_PARTS: Final = (4, 5)
KEPT_IN_GROUP: Final = 1
NEGATIVE_ENRICHMENT: Final = (0.0, 0.15)  # of that background, so that composition alone does not tell


def synthetic_task(
    genome: SyntheticGenome, name: str, *, train: int = 1_200, test: int = 600
) -> dict[str, list[tuple[str, int]]]:
    """Draw a benchmark: for ``train`` and ``test`` so many elements (label 1, even rows) and as many negatives (odd
    rows). The elements obey the grammar and the composition of the genome, but none of them lies in it, so no encoder
    has seen a test sequence. ``name`` is ``prom_core`` (70 bases, -34..+35, the middle of the same row of
    ``prom_300``), ``prom_300`` (-249..+50) or ``cohn_enh`` (500)."""
    require_choice(name, "task.name", TASKS)
    require(min(train, test) >= 1, "task.train and task.test", "at least 1 element each", (train, test))
    enhancers, rows = name == "cohn_enh", {}
    for split, count in (("train", train), ("test", test)):
        rng = generator(genome.seed, "synthetic", "enhancers" if enhancers else "promoters", split)
        pairs = (_enhancers if enhancers else _promoters)(genome, count, rng)
        pairs = pairs[:, :, CORE_WINDOW] if name == "prom_core" else pairs
        rows[split] = [(decode(bases), label) for pair in pairs for bases, label in zip(pair, (1, 0), strict=True)]
    return rows


def _promoters(genome: SyntheticGenome, count: int, rng: np.random.Generator) -> UInt8[np.ndarray, "rows 2 bases"]:
    """Promoters, each with its negative: part of it kept in place, the rest from elsewhere."""
    promoters = _windows(genome, count, PROMOTER_BASES, rng)
    plant_promoters(promoters, conservation=genome.conservation, rng=rng)
    promoters = promoters[:, PROMOTER_WINDOW]
    elsewhere = _windows(genome, count, promoters.shape[1], rng)
    enrich(elsewhere, rng.uniform(*NEGATIVE_ENRICHMENT, size=count), rng)
    kept = (rng.random((count, *GROUPED_PARTS)).argsort(axis=-1) < KEPT_IN_GROUP).reshape(count, -1)
    negatives = np.where(kept.repeat(promoters.shape[1] // kept.shape[1], axis=1), promoters, elsewhere)
    return np.stack((promoters, negatives), axis=1)


def _enhancers(genome: SyntheticGenome, count: int, rng: np.random.Generator) -> UInt8[np.ndarray, "rows 2 bases"]:
    enhancers = _windows(genome, count, ENHANCER_BASES, rng)
    plant_enhancers(enhancers, conservation=genome.conservation, rng=rng)
    return np.stack((enhancers, _windows(genome, count, ENHANCER_BASES, rng)), axis=1)


def _windows(
    genome: SyntheticGenome, count: int, width: int, rng: np.random.Generator
) -> UInt8[np.ndarray, "rows bases"]:
    """Windows of background, each from an isochore of its own."""
    gc = rng.uniform(*ISOCHORE_GC, size=count).astype(np.float32).repeat(width)
    return draw_background(gc, draw_consensus(genome.seed), rng).reshape(count, width)
