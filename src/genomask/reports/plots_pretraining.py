"""Pretraining as plots: Fig. 1, and the realised masking rates."""

from genomask.reports.collect import Encoder
from genomask.reports.colours import GREY, colour_of, line_styles
from genomask.reports.document import Plot
from genomask.reports.pretraining import masking


def perplexities(named: dict[str, Encoder]) -> list[Plot]:
    """Fig. 1: perplexity against steps, under one common mask and under each encoder's own."""
    curves = {name: encoder for name, encoder in named.items() if len(encoder.curve) > 0}
    if not curves:
        return []
    styles = line_styles({name: masking(encoder) for name, encoder in curves.items()})
    titles = {"common": "Under the common random mask", "own": "Under each encoder's own mask"}
    plots = []
    for field, title in titles.items():
        data = [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": [point.step for point in encoder.curve],
                "y": [getattr(point, field) for point in encoder.curve],
                "hovertemplate": "%{y:,.1f} at step %{x}<extra>%{fullData.name}</extra>",
                **styles[name],
            }
            for name, encoder in curves.items()
        ]
        axes = {
            "xaxis": {"title": {"text": "optimiser steps"}},
            "yaxis": {"type": "log", "title": {"text": "perplexity"}},
        }
        plots.append(Plot(title, data, axes, 420))
    return plots


def masking_rates(named: dict[str, Encoder]) -> Plot | None:
    """Realised share of hidden tokens of every encoder, with two standard errors."""
    pretrained = {name: e for name, e in named.items() if masking(e) not in ("none", "published")}
    if not pretrained:
        return None
    encoders = list(pretrained.values())
    rates = [encoder.summary["realised_masking_rate"] for encoder in encoders]
    errors = [2 * encoder.summary["realised_masking_rate_error"] for encoder in encoders]
    colours = [colour_of(masking(encoder)) for encoder in encoders]
    data = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": rates,
            "y": [name.replace(" [", "<br><sub>[") for name in pretrained],
            "error_x": {"type": "data", "array": errors, "color": GREY},
            "marker": {"size": 10, "color": colours},
            "hovertemplate": "%{x:.2%}<extra>%{y}</extra>",
        }
    ]
    axes = {
        "xaxis": {"tickformat": ".1%", "title": {"text": "hidden tokens"}},
        "yaxis": {"autorange": "reversed", "automargin": True},
        "shapes": [
            {"type": "line", "x0": 0.15, "x1": 0.15, "yref": "paper", "y0": 0, "y1": 1,
             "line": {"dash": "dot", "color": GREY}}
        ],
        "showlegend": False,
    }  # fmt: skip
    return Plot("Realised masking rates; dotted: the nominal 15 %", data, axes, 130 + 42 * len(rates))
