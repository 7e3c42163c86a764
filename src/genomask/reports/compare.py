"""Compare every cell with others that met the same draws: three questions, each with a baseline of its own."""

from collections.abc import Mapping
from itertools import product
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float

from genomask.reports.arms import NO_ENCODER, UNTRAINED, classifier_of, has_encoder
from genomask.reports.cells import Cell, Draw
from genomask.reports.collect import SCORES, Finetuning
from genomask.reports.statistics.paired import BOUND, Comparison, compare, holm

MASKING: Final = "masking"  # against the baseline that was asked for, such as random masking
PRETRAINING: Final = "pretraining"  # against the same encoder as it was drawn
ENCODER: Final = "encoder"  # against the strongest classifier without an encoder
SWITCHES: Final = ("fs", "wc", "hga", "match_rate", "match_bases", "corrupt", "step")


class BaselineComparison(NamedTuple):
    """A cell beside its baseline.

    ``holm`` holds the p of every comparison, corrected over all rows of the same question, model and score. A
    row that was chosen among variants has neither a comparison nor a p.
    """

    question: str
    cell: Cell
    baseline: Cell | None
    comparisons: dict[str, Comparison]
    holm: dict[str, float | None]
    reason: str = ""


def compare_cells(
    cells: list[Cell], baseline: str, *, question: str = MASKING, bound: float = BOUND
) -> list[BaselineComparison]:
    """Pair every cell with a baseline's cell of the same task, model and shots.

    Args:
        cells: All cells.
        baseline: The masking, or the classifier, that the others are compared with.
        question: What is asked by it.
        bound: Differences of a score within which two rows are called equivalent.
    """
    blocks = _blocks(cells)
    paired = [_compare(question, cell, *_baseline(cell, blocks[_block(cell)], baseline), bound) for cell in cells]
    return _correct(paired)


def added_by_pretraining(cells: list[Cell], *, bound: float = BOUND) -> list[BaselineComparison]:
    """Pair every pretrained encoder's cell with the same encoder without pretraining."""
    pretrained = [cell for cell in cells if has_encoder(cell.result) and cell.kind not in UNTRAINED]
    blocks = _blocks(cells)
    paired = [_compare(PRETRAINING, cell, *_baseline(cell, blocks[_block(cell)], "none"), bound) for cell in pretrained]
    return _correct([pair for pair in paired if pair.comparisons])


def beside_classifiers(cells: list[Cell], *, bound: float = BOUND) -> list[BaselineComparison]:
    """Pair every encoder's cell with the strongest classifier that has none, by its mean AUC on the shared draws.

    The strongest is chosen by the test score, which favours it: an encoder that is ahead is ahead of all.
    """
    blocks, paired = _blocks(cells), []
    for cell in cells:
        if has_encoder(cell.result) and not cell.chosen:
            rivals = [other for other in blocks[_block(cell)] if other.model == NO_ENCODER and _shared(cell, other)]
            scored = [(np.mean([item.result["auc"] for item in _shared(cell, other)]), other) for other in rivals]
            if scored:
                strongest = max(scored, key=lambda pair: pair[0])[1]
                paired.append(_compare(ENCODER, cell, strongest, "", bound))
    return _correct(paired)


def _block(cell: Cell) -> tuple[str, int | str]:
    """Only rows on the same task with as many shots meet the same draws."""
    return cell.task, cell.shots


def _blocks(cells: list[Cell]) -> dict[tuple[str, int | str], list[Cell]]:
    blocks: dict[tuple[str, int | str], list[Cell]] = {}
    for cell in cells:
        blocks.setdefault(_block(cell), []).append(cell)
    return blocks


def _correct(paired: list[BaselineComparison]) -> list[BaselineComparison]:
    corrected = {}
    for model, score in product({pair.cell.model for pair in paired}, SCORES):
        places = [place for place, pair in enumerate(paired) if pair.cell.model == model and score in pair.comparisons]
        p_values = holm([paired[place].comparisons[score].p for place in places])
        corrected |= {(place, score): p for place, p in zip(places, p_values, strict=True)}
    return [
        pair._replace(holm={score: corrected[place, score] for score in pair.comparisons})
        for place, pair in enumerate(paired)
    ]


def _baseline(cell: Cell, block: list[Cell], baseline: str) -> tuple[Cell | None, str]:
    """The cell to compare with, or the reason why there is none."""
    if cell.chosen:
        return None, "not a fixed row"
    if cell.kind == baseline:
        return None, "the baseline"
    candidates = [other for other in block if other.kind == baseline and not other.chosen and _comparable(cell, other)]
    if len(candidates) > 1:
        candidates = _alike(cell, candidates)
    if len(candidates) != 1:
        return None, f"{len(candidates)} rows of {baseline} fit" if candidates else f"no run of {baseline} here yet"
    return candidates[0], ""


def _compare(question: str, cell: Cell, base: Cell | None, reason: str, bound: float) -> BaselineComparison:
    if base is None:
        return BaselineComparison(question, cell, None, {}, {}, reason)
    arrays = {score: differences(cell, base, score) for score in cell.scores if score in base.scores}
    if not all(values.size for values in arrays.values()):
        return BaselineComparison(question, cell, base, {}, {}, "no draw in common yet")
    comparisons = {score: compare(values, np.zeros_like(values), bound=bound) for score, values in arrays.items()}
    return BaselineComparison(question, cell, base, comparisons, {})


def _comparable(cell: Cell, other: Cell) -> bool:
    """Whether a difference says something: two encoders need the same model, tokens and classifier."""
    if NO_ENCODER in (cell.model, other.model):
        return True
    ours, theirs = cell.result, other.result
    tokens = {ours.get("tokens"), theirs.get("tokens")} - {None, "-"}  # early results do not say
    return len(tokens) < 2 and cell.model == other.model and classifier_of(ours) == classifier_of(theirs)


def _shared(cell: Cell, other: Cell) -> list[Finetuning]:
    seeds = {seed for seed, _ in cell.runs}
    return [item for (seed, _), item in other.runs.items() if seed in seeds]


def _alike(cell: Cell, candidates: list[Cell]) -> list[Cell]:
    """The candidates with the cell's own switches, as far as there are any; of these, those most like it."""
    for name in SWITCHES:
        same = [other for other in candidates if other.result.get(name) == cell.result.get(name)]
        candidates = same or candidates
    unlike = [
        sum(cell.shape.get(name) != other.shape.get(name) for name in cell.shape | other.shape) for other in candidates
    ]
    return [other for other, count in zip(candidates, unlike, strict=True) if count == min(unlike)]


def differences(cell: Cell, base: Cell, score: str) -> Float[np.ndarray, "pretrainings draws"]:
    """Paired differences of a score, over the draws that all of the pretrainings in it met."""
    by_pretraining = differences_by_pretraining(cell, base, score)
    draws = sorted(set.intersection(*map(set, by_pretraining.values()))) if by_pretraining else []
    return np.array([[own[draw] for draw in draws] for own in by_pretraining.values()]).reshape(-1, len(draws))


def differences_by_pretraining(cell: Cell, base: Cell, score: str) -> dict[int | None, dict[int, float]]:
    """Paired differences of a score, by the pretraining's seed and the draw.

    Pretrainings are paired by their seed, which draws segments and initial weights for both rows; a baseline
    without an encoder stands beside each of them. Those that share no draw with the ones before are left out,
    beginning with the one that has the most.
    """
    ours, theirs = _by_pretraining(cell.runs), _by_pretraining(base.runs)
    pairs = {seed: (ours.get(seed, ours.get(None)), theirs.get(seed, theirs.get(None))) for seed in {**ours, **theirs}}
    apart = {
        seed: {draw: own[draw].result[score] - other[draw].result[score] for draw in own if draw in other}
        for seed, (own, other) in pairs.items()
        if own and other
    }
    kept: dict[int | None, dict[int, float]] = {}
    for seed, values in sorted(apart.items(), key=lambda item: -len(item[1])):
        if values and (not kept or set.intersection(set(values), *map(set, kept.values()))):
            kept[seed] = values
    return dict(sorted(kept.items(), key=str))


def _by_pretraining(runs: Mapping[Draw, Finetuning]) -> dict[int | None, dict[int, Finetuning]]:
    by_seed: dict[int | None, dict[int, Finetuning]] = {}
    for (draw, pretraining), item in runs.items():
        by_seed.setdefault(pretraining, {})[draw] = item
    return by_seed
