"""What the runs show, first in words, then as one figure: gains over a baseline, by task and shots."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import numpy as np

from genomask.reports.arms import has_encoder
from genomask.reports.cells import Cell, shots_order
from genomask.reports.compare import BaselineComparison, Questions, pooled
from genomask.reports.statistics import SIGNIFICANCE, Comparison, Interval, t_interval

SCORE: Final = "auc"  # that the answer is given in
MOST_ROWS: Final = 3  # that get a sentence each
MOST_TASKS: Final = 6  # that get a clause each
MOST_GAINS: Final = 24  # that a figure shows one by one; more are averaged over their tasks
Pairs = list[BaselineComparison]


class Gain(NamedTuple):
    """A difference to a baseline, for one line of a figure; the ``kind`` of its row gives the colour."""

    label: str
    kind: str
    difference: float
    interval: Interval | None
    n: str


def gains(pairs: Pairs, score: str = SCORE) -> list[Gain]:
    """Differences to the baseline by row, task and shots; where these are many, averaged over tasks."""
    compared = [pair for pair in of_encoders(pairs) if score in pair.comparisons]
    many = len(compared) > MOST_GAINS
    if many:
        compared.sort(key=lambda pair: (pair.cell.name, shots_order(pair.cell.shots)))
    groups = grouped(compared, lambda cell: (cell.name, "" if many else cell.task, f"{cell.shots} shots"))
    made = []
    for label, own in zip(labels(list(groups)), groups.values(), strict=True):
        item, values = own[0].comparisons[score], np.array([pair.comparisons[score].difference for pair in own])
        interval, n = item.interval, covers(item)
        if many:
            interval, n = t_interval(values), f"mean of {len(values)} tasks, interval over tasks"
        made.append(Gain(label, own[0].cell.kind, float(values.mean()), interval, n))
    return made


def covers(item: Comparison) -> str:
    """How many pretrainings and draws a comparison covers."""
    draws = _range({item.n}, "draw")
    return f"{item.pretrainings} pretrainings, {draws}" if item.pretrainings > 1 else draws


def labels(names: list[tuple[str, ...]]) -> list[str]:
    """One label each, of those parts that differ; of all parts where none does."""
    differs = [len(set(parts)) > 1 for parts in zip(*names, strict=True)]
    kept = differs if any(differs) else [True] * len(differs)
    return [", ".join(part for part, keep in zip(parts, kept, strict=True) if keep and part) for parts in names]


def grouped(pairs: Pairs, key: Callable[[Cell], Any]) -> dict[Any, Pairs]:
    """The pairs by what ``key`` gives for their cells."""
    groups: dict[Any, Pairs] = defaultdict(list)
    for pair in pairs:
        groups[key(pair.cell)].append(pair)
    return groups


def of_encoders(pairs: Pairs) -> Pairs:
    """The comparisons of pretrained encoders; all comparisons where there is none."""
    compared = [pair for pair in pairs if SCORE in pair.comparisons]
    return [pair for pair in compared if has_encoder(pair.cell.result) and pair.cell.kind != "none"] or compared


def answer(cells: list[Cell], asked: Questions, *, baseline: str, bound: float) -> list[str]:
    """What these runs show, in sentences; empty without a score."""
    if not cells:
        return []
    masking = of_encoders(asked.masking)
    named = {pair.baseline.short for pair in masking if pair.baseline}
    against = named.pop() if len(named) == 1 else baseline
    rows = grouped(masking, lambda cell: cell.name)
    if len(rows) <= MOST_ROWS:
        lines = [f"{name} against {against}: {_finding(own, bound)}." for name, own in rows.items()]
    else:
        lines = _summary(f"Against {against}:", masking, bound)
    lines += _summary("Pretraining added", asked.pretraining, bound)
    rivals = sorted({pair.baseline.short for pair in asked.encoder if pair.baseline})
    beside = f"Beside the strongest classifier without an encoder ({', '.join(rivals)}):"
    lines += _summary(beside, asked.encoder, bound)
    if not lines:
        best = max(cells, key=lambda cell: cell.summary(SCORE).mean)
        where = f"{best.name} on {best.task}, {best.shots} shots"
        lines = [f"No two rows can be compared yet. Highest AUC: {best.summary(SCORE).mean:.3f}, {where}."]
    return [*lines, *_design(cells, masking)]


def _finding(pairs: Pairs, bound: float) -> str:
    if len(pairs) > 1:
        return f"AUC {_mean(pairs):+.3f} on average; {_verdicts(pairs, bound)}{differences_by_task(pairs, bound)}"
    cell, item = pairs[0].cell, pairs[0].comparisons[SCORE]
    interval = f" (95 % interval {item.interval.low:+.3f} to {item.interval.high:+.3f})" if item.interval else ""
    return f"AUC {item.difference:+.3f}{interval} on {cell.task}, {cell.shots} shots: {verdict(item, bound)}"


def _mean(pairs: Pairs) -> float:
    return float(np.mean([pair.comparisons[SCORE].difference for pair in pairs]))


def differences_by_task(pairs: Pairs, bound: float) -> str:
    """The mean difference of a row on each task with its verdict, shots pooled; empty for one task."""

    def clause(own: Pairs) -> str:
        item = pooled(own, SCORE, bound)
        return f"{item.difference:+.3f} ({verdict(item, bound)})" if item else f"{_mean(own):+.3f}"

    return _by_task(pairs, clause)


def _by_task(pairs: Pairs, clause: Callable[[Pairs], str]) -> str:
    tasks = grouped(pairs, lambda cell: cell.task)
    clauses = [f"{task} {clause(own)}" for task, own in list(tasks.items())[:MOST_TASKS]]
    more = f" and {len(tasks) - MOST_TASKS} tasks more" if len(tasks) > MOST_TASKS else ""
    return f"; by task: {', '.join(clauses)}{more}" if len(tasks) > 1 else ""


def _summary(title: str, pairs: Pairs, bound: float) -> list[str]:
    """One sentence over all rows of a question."""
    chosen = of_encoders(pairs)
    if not chosen:
        return []

    def clause(own: Pairs) -> str:
        return f"{' to '.join(f'{mean:+.3f}' for mean, _ in _ends(own))} ({_counts(own, bound)})"

    ends = " to ".join(f"{mean:+.3f} ({name})" for mean, name in _ends(chosen))
    return [f"{title} {ends} in AUC; {_verdicts(chosen, bound)}{_by_task(chosen, clause)}."]


def _ends(pairs: Pairs) -> list[tuple[float, str]]:
    """The lowest and the highest mean difference of a row; one of them where they are the same."""
    means = sorted((_mean(own), name) for name, own in grouped(pairs, lambda cell: cell.name).items())
    return list(dict.fromkeys([means[0], means[-1]]))


def _verdicts(pairs: Pairs, bound: float) -> str:
    if len(pairs) == 1:
        return verdict(pairs[0].comparisons[SCORE], bound)
    corrected = sum((pair.holm[SCORE] or 1) < SIGNIFICANCE for pair in pairs)
    return f"{_counts(pairs, bound)} of {len(pairs)} comparisons ({corrected or 'none'} after Holm's correction)"


def _counts(pairs: Pairs, bound: float) -> str:
    counts = Counter(verdict(pair.comparisons[SCORE], bound) for pair in pairs)
    return ", ".join(f"{word} in {count}" for word, count in counts.most_common())


def verdict(item: Comparison, bound: float) -> str:
    """One word for a comparison: by its interval, or by the test of equivalence."""
    if item.interval and not item.interval.low <= 0 <= item.interval.high:
        return "ahead" if item.interval.low > 0 else "behind"
    same = item.equivalent is not None and item.equivalent < SIGNIFICANCE
    return f"the same within ±{bound}" if same else "undecided"


def _design(cells: list[Cell], pairs: Pairs) -> Iterable[str]:
    """How many draws and pretrainings stand behind the answer, and what they could have found."""
    items = [pair.comparisons[SCORE] for pair in pairs]
    encoders = {cell.pretrainings for cell in cells if has_encoder(cell.result)}
    of_encoder = f", {_range(encoders, 'pretraining')} of an encoder" if encoders else ""
    yield f"Behind every row: {_range({cell.draws for cell in cells}, 'draw')}{of_encoder}."
    if encoders and items and max(item.pretrainings for item in items) == 1:
        yield (
            "With one pretraining an arm the intervals speak of these encoders. To speak of masking strategies, "
            "pretrain several times: pretrain_seed=0,1,2."
        )
    if detectable := [item.detectable for item in items if item.detectable]:
        missed = f"A true difference below about {np.median(detectable):.3f} in AUC"
        yield f"{missed} would be missed one time in five or more."


def _range(counts: set[int], name: str) -> str:
    numbers = str(min(counts)) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
    return f"{numbers} {name}{'' if counts == {1} else 's'}"


def chart(rows: list[Gain], width: int) -> list[str]:
    """The gains as lines of text: label, interval as a bar around 0, difference."""
    if not rows:
        return []
    label = min(max(len(row.label) for row in rows), width // 2)
    bar = max(width - label - 10, 11)
    ends = [end for row in rows for end in (*(row.interval or ()), row.difference, 0.0)]
    low, span = min(ends), (max(ends) - min(ends)) or 1

    def column(value: int | float) -> int:
        return round((value - low) / span * (bar - 1))

    lines = []
    for row in rows:
        cells = [" "] * bar
        if row.interval:
            first, last = map(column, row.interval)
            cells[first : last + 1] = "─" * (last - first + 1)
        cells[column(0)] = "│"
        cells[column(row.difference)] = "●"
        name = row.label if len(row.label) <= label else row.label[: label - 1] + "…"
        lines.append(f"{name:<{label}} {''.join(cells)} {row.difference:+.3f}")
    return lines
