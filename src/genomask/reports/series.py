"""Rows joined over numbers of shots: the lines of a plot, and the methods of a ranking."""

from collections import defaultdict

from genomask.reports.cells import Cell
from genomask.reports.compare import kind
from genomask.reports.document import ABSENT


def series(cells: list[Cell]) -> dict[str, list[Cell]]:
    """Cells of one model by line; rows that were chosen among variants are in none.

    FS is on for few shots and off for many under the paper's policy, so a row's name changes along a line:
    one line then joins ``PMI (WC+FS)`` and ``PMI (WC)``. Where both stand at the same number of shots, as in
    the ablation of Table 2, each is a line of its own.
    """
    joined: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        if not cell.chosen:
            joined[without_fs(cell.label)].append(cell)
    lines: dict[str, list[Cell]] = {}
    for found in joined.values():
        places = [(cell.task, cell.shots) for cell in found]
        if len(set(places)) < len(places):
            for cell in found:
                lines.setdefault(cell.label, []).append(cell)
        else:
            lines[_name(found)] = found
    return lines


def without_fs(label: str) -> str:
    """A row's name without FS."""
    name, bracket, rest = label.partition(" [")
    return name.replace("+FS)", ")").replace(" (FS)", "") + bracket + rest


def _name(cells: list[Cell]) -> str:
    labels = {cell.label for cell in cells}
    if len(labels) == 1:
        return labels.pop()
    with_fs = max(labels, key=len)
    return with_fs.replace("+FS)", ", FS for few shots)").replace(" (FS)", " (FS for few shots)")


def masking_of(line: list[Cell]) -> str:
    """What a line is coloured by: the masking of its encoders, or its classifier."""
    return kind(line[0]) if line else ABSENT


def blocks(lines: dict[str, list[Cell]]) -> tuple[list[str], list[tuple[str, int | str]]]:
    """The largest ranking that is complete: methods, and the cells (task, shots) in which all were scored.

    Methods that were scored in the fewest cells are left out until two cells are complete.
    """
    places = {name: {(cell.task, cell.shots) for cell in line} for name, line in lines.items()}
    while len(places) > 1:
        common = set.intersection(*places.values())
        if len(common) > 1:
            return list(places), sorted(common, key=str)
        del places[min(places, key=lambda name: len(places[name]))]
    return [], []
