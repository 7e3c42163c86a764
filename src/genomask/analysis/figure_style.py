"""One look for every figure, and the three files that each of them becomes."""

from functools import partial
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure

FORMATS: Final = ("pdf", "png", "svg")

# Okabe and Ito's colours: told apart also by colour-blind readers and in grey.
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MASKING_COLOUR: Final = {
    "random": COLOURS[0],
    "pmi": COLOURS[1],
    "span": COLOURS[2],
    "pmi_vocab": COLOURS[3],
    "pmi_released": COLOURS[4],
    "whole_span": COLOURS[5],
    "none": COLOURS[6],
}
LOOK: Final[Any] = {
    "axes.grid": True,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "savefig.dpi": 200,
    "svg.hashsalt": "genomask",  # the same figure gives the same bytes
}
look = partial(mpl.rc_context, LOOK)  # with look(): draws figures in the common look


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write ``stem.pdf``, ``stem.png`` and ``stem.svg``, without a date, and return their paths."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths = [stem.with_name(f"{stem.name}.{suffix}") for suffix in FORMATS]
    dates = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
    for path in paths:
        figure.savefig(path, metadata=dates.get(path.suffix[1:]))
    return paths
