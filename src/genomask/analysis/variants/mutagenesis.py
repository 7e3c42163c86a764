"""In-silico saturation mutagenesis: what every single-base change of one sequence does to a score."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float64

from genomask.alphabet import encode
from genomask.analysis.variants.predictor import Predictor, predict
from genomask.analysis.variants.scores import Scores, scores
from genomask.analysis.variants.windows import Bases

ROWS: Final = "ACGT"  # the order of the table and of the heat map


def mutants(sequence: Bases) -> list[Bases]:
    """Every position x A, C, G, T, position by position; the base that is there already is among them."""
    table = np.tile(sequence, (len(sequence), len(ROWS), 1))
    place = np.arange(len(sequence))
    table[place, :, place] = encode(ROWS)
    return list(table.reshape(-1, len(sequence)))


def saturate(predictors: Sequence[Predictor], sequence: Bases, *, batch: int, both_strands: bool) -> list[Scores]:
    """Scores of ``mutants(sequence)`` against the sequence, from every predictor; 0 where nothing changes."""
    logs = predict(predictors, [sequence, *mutants(sequence)], batch=batch, both_strands=both_strands)
    return [scores(np.broadcast_to(log[:1], log[1:].shape), log[1:]) for log in logs]


def write_csv(path: Path, sequence: str, first: int, names: Sequence[str], found: Sequence[Scores]) -> None:
    """One row for every position (the first base of the sequence has number ``first``) and base."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        fields = [f"{name}_{score}" for name in names for score in Scores._fields]
        out.writerow(["position", "reference", "base", *fields])
        for row in range(len(sequence) * len(ROWS)):
            position, base = divmod(row, len(ROWS))
            values = [f"{value[row]:.9g}" for each in found for value in each]
            out.writerow([first + position, sequence[position], ROWS[base], *values])


def grid(values: Float64[np.ndarray, " mutants"]) -> Float64[np.ndarray, "rows bases"]:
    """Scores as a heat map: one row for each of A, C, G, T, one column for every position."""
    return values.reshape(-1, len(ROWS)).T
