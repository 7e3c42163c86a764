"""Lines of a plot: rows joined over numbers of shots, and how each is drawn."""

from collections import defaultdict
from typing import Any, Final

from genomask.analysis.figure_style import COLOURS, MASKING_COLOUR
from genomask.reports.cells import Cell

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
    """Cells of one task by line: a row over its numbers of shots.

    FS is on for few shots and off for many under the paper's policy, and both stand in one line, unless rows
    differ in it at the same number of shots. Rows that were chosen among variants are in none.
    """
    lines: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        if not cell.chosen:
            lines[cell.name].append(cell)
    return lines
