"""Compare every cell with others that met the same draws: four questions, each with a baseline of its own."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import product
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float

from genomask.reports.arms import NO_ENCODER, UNTRAINED, classifier_of, has_encoder
from genomask.reports.cells import Cell
from genomask.reports.collect import SCORES, Finetuning
from genomask.reports.paired import BOUND, Comparison, compare, holm

SWITCHES: Final = ("fs", "wc", "hga", "match_rate", "match_bases", "corrupt", "step")
Partner = tuple[Cell | None, str]  # the cell to compare with, or the reason why there is none


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


class Questions(NamedTuple):
    """The comparisons of a report, by what they are against.

    Attributes:
        masking: Every cell against the masking or classifier that was named, such as random masking.
        pretraining: Pretrained encoders against the same encoder as it was drawn.
        encoder: Encoders against the strongest classifier that has none.
        control: Contenders against the control that each of them names.
    """

    masking: list[BaselineComparison]
    pretraining: list[BaselineComparison]
    encoder: list[BaselineComparison]
    control: list[BaselineComparison]


def questions(cells: list[Cell], baseline: str, *, bound: float = BOUND) -> Questions:
    """Pair every cell with the cells of the same task, model and shots that answer a question about it.

    Args:
        cells: All cells.
        baseline: The masking, or the classifier, that the others are compared with.
        bound: Differences of a score within which two rows are called equivalent.
    """
    blocks: dict[tuple[str, int | str], list[Cell]] = defaultdict(list)
    for cell in cells:  # only rows on the same task with as many shots meet the same draws
        blocks[cell.task, cell.shots].append(cell)

    def ask(
        question: str, chosen: Iterable[Cell], partner: Callable[[Cell, list[Cell]], Partner]
    ) -> list[BaselineComparison]:
        return _correct(
            [_compare(question, cell, *partner(cell, blocks[cell.task, cell.shots]), bound) for cell in chosen]
        )

    fixed = [cell for cell in cells if has_encoder(cell.result) and not cell.chosen]
    pretrained = [cell for cell in fixed if cell.kind not in UNTRAINED] if baseline != "none" else []
    contenders = [cell for cell in fixed if cell.control]
    return Questions(
        masking=ask("masking", cells, lambda cell, block: _baseline(cell, block, baseline)),
        pretraining=_paired(ask("pretraining", pretrained, lambda cell, block: _baseline(cell, block, "none"))),
        encoder=_paired(ask("encoder", fixed, _strongest)),
        control=ask("control", contenders, lambda cell, block: _baseline(cell, block, cell.control)),
    )


def _paired(pairs: list[BaselineComparison]) -> list[BaselineComparison]:
    return [pair for pair in pairs if pair.comparisons]


def _correct(paired: list[BaselineComparison]) -> list[BaselineComparison]:
    for model, score in product({pair.cell.model for pair in paired}, SCORES):
        group = [pair for pair in paired if pair.cell.model == model and score in pair.comparisons]
        for pair, p in zip(group, holm([pair.comparisons[score].p for pair in group]), strict=True):
            pair.holm[score] = p
    return paired


def _baseline(cell: Cell, block: list[Cell], baseline: str) -> Partner:
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


def _strongest(cell: Cell, block: list[Cell]) -> Partner:
    """The strongest classifier without an encoder, by its mean AUC on the shared draws.

    It is chosen by the test score, which favours it: an encoder that is ahead is ahead of all.
    """
    seeds = {seed for seed, _ in cell.runs}

    def auc(other: Cell) -> float:
        return float(np.mean([item.result["auc"] for (seed, _), item in other.runs.items() if seed in seeds]))

    rivals = [each for each in block if each.model == NO_ENCODER and seeds & {seed for seed, _ in each.runs}]
    return max(rivals, key=auc, default=None), ""


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


def _alike(cell: Cell, candidates: list[Cell]) -> list[Cell]:
    """The candidates with the cell's own switches, as far as there are any; of these, those most like it."""
    for name in SWITCHES:
        same = [other for other in candidates if other.result.get(name) == cell.result.get(name)]
        candidates = same or candidates
    unlike = [
        sum(cell.shape.get(name) != each.shape.get(name) for name in cell.shape | each.shape) for each in candidates
    ]
    return [other for other, count in zip(candidates, unlike, strict=True) if count == min(unlike)]


def differences(cell: Cell, base: Cell, score: str) -> Float[np.ndarray, "pretrainings draws"]:
    """Paired differences of a score, over the draws that all of the pretrainings in it met."""
    return matrix(differences_by_pretraining(cell, base, score))


def matrix(by_pretraining: dict[int | None, dict[int, float]]) -> Float[np.ndarray, "pretrainings draws"]:
    """Values by pretraining and draw as a matrix, over the draws that all of the pretrainings met."""
    draws = sorted(set.intersection(*map(set, by_pretraining.values()))) if by_pretraining else []
    return np.array([[own[draw] for draw in draws] for own in by_pretraining.values()]).reshape(-1, len(draws))


def differences_by_pretraining(cell: Cell, base: Cell, score: str) -> dict[int | None, dict[int, float]]:
    """Paired differences of a score, by the pretraining's seed and the draw.

    Pretrainings are paired by their seed, which draws segments and initial weights for both rows; a baseline
    without an encoder stands beside each of them. Those that share no draw with the ones before are left out,
    beginning with the one that has the most.
    """
    ours, theirs = _by_pretraining(cell), _by_pretraining(base)
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


def _by_pretraining(cell: Cell) -> dict[int | None, dict[int, Finetuning]]:
    by_seed: dict[int | None, dict[int, Finetuning]] = defaultdict(dict)
    for (draw, pretraining), item in cell.runs.items():
        by_seed[pretraining][draw] = item
    return dict(by_seed)
