"""Compare every cell with the baseline's cell that met the same draws."""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import NamedTuple

import numpy as np

from genomask.reports.cells import Cell, Draw
from genomask.reports.collect import SCORES, Finetuning
from genomask.reports.statistics.paired import Comparison, compare, holm


class BaselineComparison(NamedTuple):
    """A cell beside its baseline.

    ``holm`` holds the p of the sign-flip test, corrected over all rows of the model's table. A row that was
    chosen among variants has neither a comparison nor a p.
    """

    cell: Cell
    baseline: Cell | None
    comparisons: dict[str, Comparison]
    holm: dict[str, float | None]
    reason: str = ""


def compare_cells(cells: list[Cell], baseline: str) -> list[BaselineComparison]:
    """Pair every cell with a baseline cell of the same task, model and shots.

    Args:
        cells: All cells.
        baseline: The masking, or the classifier, that the others are compared with.
    """
    paired = [_against(cell, cells, baseline) for cell in cells]
    corrected = {}
    for model, score in product({cell.model for cell in cells}, SCORES):
        places = [place for place, pair in enumerate(paired) if pair.cell.model == model and pair.comparisons]
        p_values = holm([paired[place].comparisons[score].permutation for place in places])
        corrected |= {(place, score): p for place, p in zip(places, p_values, strict=True)}
    return [
        pair._replace(holm={score: corrected[place, score] for score in pair.comparisons})
        for place, pair in enumerate(paired)
    ]


def _against(cell: Cell, cells: list[Cell], baseline: str) -> BaselineComparison:
    if cell.chosen:
        return BaselineComparison(cell, None, {}, {}, "not a fixed row")
    if kind(cell) == baseline:
        return BaselineComparison(cell, None, {}, {}, "the baseline")
    candidates = [other for other in cells if other.key == cell.key and kind(other) == baseline]
    if len(candidates) > 1:
        candidates = _alike(cell, candidates)
    if len(candidates) != 1:
        found = f"{len(candidates)} rows of {baseline} fit" if candidates else f"no run of {baseline} here yet"
        return BaselineComparison(cell, None, {}, {}, found)
    base = candidates[0]
    ours, theirs = shared_draws(cell.runs, base.runs)
    if not ours:
        return BaselineComparison(cell, base, {}, {}, "no draw in common yet")
    found = {score: compare(_means(ours, score), _means(theirs, score)) for score in SCORES}
    return BaselineComparison(cell, base, found, {})


def kind(cell: Cell) -> str:
    """The masking of the cell's encoder, or the name of its classifier."""
    result = next(iter(cell.runs.values())).result
    classifier = result.get("classifier", "encoder")
    return result["masking"] if classifier == "encoder" else classifier


def _alike(cell: Cell, candidates: list[Cell]) -> list[Cell]:
    """The candidates with the cell's own switches, as far as there are any; of these, those most like it."""
    for name in ("fs", "wc", "hga", "match_rate"):
        same = [other for other in candidates if _setting(other, name) == _setting(cell, name)]
        candidates = same or candidates
    unlike = [
        sum(cell.shape.get(name) != other.shape.get(name) for name in cell.shape | other.shape) for other in candidates
    ]
    return [other for other, count in zip(candidates, unlike, strict=True) if count == min(unlike)]


def _setting(cell: Cell, name: str) -> object:
    return next(iter(cell.runs.values())).result.get(name)


def shared_draws(
    ours: Mapping[Draw, Finetuning], theirs: Mapping[Draw, Finetuning]
) -> tuple[list[list[Finetuning]], list[list[Finetuning]]]:
    """The runs of both rows on the episodes that both met, episode by episode.

    Where both rows have encoders, an episode counts with the pretraining seeds that both have.
    """
    if not any(seed is None for _, seed in (*ours, *theirs)):
        both = ours.keys() & theirs.keys()
        ours, theirs = ({draw: runs[draw] for draw in both} for runs in (ours, theirs))
    seeds = sorted({seed for seed, _ in ours} & {seed for seed, _ in theirs})
    return [_of(ours, seed) for seed in seeds], [_of(theirs, seed) for seed in seeds]


def _of(runs: Mapping[Draw, Finetuning], episode: int) -> list[Finetuning]:
    return [item for (seed, _), item in runs.items() if seed == episode]


def _means(episodes: Iterable[list[Finetuning]], score: str) -> np.ndarray:
    """One value an episode: the mean over its pretrainings."""
    return np.array([np.mean([item.result[score] for item in items]) for items in episodes])
