"""A sequence with what a strategy hides of it: centers, spans, ranks, and what the model sees (Sec. 4.2)."""

from io import BytesIO
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Int32, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from genomask.alphabet import decode
from genomask.analysis.figure_style import COLOURS, look
from genomask.checks import require
from genomask.masking.masker import Masked, Masker

HIDDEN, SHOWN, RANDOM, SAME = COLOURS[1], "#DDDDDD", COLOURS[3], COLOURS[4]
KINDS: Final = {"visible": SHOWN, "[MASK]": HIDDEN, "random token": RANDOM, "itself, to predict": SAME}


class Drawing(NamedTuple):
    """One masked sequence, with its mask centers and, if its strategy ranks k-mers, the rank of every k-mer."""

    masker: Masker
    bases: UInt8[np.ndarray, " bases"]
    row: Masked
    centers: Bool[np.ndarray, " bases"]
    ranks: Int32[np.ndarray, " _kmers"] | None


class Picture(Figure):
    """A figure that notebooks show without pyplot."""

    def _repr_png_(self) -> bytes:
        """The figure as PNG."""
        content = BytesIO()
        self.savefig(content, format="png", dpi=110)
        return content.getvalue()


def masking_figure(sequence: Drawing, *, start: int, bases: int) -> Picture:
    """Draw one masked sequence.

    From the top: letters, with the chosen bases on colour and a triangle over every center; where the strategy ranks
    k-mers, their ranks, best at the top; and every token as the model sees it, at the place of its first base.

    Args:
        sequence: The sequence.
        start: First base to draw, counted from 0.
        bases: Bases to draw, fewer where the sequence ends.

    Raises:
        ValueError: If there is no such base.
    """
    length = len(sequence.bases)
    require(0 <= start < length, "start", f"a base of {length}", start)
    require(bases >= 1, "bases", "at least 1", bases)
    stop = min(start + bases, length)
    ranked = sequence.ranks is not None
    heights = [1.2, 1.6, 0.8] if ranked else [1.2, 0.8]
    with look():
        figure = Picture(figsize=(max(6.0, (stop - start) * 0.13), 3.6 if ranked else 2.2))
        panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
        _letters(panels[0], sequence, (start, stop))
        if ranked:
            _ranks(panels[1], sequence, (start, stop))
        _tokens(panels[-1], sequence, (start, stop))
        panels[-1].set_xlim(start - 0.5, stop - 0.5)
        panels[-1].set_xlabel("base")
        handles = [Patch(color=colour, label=name) for name, colour in KINDS.items()]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8)
    return figure


def _letters(panel: Axes, sequence: Drawing, span: tuple[int, int]) -> None:
    start, stop = span
    chosen = sequence.row.chosen[start:stop]
    letters = decode(sequence.bases[start:stop])
    centers = start + np.flatnonzero(sequence.centers[start:stop])
    panel.bar(np.arange(start, stop), chosen * 1.0, width=1.0, color=HIDDEN, alpha=0.55)
    for place, letter in enumerate(letters, start=start):
        panel.text(place, 0.5, letter, ha="center", va="center", family="monospace", fontsize=8)
    panel.plot(centers, np.full(len(centers), 1.25), "v", color="black", markersize=5)
    panel.set_ylim(0, 1.5)
    panel.set_yticks([])
    panel.grid(visible=False)
    name = type(sequence.masker.strategy).__name__
    here = f"{len(centers)} center{'s' * (len(centers) != 1)} here (▼)"
    panel.set_title(f"{name}: {here}, {int(sequence.row.masked.sum())} masked tokens in the whole sequence", fontsize=9)


def _ranks(panel: Axes, sequence: Drawing, span: tuple[int, int]) -> None:
    assert sequence.ranks is not None
    start, worst = span[0], 4 ** (len(sequence.bases) - len(sequence.ranks) + 1)
    values, chosen = sequence.ranks[slice(*span)], sequence.row.chosen
    place = np.arange(start, start + len(values))
    hidden = chosen[place]
    panel.scatter(place[~hidden], values[~hidden], s=8, color="#888888")
    panel.scatter(place[hidden], values[hidden], s=14, color=HIDDEN)
    panel.set_ylim(worst * 1.08, 1 - worst * 0.08)
    panel.set_yticks([1, worst])
    panel.set_ylabel("rank")


def _tokens(panel: Axes, sequence: Drawing, span: tuple[int, int]) -> None:
    tokens, shown, flags, *_ = sequence.row
    kinds = np.select([~flags, shown == sequence.masker.tokens.mask, shown != tokens.ids], [*KINDS][:3], "")
    here = (tokens.start >= span[0]) & (tokens.start < span[1])
    widths = np.ones(len(tokens.ids)) if sequence.masker.tokens.overlapping else tokens.stop - tokens.start
    colours = [KINDS.get(kind, SAME) for kind in kinds[here].tolist()]
    left = tokens.start[here] - 0.5
    panel.bar(left, np.ones(len(left)), width=widths[here] - 0.1, color=colours, align="edge")
    panel.set_yticks([])
    panel.set_ylabel("tokens", fontsize=8)
    panel.grid(visible=False)
