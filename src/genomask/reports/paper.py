"""The numbers that the paper prints, and which of them belongs beside a row of ours."""

import csv
from functools import cache
from typing import NamedTuple

from genomask.files import shipped

PAPER = shipped("experiments/paper")
TASKS = {"prom_core": "Prom-core", "prom_300": "Prom-300", "cohn_enh": "Cohn-enh"}


class Printed(NamedTuple):
    """One cell as printed: mean and standard deviation of both scores; ``starred`` says FS was left out."""

    table: int
    variant: str
    accuracy: tuple[str, str]
    auc: tuple[str, str]
    starred: bool


def printed(task: str, model: str, shots: int | str, variant: str) -> Printed | None:
    """What the paper prints for a row of ours, such as ``prom_core``, ``logo``, 10, ``PMI (WC+FS)``; or None.

    The paper's names say how long DNABERT was pretrained, and nothing of PMI-VOCAB's settings.
    """
    names = [variant]
    if variant.startswith("ORI"):
        names.append(variant.replace("ORI", "ORI 10K", 1))
    elif variant.startswith("published weights"):
        names = [variant.replace("published weights", "ORI 120K", 1)]
    elif variant in ("PMI-VOCAB (WC+FS)", "PMI-VOCAB (WC)"):
        names = ["PMI-VOCAB"]
    cells = (_cells().get((TASKS.get(task, ""), model.upper(), str(shots), name)) for name in names)
    return next(filter(None, cells), None)


@cache
def _cells() -> dict[tuple[str, str, str, str], Printed]:
    cells = {}
    for row in (*read_table("table2"), *read_table("table1")):  # both print some: Table 1 wins
        accuracy, auc = ((row[f"{score}_mean"], row[f"{score}_sd"]) for score in ("accuracy", "auc"))
        key = row["task"], row["model"], row["shots"], row["variant"]
        cells[key] = Printed(int(row["table"]), row["variant"], accuracy, auc, "asterisk" in row["note"])
    return cells


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of a printed table, such as ``table5``."""
    with (PAPER / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
