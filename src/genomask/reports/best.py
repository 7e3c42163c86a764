"""Rows that are the better of two variants: as the paper chose them, and as they can honestly be chosen."""

from collections import defaultdict
from typing import Any

from genomask.reports.cells import Cell, Draw
from genomask.reports.collect import Finetuning

TEST_SET, CROSS_VALIDATION = "test set", "cross-validation"


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
