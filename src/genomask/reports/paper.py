"""The numbers that the paper prints, and which of them belongs beside a row of ours."""

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).resolve().parents[1]
CHECKOUT = PACKAGE.parents[1] / "experiments" / "paper"
PAPER = CHECKOUT if CHECKOUT.is_dir() else PACKAGE / "paper"

TASKS = {"prom_core": "Prom-core", "prom_300": "Prom-300", "cohn_enh": "Cohn-enh"}
MODELS = {"dnabert": "DNABERT", "logo": "LOGO"}


class Printed(NamedTuple):
    """One cell as printed: mean and standard deviation of both scores; ``starred`` says FS was left out."""

    table: int
    variant: str
    accuracy: tuple[str, str]
    auc: tuple[str, str]
    starred: bool


def printed(task: str, model: str, shots: int | str, variant: str) -> Printed | None:
    """What the paper prints for a row of ours; None where it prints nothing.

    Args:
        task: Our name of the task, such as ``prom_core``.
        model: Our name of the model, such as ``logo``.
        shots: Examples per class.
        variant: Our name of the row, such as ``PMI (WC+FS)``.
    """
    cells = _cells()
    for name in _names(variant):
        found = cells.get((TASKS.get(task, ""), MODELS.get(model, ""), str(shots), name))
        if found:
            return found
    return None


def _names(variant: str) -> tuple[str, ...]:
    """The paper's names of a row: DNABERT's say how long it was pretrained, PMI-VOCAB's have no settings."""
    if variant.startswith("ORI"):
        return (variant, variant.replace("ORI", "ORI 10K", 1))
    if variant.startswith("published weights"):
        return (variant.replace("published weights", "ORI 120K", 1),)
    if variant in ("PMI-VOCAB (WC+FS)", "PMI-VOCAB (WC)"):
        return ("PMI-VOCAB",)
    return (variant,)


@cache
def _cells() -> dict[tuple[str, str, str, str], Printed]:
    rows = [row for table in ("table2", "table1") for row in read_table(table)]  # both print some: Table 1 wins
    return {
        (row["task"], row["model"], row["shots"], row["variant"]): Printed(
            table=int(row["table"]),
            variant=row["variant"],
            accuracy=(row["accuracy_mean"], row["accuracy_sd"]),
            auc=(row["auc_mean"], row["auc_sd"]),
            starred="asterisk" in row["note"],
        )
        for row in rows
    }


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of a printed table, such as ``table5``."""
    with (PAPER / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
