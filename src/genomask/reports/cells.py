"""The cells of a table: the scores of one row at one number of shots, summarised."""

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

from genomask.reports import arms
from genomask.reports.collect import SCORES, Encoder, Finetuning
from genomask.reports.paper import Printed, printed
from genomask.reports.statistics import Summary, summarise

TEST_SET, CROSS_VALIDATION = "test set", "cross-validation"  # what a best-of-variants row is chosen by
MARKS = {"": "", TEST_SET: " †", CROSS_VALIDATION: " ‡"}
Draw = tuple[int, int | None]  # seed of the episode, seed of the pretraining


class Cell(NamedTuple):
    """The fine-tunings of one row on one task with one number of shots.

    ``variant`` is the row's name as in the paper, ``label`` the same with whatever else tells it apart,
    ``short`` the fewest words that do, and ``name`` these after the model's where there are several.
    ``shape`` holds all settings that the runs share. ``chosen`` says what a best-of-variants row was chosen by.
    """

    task: str
    model: str
    shots: int | str
    variant: str
    label: str
    runs: dict[Draw, Finetuning]
    shape: dict[str, Any]
    chosen: str = ""
    short: str = ""
    name: str = ""

    @property
    def result(self) -> dict[str, Any]:
        """Any of the results, for what all of them share."""
        return next(iter(self.runs.values())).result

    @property
    def kind(self) -> str:
        """The masking of the cell's encoder, or the name of its classifier."""
        return arms.kind_of(self.result)

    @property
    def scores(self) -> list[str]:
        """The scores that every run has; early results lack MCC."""
        return [name for name in SCORES if all(name in item.result for item in self.runs.values())]

    def summary(self, score: str) -> Summary:
        """A score's n, mean, spread and interval over all runs."""
        return summarise(np.array([item.result[score] for item in self.runs.values()], dtype=float))

    @property
    def collapsed(self) -> list[Finetuning]:
        """The fine-tunings that gave every test sequence the same class; a majority vote always does."""
        return [item for item in self.runs.values() if item.result["collapsed"] and self.kind != "majority"]

    @property
    def pretrainings(self) -> int:
        """How many seeds of the pretraining are among the runs; 0 for a baseline."""
        return len({seed for _, seed in self.runs if seed is not None})

    @property
    def draws(self) -> int:
        """How many episodes are among the runs."""
        return len({seed for seed, _ in self.runs})

    @property
    def printed(self) -> Printed | None:
        """What the paper prints for this cell, if anything."""
        return printed(self.task, self.model, self.shots, self.variant)


def make_cells(finetunings: list[Finetuning], encoders: list[Encoder]) -> list[Cell]:
    """Sort fine-tunings into cells, the better of two variants (PMI-best) among them.

    Tables run over tasks, shots, models and rows. Where one name stands for different data, the data's digest is added.
    """
    shapes, results = arms.shapes_of(finetunings, encoders), [item.result for item in finetunings]
    tasks = [name for name, _ in set(map(arms.task_of, results))]
    cells: dict[tuple[Any, ...], Cell] = {}
    for item, shape, label in zip(finetunings, shapes, arms.label_arms(results, shapes), strict=True):
        result, (task, digest) = item.result, arms.task_of(item.result)
        task = task if tasks.count(task) == 1 else f"{task} [{digest[:8]}]"
        key = task, arms.model_of(result), result["shots"], arms.variant(result), label
        cell = cells.setdefault(key, Cell(*key, runs={}, shape=shape))
        cell.runs[result["seed"], result.get("pretrain_seed")] = item
    ordered = [cell._replace(runs=dict(sorted(cell.runs.items(), key=str))) for cell in cells.values()]
    return sorted(
        [*_shorten(ordered), *best_of_variants(ordered)],
        key=lambda c: (c.task, shots_order(c.shots), c.model, arms.order(c.kind), c.label, list(MARKS).index(c.chosen)),
    )


def shots_order(shots: int | str) -> float:
    """Sorts numbers of shots; the full training set is last."""
    return float(shots) if isinstance(shots, int) else float("inf")


def _shorten(cells: list[Cell]) -> list[Cell]:
    """Give every cell the shortest name that tells it from the others; where none does, its label."""
    blocks: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for cell in cells:
        if arms.has_encoder(cell.result):
            blocks[cell.task, cell.model, cell.shots].append(cell.result)
    shown = {option for block in blocks.values() for option in (*arms.OPTIONS, "classifier") if _differs(block, option)}
    several = len({cell.model for cell in cells} - {arms.NO_ENCODER}) > 1
    shorts = [arms.short_name(cell.result, cell.label, shown) for cell in cells]
    labels: dict[tuple[str, str], set[str]] = defaultdict(set)
    for cell, short in zip(cells, shorts, strict=True):
        name, bracket, rest = cell.label.partition(" [")
        if "fs" not in shown:  # the paper's policy has it on for few shots and off for many
            name = name.replace("+FS)", ")").replace(" (FS)", "")
        labels[cell.model, short].add(name + bracket + rest)
    named = []
    for cell, short in zip(cells, shorts, strict=True):
        told = short if len(labels[cell.model, short]) == 1 else cell.label
        model = f"{arms.model_title(cell.model)} " if several and cell.model != arms.NO_ENCODER else ""
        named.append(cell._replace(short=told, name=model + told))
    return named


def _differs(block: list[dict[str, Any]], option: str) -> bool:
    """Whether encoders' results of one task, model and number of shots that could have the option differ in it."""
    having = (result for result in block if option == "classifier" or option in arms.options_of(result))
    return len({result.get(option) for result in having}) > 1


def best_of_variants(cells: list[Cell]) -> list[Cell]:
    """PMI-best: the better of PMI with and without HGA, cell by cell (Table 1).

    Chosen by mean accuracy on the test set, as in the paper; and run by run by cross-validation within the shots.
    """
    groups: dict[tuple[Any, ...], list[Cell]] = defaultdict(list)
    for cell in cells:
        plain = cell.label.replace("+HGA", "").replace("HGA+", "").replace(" (HGA)", "")
        if cell.variant.split(" (")[0] == "PMI" and "WC" in cell.variant:
            groups[cell.task, cell.model, cell.shots, plain.replace("PMI", "PMI-best", 1)].append(cell)
    return [row for (*_, label), pair in groups.items() if len(pair) == 2 for row in _best(pair, label)]


def _best(variants: list[Cell], label: str) -> list[Cell]:
    by_test = max(variants, key=lambda cell: cell.summary("accuracy").mean)
    name = label.partition(" [")[0]
    best = by_test._replace(variant=name, label=label, short=name, name=name, chosen=TEST_SET)
    picked: dict[Draw, Finetuning] = {}
    for draw in sorted(set.intersection(*(set(cell.runs) for cell in variants)), key=str):
        runs = [cell.runs[draw] for cell in variants]
        if all(run.result.get("cross_validation") for run in runs):
            picked[draw] = max(runs, key=lambda run: run.result["cross_validation"]["accuracy"])
    return [best, *([best._replace(variant="", runs=picked, chosen=CROSS_VALIDATION)] if picked else [])]
