"""Compare every cell with others that met the same draws: four questions, each with a baseline of its own."""

from collections import defaultdict
from collections.abc import Callable
from itertools import product
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float

from genomask.reports.arms import NO_ENCODER, UNTRAINED, has_encoder
from genomask.reports.cells import Cell
from genomask.reports.collect import SCORES
from genomask.reports.statistics import BOUND, Comparison, compare, holm

SWITCHES: Final = ("fs", "wc", "hga", "match_rate", "match_bases", "corrupt", "step")
Partner = tuple[Cell | None, str]  # the cell to compare with, or the reason why there is none
ByPretraining = dict[int | None, dict[int, float]]  # values by the pretraining's seed and the draw


class BaselineComparison(NamedTuple):
    """A cell beside its baseline; one that was chosen among variants is compared with none.

    ``holm`` holds the p of every comparison, corrected over all rows of the same question, model and score.
    """

    cell: Cell
    baseline: Cell | None
    comparisons: dict[str, Comparison]
    holm: dict[str, float | None]
    reason: str


class Questions(NamedTuple):
    """The comparisons of a report, by what they are against."""

    masking: list[BaselineComparison]  # every cell against the masking or classifier that was named
    pretraining: list[BaselineComparison]  # pretrained encoders against the same encoder as it was drawn
    encoder: list[BaselineComparison]  # encoders against the strongest classifier that has none
    control: list[BaselineComparison]  # contenders against the control that each of them names


def questions(cells: list[Cell], baseline: str, *, bound: float = BOUND) -> Questions:
    """Pair every cell with the cells of the same task, model and shots that answer a question about it.

    ``baseline`` is a masking or a classifier; rows whose score differs by less than ``bound`` are called equivalent.
    """
    blocks: dict[tuple[str, int | str], list[Cell]] = defaultdict(list)
    for cell in cells:  # only rows on the same task with as many shots meet the same draws
        blocks[cell.task, cell.shots].append(cell)

    def pair(chosen: list[Cell], partner: Callable[[Cell, list[Cell]], Partner]) -> list[BaselineComparison]:
        pairs = [_compare(cell, *partner(cell, blocks[cell.task, cell.shots]), bound) for cell in chosen]
        for model, score in product({pair.cell.model for pair in pairs}, SCORES):
            group = [pair for pair in pairs if pair.cell.model == model and score in pair.comparisons]
            for each, p in zip(group, holm([each.comparisons[score].p for each in group]), strict=True):
                each.holm[score] = p
        return pairs

    fixed = [cell for cell in cells if has_encoder(cell.result) and not cell.chosen]
    pretrained = [cell for cell in fixed if cell.kind not in UNTRAINED] if baseline != "none" else []
    added = pair(pretrained, lambda cell, block: _baseline(cell, block, "none"))
    beside = pair(fixed, _strongest)
    named = [cell for cell in fixed if cell.result.get("control")]
    return Questions(
        masking=pair(cells, lambda cell, block: _baseline(cell, block, baseline)),
        pretraining=[each for each in added if each.comparisons],
        encoder=[each for each in beside if each.comparisons],
        control=pair(named, lambda cell, block: _baseline(cell, block, cell.result["control"])),
    )


def _baseline(cell: Cell, block: list[Cell], baseline: str) -> Partner:
    """The row of a kind with the cell's own switches, as far as there is one; of several, that most like the cell."""
    if cell.chosen:
        return None, "not a fixed row"
    if cell.kind == baseline:
        return None, "the baseline"
    candidates = [other for other in block if other.kind == baseline and not other.chosen and _comparable(cell, other)]

    def unlike(other: Cell) -> tuple[list[bool], int]:
        switches = [other.result.get(name) != cell.result.get(name) for name in SWITCHES]
        return switches, sum(cell.shape.get(name) != other.shape.get(name) for name in cell.shape | other.shape)

    distances = list(map(unlike, candidates))
    nearest = [other for other, far in zip(candidates, distances, strict=True) if far == min(distances)]
    if len(nearest) == 1:
        return nearest[0], ""
    return None, f"{len(nearest)} rows of {baseline} fit" if nearest else f"no run of {baseline} here yet"


def _comparable(cell: Cell, other: Cell) -> bool:
    """Whether a difference says something: two encoders need the same model, tokens and classifier."""
    if NO_ENCODER in (cell.model, other.model):
        return True
    ours, theirs = cell.result, other.result
    tokens = {ours.get("tokens"), theirs.get("tokens")} - {None, "-"}  # early results do not say
    return len(tokens) < 2 and cell.model == other.model and ours["classifier"] == theirs["classifier"]


def _strongest(cell: Cell, block: list[Cell]) -> Partner:
    """The strongest classifier without an encoder, by its mean AUC on the shared draws.

    It is chosen by the test score, which favours it: an encoder that is ahead is ahead of all.
    """
    seeds = {seed for seed, _ in cell.runs}

    def auc(other: Cell) -> float:
        return float(np.mean([item.result["auc"] for (seed, _), item in other.runs.items() if seed in seeds]))

    rivals = [each for each in block if each.model == NO_ENCODER and seeds & {seed for seed, _ in each.runs}]
    return max(rivals, key=auc, default=None), ""


def _compare(cell: Cell, base: Cell | None, reason: str, bound: float) -> BaselineComparison:
    comparisons: dict[str, Comparison] = {}
    for score in (score for score in cell.scores if base and score in base.scores):
        values = matrix(differences_by_pretraining(cell, base, score))
        if not values.size:
            return BaselineComparison(cell, base, {}, {}, "no draw in common yet")
        comparisons[score] = compare(values, np.zeros_like(values), bound=bound)
    return BaselineComparison(cell, base, comparisons, {}, reason)


def matrix(values: ByPretraining) -> Float[np.ndarray, "pretrainings draws"]:
    """The values over the draws that all of the pretrainings met."""
    draws = sorted(set.intersection(*map(set, values.values()))) if values else []
    return np.array([[own[draw] for draw in draws] for own in values.values()]).reshape(len(values), len(draws))


def pooled(pairs: list[BaselineComparison], score: str, bound: float) -> Comparison | None:
    """One comparison over all tasks and shots: differences are averaged within each pretraining and draw first."""
    apart = [differences_by_pretraining(pair.cell, pair.baseline, score) for pair in pairs]
    values = {
        seed: {
            draw: float(np.mean([each[seed][draw] for each in apart]))
            for draw in set.intersection(*(set(each[seed]) for each in apart))
        }
        for seed in sorted(set.intersection(*map(set, apart)), key=str)
    }
    shared = matrix(values)
    return compare(shared, np.zeros_like(shared), bound=bound) if shared.size else None


def differences_by_pretraining(cell: Cell, base: Cell | None, score: str) -> ByPretraining:
    """Paired differences of a score, by the pretraining's seed and the draw; none without a baseline.

    Pretrainings are paired by their seed, which draws segments and initial weights for both rows; a baseline
    without an encoder stands beside each of them. From the one with most draws on, those that share none are left out.
    """
    ours, theirs = by_pretraining(cell, score), by_pretraining(base, score) if base else {}
    apart: ByPretraining = {}
    for seed in {**ours, **theirs}:
        own, other = ours.get(seed, ours.get(None, {})), theirs.get(seed, theirs.get(None, {}))
        apart[seed] = {draw: own[draw] - other[draw] for draw in own if draw in other}
    kept: ByPretraining = {}
    for seed, values in sorted(apart.items(), key=lambda item: -len(item[1])):
        if values and (not kept or set.intersection(set(values), *map(set, kept.values()))):
            kept[seed] = values
    return dict(sorted(kept.items(), key=str))


def by_pretraining(cell: Cell, score: str) -> ByPretraining:
    """The values of a score, by the pretraining's seed and the draw."""
    by_seed: ByPretraining = defaultdict(dict)
    for (draw, pretraining), item in sorted(cell.runs.items(), key=lambda run: (str(run[0][1]), run[0][0])):
        by_seed[pretraining][draw] = item.result[score]
    return by_seed
