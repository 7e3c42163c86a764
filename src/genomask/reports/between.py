"""How far pretrainings of one row lie apart, and how many of them would find a small difference."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from genomask.reports.cells import Cell
from genomask.reports.compare import BaselineComparison, differences, differences_by_pretraining
from genomask.reports.document import ABSENT, Section, Table, interval_text, number
from genomask.reports.means import Variances, variances
from genomask.reports.paired import planned_power, pretrainings_needed
from genomask.reports.scores import KEYS, TITLES, keys_of, row_name

PLANNED = (0.005, 0.01, 0.02)  # true differences in AUC that a plan may hope for
COUNTS = (2, 3, 5, 10, 20)  # pretrainings of a plan
READING = (
    "Rows with more than one pretraining. Means are over the episodes that all pretrainings of a row met. “between” is "
    "their standard deviation, “within” that of the episodes (a mean of n of them varies by it over √n). “Δ” is the "
    "mean difference to {baseline}, pretraining by pretraining; the interval covers pretrainings and draws. Where it "
    "holds 0, nothing is known about the strategy, whatever p the draws have."
)
POWER = (
    "Power of a comparison with {baseline} in AUC by number of pretrainings an arm, at {draws} draws each, for three "
    "true differences; the last line is the number that finds them with power 0.8. From the variances of the paired "
    "differences, averaged over {cells} comparisons: standard deviation {pretraining:.3f} between pretrainings, "
    "{draw:.3f} between draws, {rest:.3f} of the rest. An estimate from few pretrainings is a rough one."
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
    if not episodes or score not in cell.scores:
        return None
    values = np.array([[cell.runs[each, seed].result[score] for each in episodes] for seed in seeds])
    within = float(values.std(axis=1, ddof=1).mean()) if len(episodes) > 1 else None
    means = dict(zip(seeds, values.mean(axis=1).tolist(), strict=True))
    return Between(means, len(episodes), float(values.mean(axis=1).std(ddof=1)), within)


def between_section(pairs: list[BaselineComparison], baseline: str) -> Section | None:
    """Rows with several pretrainings, and what more of them would find; None while every row has one."""
    columns = [*KEYS, "<score", "<row", "between", "within", "episodes", "<mean by pretraining", "<Δ by pretraining",
               "95 % interval"]  # fmt: skip
    rows = [row for pair in pairs if not pair.cell.chosen for row in _rows(pair)]
    if not rows:
        return None
    tables = [Table("", columns, rows, len(KEYS) + 1), *_power_table(pairs, baseline)]
    return Section("between", "Between pretrainings", [READING.format(baseline=baseline)], tables)


def _rows(pair: BaselineComparison) -> Iterable[list[str]]:
    for score, title in TITLES.items():
        found = between_pretrainings(pair.cell, score)
        if found is None:
            continue
        compared = pair.comparisons.get(score)
        apart = differences_by_pretraining(pair.cell, pair.baseline, score) if compared and pair.baseline else {}
        yield [
            *keys_of(pair.cell),
            title,
            row_name(pair.cell),
            f"{found.between:.3f}",
            number(found.within),
            str(found.episodes),
            ", ".join(f"{mean:.3f}" for mean in found.means.values()),
            ", ".join(f"{np.mean(list(each.values())):+.3f}" for each in apart.values()) or ABSENT,
            interval_text(compared.interval) if compared else ABSENT,
        ]


def _power_table(pairs: list[BaselineComparison], baseline: str) -> list[Table]:
    """Power of plans, from the pairs with several pretrainings and draws whose differences have a spread."""
    compared = [(pair, pair.baseline, pair.comparisons["auc"]) for pair in pairs if pair.baseline and pair.comparisons]
    shared = [(pair, base, item.n) for pair, base, item in compared if min(item.pretrainings, item.n) > 1]
    found = [(variances(differences(pair.cell, base, "auc")), n) for pair, base, n in shared]
    spreads = [(spread, n) for spread, n in found if sum(spread)]
    if not spreads:
        return []
    pooled = Variances(*np.mean([spread for spread, _ in spreads], axis=0).tolist())
    draws = int(np.median([n for _, n in spreads]))
    rows = [[str(count), *(f"{planned_power(each, pooled, count, draws):.0%}" for each in PLANNED)] for count in COUNTS]
    needed = [pretrainings_needed(each, pooled, draws=draws) for each in PLANNED]
    rows.append(["for power 0.8", *(str(count) if count else "over 50" for count in needed)])
    sds = {name: value**0.5 for name, value in pooled._asdict().items()}
    note = POWER.format(baseline=baseline, draws=draws, cells=len(spreads), **sds)
    columns = ["<pretrainings an arm", *(f"true difference {each}" for each in PLANNED)]
    return [Table("Power by number of pretrainings", columns, rows, 0, [note])]
