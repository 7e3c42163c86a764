"""In-silico saturation mutagenesis: what every single-base change of one sequence does to a score."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from jaxtyping import Float64
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from genomask.alphabet import encode
from genomask.analysis.figure_style import look
from genomask.analysis.predictor import Bases
from genomask.analysis.variants.scores import Predictor, Scores, predict, scores

ROWS: Final = "ACGT"  # the order of the table and of the heat map
PER_ROW: Final = 100  # positions side by side


def mutants(sequence: Bases) -> list[Bases]:
    """Every position x A, C, G, T, position by position; the base that is there already is among them."""
    table = np.tile(sequence, (len(sequence), len(ROWS), 1))
    place = np.arange(len(sequence))
    table[place, :, place] = encode(ROWS)
    return list(table.reshape(-1, len(sequence)))


def saturate(each: Predictor, sequence: Bases, *, batch: int, both_strands: bool) -> Scores:
    """Scores of ``mutants(sequence)`` against the sequence; 0 where nothing changes."""
    log = predict(each, [sequence, *mutants(sequence)], batch=batch, both_strands=both_strands)
    return scores(np.broadcast_to(log[:1], log[1:].shape), log[1:])


def mutant_rows(sequence: str, first: int, found: Sequence[Scores]) -> Iterator[list[object]]:
    """A row for every position (the first base of the sequence has number ``first``) and base, then its scores."""
    for row in range(len(sequence) * len(ROWS)):
        position, base = divmod(row, len(ROWS))
        values = [f"{value[row]:.9g}" for each in found for value in each]
        yield [first + position, sequence[position], ROWS[base], *values]


def grid(values: Float64[np.ndarray, " mutants"]) -> Float64[np.ndarray, "rows bases"]:
    """Scores as a heat map: one row for each of A, C, G, T, one column for every position."""
    return values.reshape(-1, len(ROWS)).T


def mutagenesis_figure(
    values: Float64[np.ndarray, "rows bases"], sequence: str, *, first: int, title: str, label: str
) -> Figure:
    """Draw scores of all changes, as ``grid`` gives them, from base number ``first`` on; a dot marks what is there."""
    starts = range(0, len(sequence), PER_ROW)
    width = min(PER_ROW, len(sequence))
    limit = float(np.abs(values).max()) or 1.0
    colours = ScalarMappable(Normalize(-limit, limit), "RdBu_r")
    with look():
        figure = Figure(figsize=(max(4.0, 0.085 * width + 1.2), 0.9 + 0.95 * len(starts)))
        panels = figure.subplots(len(starts), 1, squeeze=False)[:, 0]
        for axes, start in zip(panels, starts, strict=True):
            part = values[:, start : start + PER_ROW]
            left, right = first + start - 0.5, first + start + part.shape[1] - 0.5
            axes.imshow(
                part, cmap=colours.cmap, norm=colours.norm, aspect="auto", interpolation="none",
                extent=(left, right, len(ROWS) - 0.5, -0.5),
            )  # fmt: skip
            there = [ROWS.index(base) for base in sequence[start : start + PER_ROW]]
            axes.plot(np.arange(len(there)) + first + start, there, linestyle="", marker=".", color="0.3", ms=3)
            axes.set(yticks=range(len(ROWS)), yticklabels=list(ROWS), xlim=(left, left + width))
            axes.grid(visible=False)
            axes.ticklabel_format(axis="x", style="plain", useOffset=False)
        panels[0].set_title(title, fontsize="medium")
        panels[-1].set_xlabel("position")
        figure.colorbar(colours, ax=list(panels), label=label, aspect=12 * len(starts), pad=0.01)
    return figure
