"""Lines of a plot: rows joined over numbers of shots, and how each is drawn."""

from collections import defaultdict
from typing import Any, Final

from genomask.analysis.figure_style import COLOURS, MASKING_COLOUR
from genomask.reports.cells import Cell
from genomask.reports.compare import kind
from genomask.reports.document import ABSENT

GREY: Final = "#888888"
DASHES: Final = ("solid", "dash", "dot", "dashdot")


def colour_of(kind: str) -> str:
    """The colour of a masking; grey for others, and for black, which a dark page would swallow."""
    colour = MASKING_COLOUR.get(kind, GREY)
    return GREY if colour == "#000000" else colour


def line_styles(kinds: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Styles of lines by name, given what each is coloured by: a masking, or a classifier."""
    styles, seen = {}, {}
    spare = [colour for colour in reversed(COLOURS) if colour != "#000000"]
    for name, group in kinds.items():
        nth = seen[group] = seen.get(group, -1) + 1
        strangers = [other for other in seen if other not in MASKING_COLOUR]
        unknown = spare[strangers.index(group) % len(spare)] if group in strangers else GREY
        colour = colour_of(group) if group in MASKING_COLOUR else unknown
        styles[name] = {
            "line": {"color": colour, "dash": DASHES[nth % len(DASHES)], "width": 2},
            "marker": {"size": 7, "symbol": nth % 8, "color": colour},
        }
    return styles


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
