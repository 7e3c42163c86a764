"""Scores of variants from their two windows (DNABERT's formulas, Sec. A.4), and of every change of one sequence.

They come from log probabilities: the odds of a probability that rounds to 0 or 1 stay finite.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Float64
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from genomask.alphabet import encode
from genomask.analysis.figure_style import look
from genomask.analysis.predictor import Bases, logits, placed
from genomask.checks import require_choice
from genomask.models.export import Classifier

ROWS: Final = "ACGT"  # the order of the table and of the heat map of mutagenesis
PER_ROW: Final = 100  # positions side by side
Log = Float64[np.ndarray, "windows 2"]  # natural logarithms of p and of 1 - p


class Scores(NamedTuple):
    """One value an allele."""

    p_ref: Float64[np.ndarray, " alleles"]  # probability of the positive class with the reference allele
    p_alt: Float64[np.ndarray, " alleles"]  # with the alternative allele
    delta: Float64[np.ndarray, " alleles"]  # p_alt - p_ref
    abs_delta: Float64[np.ndarray, " alleles"]
    diff: Float64[np.ndarray, " alleles"]  # DNABERT's delta * max(p_ref, p_alt)
    log_odds: Float64[np.ndarray, " alleles"]  # DNABERT's log2 odds(p_ref) - log2 odds(p_alt), in bits; above 0 a loss


class Predictor(NamedTuple):
    """A classifier under the name that tables give it, and the index of the class that is meant."""

    name: str
    classifier: Classifier
    positive: int


def predictor(name: str, classifier: Classifier, positive: str | None, device: torch.device) -> Predictor:
    """Put a classifier on a device; ValueError if it has no such class, which is the last one for None."""
    chosen = classifier.classes[-1] if positive is None else positive
    require_choice(chosen, f"variants.positive (for {name})", classifier.classes)
    return Predictor(name, placed(classifier, device), classifier.classes.index(chosen))


def predict(each: Predictor, windows: Sequence[Bases], *, batch: int, both_strands: bool) -> Log:
    """Logarithms of p and 1 - p of every window; of the mean p of both strands on request (see ``logits``)."""
    strands = logits(each.classifier, windows, batch=batch, both_strands=both_strands)
    return mean_of_strands([log_probabilities(own, each.positive) for own in strands])


def log_probabilities(logits: Float64[np.ndarray, "windows classes"], positive: int) -> Log:
    """Logarithms of p and 1 - p of the positive class under softmax."""
    total = np.logaddexp.reduce(logits, axis=1)
    others = np.logaddexp.reduce(np.delete(logits, positive, axis=1), axis=1)
    return np.stack((logits[:, positive] - total, others - total), axis=1)


def mean_of_strands(logs: Sequence[Log]) -> Log:
    """Logarithms of the mean probability of all strands."""
    return np.logaddexp.reduce(logs) - np.log(len(logs))


def scores(reference: Log, alternative: Log) -> Scores:
    """Compare reference windows with alternative windows."""
    p_ref, p_alt = np.exp(reference[:, 0]), np.exp(alternative[:, 0])
    delta = p_alt - p_ref
    odds_ref, odds_alt = ((log[:, 0] - log[:, 1]) / np.log(2) for log in (reference, alternative))
    return Scores(p_ref, p_alt, delta, np.abs(delta), delta * np.maximum(p_ref, p_alt), odds_ref - odds_alt)


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
