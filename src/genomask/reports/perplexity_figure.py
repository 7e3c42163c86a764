"""Fig. 1: perplexity of encoders while they are pretrained, under a common mask and under their own."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from matplotlib.figure import Figure

from genomask.analysis.figure_style import COLOURS, MASKING_COLOUR, look

STYLES = ("-", "--", ":", "-.")


@runtime_checkable
class Point(Protocol):
    """Perplexities after ``step`` optimiser steps."""

    @property
    def step(self) -> int: ...
    @property
    def own(self) -> float: ...
    @property
    def common(self) -> float: ...


def draw_perplexity(curves: Mapping[str, tuple[str, Sequence[Point]]]) -> Figure:
    """Draw one line an encoder, on a logarithmic axis.

    The paper's figure compares perplexities each measured under its encoder's own mask, which differ in
    difficulty; the panel on the left shows all of them under one common random mask.

    Args:
        curves: For every encoder's name its masking, which gives the colour, and its validation curve.

    Raises:
        ValueError: If no encoder has a curve.
    """
    if not any(points for _, points in curves.values()):
        raise ValueError("The perplexity figure needs a validation curve; found none (logger.csv=true logs it).")
    with look():
        figure = Figure(figsize=(7.2, 3.2))
        panels = figure.subplots(1, 2, sharey=True)
        titles = {"common": "common random mask", "own": "own mask"}
        for panel, (field, title) in zip(panels, titles.items(), strict=True):
            seen: dict[str, int] = {}
            for name, (masking, points) in curves.items():
                nth = seen[masking] = seen.get(masking, -1) + 1
                values = [getattr(point, field) for point in points]
                colour = MASKING_COLOUR.get(masking, COLOURS[-1])
                style = STYLES[nth % len(STYLES)]
                panel.plot([point.step for point in points], values, style, marker=".", color=colour, label=name)
            panel.set(title=title, xlabel="optimiser steps", yscale="log")
        panels[0].set_ylabel("perplexity")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
        return figure
