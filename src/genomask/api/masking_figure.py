"""A sequence with what a strategy hides of it: centers, spans, ranks, and what the model sees (Sec. 4.2)."""

from io import BytesIO
from typing import Final

import numpy as np
from jaxtyping import Bool, Int64
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from genomask.alphabet import decode
from genomask.analysis.figure_style import COLOURS, look
from genomask.api.masking import Masked
from genomask.checks import require
from genomask.masking.masker import Masked as MaskedSequence
from genomask.masking.masker import Masker

HIDDEN, SHOWN, RANDOM, SAME = COLOURS[1], "#DDDDDD", COLOURS[3], COLOURS[4]
KINDS: Final = {"visible": SHOWN, "[MASK]": HIDDEN, "random token": RANDOM, "itself, to predict": SAME}


class Picture(Figure):
    """A figure that notebooks show without pyplot."""

    def _repr_png_(self) -> bytes:
        """The figure as PNG."""
        content = BytesIO()
        self.savefig(content, format="png", dpi=110)
        return content.getvalue()


def masking_figure(masked: Masked, row: int, *, start: int, bases: int) -> Picture:
    """Draw one masked sequence as ``Masked.figure`` says. From the top: letters, with the chosen bases on colour and a
    triangle over every center; where the strategy ranks k-mers, their ranks, best at the top; and every token as the
    model sees it, at the place of its first base."""
    length, ranks = len(masked.bases[row]), masked.ranks
    require(0 <= start < length, "start", f"a base of {length}", start)
    require(bases >= 1, "bases", "at least 1", bases)
    stop = min(start + bases, length)
    heights = [1.2, 0.8] if ranks is None else [1.2, 1.6, 0.8]
    with look():
        figure = Picture(figsize=(max(6.0, (stop - start) * 0.13), 2.2 if ranks is None else 3.6))
        panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
        _letters(panels[0], masked, row, (start, stop))
        if ranks is not None:
            _ranks(panels[1], ranks[row], masked.rows[row].chosen, start, stop)
        _tokens(panels[-1], masked.rows[row], masked.masker, (start, stop))
        panels[-1].set_xlim(start - 0.5, stop - 0.5)
        panels[-1].set_xlabel("base")
        handles = [Patch(color=colour, label=name) for name, colour in KINDS.items()]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8)
    return figure


def _letters(panel: Axes, masked: Masked, row: int, span: tuple[int, int]) -> None:
    start, stop = span
    chosen = masked.rows[row].chosen[start:stop]
    letters = decode(masked.bases[row][start:stop])
    centers = start + np.flatnonzero(masked.centers[row][start:stop])
    panel.bar(np.arange(start, stop), chosen * 1.0, width=1.0, color=HIDDEN, alpha=0.55)
    for place, letter in enumerate(letters, start=start):
        panel.text(place, 0.5, letter, ha="center", va="center", family="monospace", fontsize=8)
    panel.plot(centers, np.full(len(centers), 1.25), "v", color="black", markersize=5)
    panel.set_ylim(0, 1.5)
    panel.set_yticks([])
    panel.grid(visible=False)
    name, count = type(masked.masker.strategy).__name__, int(masked.rows[row].masked.sum())
    here = f"{len(centers)} center{'s' * (len(centers) != 1)} here (▼)"
    panel.set_title(f"{name}: {here}, {count} masked tokens in the whole sequence", fontsize=9)


def _ranks(
    panel: Axes, ranks: Int64[np.ndarray, " _kmers"], chosen: Bool[np.ndarray, " bases"], start: int, stop: int
) -> None:
    worst, values = 4 ** (len(chosen) - len(ranks) + 1), ranks[start:stop]
    place = np.arange(start, start + len(values))
    hidden = chosen[place]
    panel.scatter(place[~hidden], values[~hidden], s=8, color="#888888")
    panel.scatter(place[hidden], values[hidden], s=14, color=HIDDEN)
    panel.set_ylim(worst * 1.08, 1 - worst * 0.08)
    panel.set_yticks([1, worst])
    panel.set_ylabel("rank")


def _tokens(panel: Axes, row: MaskedSequence, masker: Masker, span: tuple[int, int]) -> None:
    tokens, shown, flags, *_ = row
    kinds = np.select([~flags, shown == masker.tokens.mask, shown != tokens.ids], [*KINDS][:3], "")
    here = (tokens.start >= span[0]) & (tokens.start < span[1])
    widths = np.ones(len(tokens.ids)) if masker.tokens.overlapping else tokens.stop - tokens.start
    colours = [KINDS.get(kind, SAME) for kind in kinds[here].tolist()]
    left = tokens.start[here] - 0.5
    panel.bar(left, np.ones(len(left)), width=widths[here] - 0.1, color=colours, align="edge")
    panel.set_yticks([])
    panel.set_ylabel("tokens", fontsize=8)
    panel.grid(visible=False)
