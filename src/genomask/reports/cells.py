"""The cells of a table: the scores of one row at one number of shots, summarised."""

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

from genomask.reports.arms import NO_ENCODER, label_arms, model_of, order, shapes_of, task_of, variant
from genomask.reports.collect import Encoder, Finetuning
from genomask.reports.paper import Printed, printed
from genomask.reports.statistics.summary import Interval, Summary, bootstrap_interval, summarise

TEST_SET, CROSS_VALIDATION = "test set", "cross-validation"  # what a best-of-variants row is chosen by
Draw = tuple[int, int | None]  # seed of the episode, seed of the pretraining


class Cell(NamedTuple):
    """The fine-tunings of one row on one task with one number of shots.

    ``variant`` is the row's name as in the paper, ``label`` the same with whatever else tells it apart.
    ``shape`` holds all settings that the runs share. ``chosen`` says what a best-of-variants row was chosen
    by: ``"test set"``, ``"cross-validation"`` or "".
    """

    task: str
    model: str
    shots: int | str
    variant: str
    label: str
    runs: dict[Draw, Finetuning]
    shape: dict[str, Any]
    chosen: str = ""

    @property
    def key(self) -> tuple[str, str, int | str]:
        """What the cells of one block of a table share: task, model, shots."""
        return self.task, self.model, self.shots

    def scores(self, name: str) -> np.ndarray:
        """All values of a score, one a run."""
        return np.array([item.result[name] for item in self.runs.values()], dtype=float)

    def summary(self, name: str) -> Summary:
        """A score's n, mean and spread."""
        return summarise(self.scores(name))

    def interval(self, name: str) -> Interval | None:
        """The bootstrap interval of a score's mean."""
        return bootstrap_interval(self.scores(name))

    @property
    def collapsed(self) -> list[Finetuning]:
        """The fine-tunings that gave every test sequence the same class; a majority vote always does."""
        trained = [item for item in self.runs.values() if item.result.get("classifier") != "majority"]
        return [item for item in trained if item.result["collapsed"]]

    @property
    def pretrainings(self) -> int:
        """How many seeds of the pretraining are among the runs; 0 for a baseline."""
        return len({seed for _, seed in self.runs if seed is not None})

    @property
    def printed(self) -> Printed | None:
        """What the paper prints for this cell, if anything."""
        return printed(self.task, self.model, self.shots, self.variant)


def make_cells(finetunings: list[Finetuning], encoders: list[Encoder]) -> list[Cell]:
    """Sort fine-tunings into cells. A baseline, which has no encoder, stands in the tables of all models."""
    tasks, runs, shape_of = _task_names(finetunings), defaultdict(dict), {}
    shapes = shapes_of(finetunings, encoders)
    models = {model_of(item.result) for item in finetunings} - {NO_ENCODER} or {NO_ENCODER}
    for item, shape, label in zip(finetunings, shapes, label_arms(finetunings, shapes), strict=True):
        result = item.result
        own = model_of(result)
        for model in models if own == NO_ENCODER else (own,):
            key = tasks[task_of(result)], model, result["shots"], variant(result), label
            runs[key][result["seed"], result.get("pretrain_seed")] = item
            shape_of[key] = shape
    cells = [Cell(*key, runs=dict(sorted(found.items(), key=str)), shape=shape_of[key]) for key, found in runs.items()]
    return sorted(cells, key=sorted_by)


def sorted_by(cell: Cell) -> tuple[Any, ...]:
    """Tables run over models, tasks, shots and rows, in this order."""
    late = cell.chosen == "cross-validation"
    return cell.model, cell.task, shots_order(cell.shots), order(cell.label), late


def shots_order(shots: int | str) -> float:
    """Sorts numbers of shots; the full training set is last."""
    return float(shots) if isinstance(shots, int) else float("inf")


def _task_names(finetunings: list[Finetuning]) -> dict[tuple[str, str], str]:
    """A name for every task; where one name stands for different data, the data's digest is added."""
    found = {task_of(item.result) for item in finetunings}
    names = [name for name, _ in found]
    return {(name, digest): name if names.count(name) == 1 else f"{name} [{digest[:8]}]" for name, digest in found}


def best_of_variants(cells: list[Cell]) -> list[Cell]:
    """PMI-best: the better of PMI with and without HGA, cell by cell (Table 1).

    Chosen by mean accuracy on the test set, as the paper did; and, where the runs were cross-validated
    within their own shots, run by run by that accuracy, which no test sequence has a part in.
    """
    groups: dict[tuple[Any, ...], dict[str, Cell]] = defaultdict(dict)
    for cell in cells:
        plain = cell.label.replace("+HGA", "").replace("HGA+", "").replace(" (HGA)", "")
        if cell.variant.split(" (")[0] == "PMI" and "WC" in cell.variant:
            groups[*cell.key, plain][cell.label] = cell
    best = []
    for (*_, plain), variants in groups.items():
        if len(variants) == 2:
            best += _best(list(variants.values()), plain.replace("PMI", "PMI-best", 1))
    return best


def _best(variants: list[Cell], label: str) -> list[Cell]:
    by_test = max(variants, key=lambda cell: cell.summary("accuracy").mean)
    name = label.partition(" [")[0]
    rows = [by_test._replace(variant=name, label=label, chosen=TEST_SET)]
    shared = set.intersection(*(set(cell.runs) for cell in variants))
    picked: dict[Draw, Finetuning] = {}
    for draw in sorted(shared, key=str):
        runs = [cell.runs[draw] for cell in variants]
        if all(run.result.get("cross_validation") for run in runs):
            picked[draw] = max(runs, key=lambda run: run.result["cross_validation"]["accuracy"])
    if picked:
        rows.append(by_test._replace(variant="", label=label, runs=picked, chosen=CROSS_VALIDATION))
    return rows
