"""What two pretrainings of one masking strategy differ by, beside what two strategies differ by."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from genomask.reports.cells import Cell
from genomask.reports.collect import SCORES
from genomask.reports.compare import BaselineComparison, shared_draws
from genomask.reports.document import ABSENT, Section, Table, interval_text
from genomask.reports.scores import TITLES, model_title, row_name
from genomask.reports.statistics.summary import t_interval

READING = (
    "Rows with more than one pretraining. Means are over the episodes that all pretrainings of a row met. "
    "“between” is their standard deviation, “within” that of the episodes (a mean of n of them varies by it "
    "over √n). “Δ” is the mean difference to {baseline}, pretraining by pretraining, over the episodes that "
    "both met; the interval is Student's, of their mean, and speaks of pretrainings still to come. Where it "
    "holds 0, nothing is known about the strategy, whatever p the draws have."
)


class Between(NamedTuple):
    """One score of a row, pretraining by pretraining.

    Attributes:
        means: Mean over the episodes that all pretrainings met, by the pretraining's seed.
        episodes: How many there are.
        between: Standard deviation of these means.
        within: Standard deviation over the episodes, averaged over the pretrainings; None below two episodes.
    """

    means: dict[int, float]
    episodes: int
    between: float
    within: float | None


def between_pretrainings(cell: Cell, score: str) -> Between | None:
    """Compare a row's pretrainings; None with fewer than two of them, or without an episode that all met."""
    seeds = sorted({pretraining for _, pretraining in cell.runs if pretraining is not None})
    met = [{episode for episode, own in cell.runs if own == seed} for seed in seeds]
    episodes = sorted(set.intersection(*met)) if len(seeds) > 1 else []
    if not episodes:
        return None
    values = np.array([[cell.runs[each, seed].result[score] for each in episodes] for seed in seeds])
    within = float(values.std(axis=1, ddof=1).mean()) if len(episodes) > 1 else None
    means = dict(zip(seeds, values.mean(axis=1).tolist(), strict=True))
    return Between(means, len(episodes), float(values.mean(axis=1).std(ddof=1)), within)


def differences_by_pretraining(pair: BaselineComparison, score: str) -> dict[int, float]:
    """Mean difference to the baseline over the episodes that both met, by the pretraining's seed."""
    assert pair.baseline is not None  # a comparison has two sides
    seeds = sorted({pretraining for _, pretraining in pair.cell.runs if pretraining is not None})
    found = {}
    for seed in seeds:
        own, base = (
            {draw: run for draw, run in cell.runs.items() if draw[1] in (seed, None)}
            for cell in (pair.cell, pair.baseline)
        )
        ours, theirs = shared_draws(own, base)
        if ours:
            apart = [a.result[score] - b.result[score] for (a,), (b,) in zip(ours, theirs, strict=True)]
            found[seed] = float(np.mean(apart))
    return found


def between_section(pairs: list[BaselineComparison], baseline: str) -> Section | None:
    """A table of every model; None while every row has one pretraining."""
    columns = [
        "<task", "shots", "<row", "<score", "n", "<mean by pretraining", "between", "within", "<Δ",
        "95 % interval",
    ]  # fmt: skip
    tables = []
    for model in sorted({pair.cell.model for pair in pairs}):
        rows = list(_rows([pair for pair in pairs if pair.cell.model == model and not pair.cell.chosen]))
        if rows:
            tables.append(Table(model_title(model), columns, rows))
    notes = [READING.format(baseline=baseline)]
    return Section("between", "Between pretrainings", notes, tables) if tables else None


def _rows(pairs: list[BaselineComparison]) -> Iterable[list[str]]:
    for pair in pairs:
        for score in SCORES:
            found = between_pretrainings(pair.cell, score)
            if found is None:
                continue
            apart = differences_by_pretraining(pair, score) if pair.comparisons else {}
            yield [
                pair.cell.task,
                str(pair.cell.shots),
                row_name(pair.cell),
                TITLES[score],
                str(found.episodes),
                ", ".join(f"{mean:.3f}" for mean in found.means.values()),
                f"{found.between:.3f}",
                ABSENT if found.within is None else f"{found.within:.3f}",
                ", ".join(f"{each:+.3f}" for each in apart.values()) or ABSENT,
                interval_text(t_interval(np.array(list(apart.values())))),
            ]
