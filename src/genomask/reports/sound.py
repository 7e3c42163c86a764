"""How far the numbers of a report can be believed: which runs repeat bit for bit, and which collapsed."""

from collections import Counter
from typing import Final

from genomask.reports.cells import Cell
from genomask.reports.collect import Finetuning, Found
from genomask.reports.document import ABSENT, Section, Table, number

UNTOLD: Final = "do not say (they were written before results did)"
READING: Final = (
    "A collapsed fine-tuning gave every test sequence one class, a known plague of few-shot BERT. It is "
    "counted in all means; its accuracy is the share of that class."
)


def repeatability_facts(found: Found) -> list[tuple[str, str]]:
    """How many fine-tunings repeat bit for bit, and why the others may not."""
    said = [item.result.get("repeatability") for item in found.finetunings]
    if not any(said):
        return []
    repeats = [each for each in said if each and each["bit_for_bit"]]
    others = Counter(each["why_not"] if each else UNTOLD for each in said if each not in repeats)
    given = f", given {repeats[0]['given']}" if repeats else ""
    parts = [f"{len(repeats)} of {len(said)} fine-tunings{given}"]
    parts += [f"{count} {reason}" for reason, count in others.items()]
    machines = {"{device}, {threads} thread(s), torch {torch}".format(**each) for each in said if each}
    return [("repeat bit for bit", "; ".join(parts)), ("computed on", "; ".join(sorted(machines)))]


def collapsed_section(cells: list[Cell]) -> Section | None:
    """Every collapsed fine-tuning by name, and how many there are in each cell; None without one."""
    hit = [cell for cell in cells if cell.collapsed and not cell.chosen]
    if not hit:
        return None
    columns = ["<task", "<model", "shots", "<row", "n", "collapsed", "share"]
    counts = [
        [cell.task, cell.model, str(cell.shots), cell.label, str(len(cell.runs)), str(len(cell.collapsed)),
         number(len(cell.collapsed) / len(cell.runs), 2)]
        for cell in hit
    ]  # fmt: skip
    runs = {item.directory: item for cell in hit for item in cell.collapsed}
    rows = [_run(item) for _, item in sorted(runs.items())]
    tables = [
        Table("By cell", columns, counts),
        Table("By run", ["<run", "seed", "accuracy", "AUC"], rows),
    ]
    return Section("collapsed", "Collapsed fine-tunings", [READING], tables)


def _run(item: Finetuning) -> list[str]:
    scores = [number(item.result[score]) for score in ("accuracy", "auc")]
    return [item.directory, str(item.result.get("seed", ABSENT)), *scores]
