"""A colour for every masking, a dash and a marker for every line of it; readable on dark and on light."""

from typing import Any, Final

from genomask.analysis.figure_style import COLOURS, MASKING_COLOUR

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
    for name, kind in kinds.items():
        nth = seen[kind] = seen.get(kind, -1) + 1
        strangers = [other for other in seen if other not in MASKING_COLOUR]
        unknown = spare[strangers.index(kind) % len(spare)] if kind in strangers else GREY
        colour = colour_of(kind) if kind in MASKING_COLOUR else unknown
        styles[name] = {
            "line": {"color": colour, "dash": DASHES[nth % len(DASHES)], "width": 2},
            "marker": {"size": 7, "symbol": nth % 8, "color": colour},
        }
    return styles
