"""Ideas of what to mask, each beside the control that it names: gain over it, gain over random, cost a step."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from genomask.reports.answer import SCORE, Gain, Pairs, covers
from genomask.reports.arms import model_title
from genomask.reports.cells import Cell
from genomask.reports.compare import Questions, differences_by_pretraining, matrix
from genomask.reports.document import ABSENT, Entry, Section, Table, interval_text, number
from genomask.reports.plots import forest
from genomask.reports.statistics import Comparison, compare

READING = (
    "One row an idea: its mean gain in AUC over its control, and over {baseline}, on the same tasks, shots, draws and "
    "pretrainings, with 95 % intervals. An interval over several pretrainings speaks of the idea, one over draws alone "
    "of these encoders. A step's seconds are those of the whole pretraining over its steps, validation included."
)


class Idea(NamedTuple):
    """An idea over all tasks and shots (``places``) in which its control was run."""

    cell: Cell
    control: Cell
    places: int
    gain: Comparison
    over_baseline: Comparison | None

    def verdict(self, bound: float) -> str:
        """Whether the idea is ahead of its control, in words."""
        if self.gain.interval is None:
            return f"undecided: {self.gain.reason}"
        low, high = self.gain.interval
        if -bound <= low and high <= bound:
            return f"the control does as well, within ±{bound}"
        if low <= 0 <= high:
            return "undecided: the interval holds 0"
        return "ahead of its control" if low > 0 else "behind its control"


def ideas(asked: Questions, bound: float) -> list[Idea]:
    """Contenders that have been run with their controls, the largest gain first."""
    groups: dict[tuple[str, str], Pairs] = defaultdict(list)
    for pair in asked.control:
        if pair.comparisons:
            groups[pair.cell.name, str(pair.cell.result.get("tokens"))].append(pair)
    against = {id(pair.cell): pair for pair in asked.masking if pair.comparisons}
    found = []
    for pairs in groups.values():
        cell, control, gain = pairs[0].cell, pairs[0].baseline, _pooled(pairs, bound)
        others = [against[id(pair.cell)] for pair in pairs if id(pair.cell) in against]
        if control is not None and gain is not None:
            found.append(Idea(cell, control, len(pairs), gain, _pooled(others, bound) if others else None))
    return sorted(found, key=lambda idea: -idea.gain.difference)


def _pooled(pairs: Pairs, bound: float) -> Comparison | None:
    """One comparison over all tasks and shots: differences are averaged within each pretraining and draw first."""
    apart = [differences_by_pretraining(pair.cell, pair.baseline, SCORE) for pair in pairs if pair.baseline]
    values = {
        seed: {
            draw: float(np.mean([each[seed][draw] for each in apart]))
            for draw in set.intersection(*(set(each[seed]) for each in apart))
        }
        for seed in sorted(set.intersection(*map(set, apart)), key=str)
    }
    shared = matrix(values)
    return compare(shared, shared * 0, bound=bound) if shared.size else None


def ideas_section(found: list[Idea], baseline: str, bound: float) -> Section | None:
    """The table and the figure of ideas; None where no idea has been run with its control."""
    if not found:
        return None
    columns = ["<model", "<tokens", "<idea", "gain over control", "95 % interval", "<in words", "<control",
               f"gain over {baseline}", "its 95 % interval", "seconds a step", "control's", "<covers"]  # fmt: skip
    rows = []
    for idea in found:
        over, places = idea.over_baseline, f"{idea.places} tasks and shots, " if idea.places > 1 else ""
        rows.append([
            model_title(idea.cell.model),
            str(idea.cell.result.get("tokens") or ABSENT),
            Entry(idea.cell.short, full=idea.cell.label),
            f"{idea.gain.difference:+.3f}",
            interval_text(idea.gain.interval),
            idea.verdict(bound),
            Entry(idea.control.short, full=idea.control.label),
            *((f"{over.difference:+.3f}", interval_text(over.interval)) if over else (ABSENT, ABSENT)),
            *(number(_step_seconds(cell)) for cell in (idea.cell, idea.control)),
            places + covers(idea.gain),
        ])  # fmt: skip
    plots = forest("Gain over its control", {SCORE: ideas_gains(found)}, {SCORE: "AUC"})
    table = Table("", columns, rows, 2)
    return Section("ideas", "Ideas and their controls", [READING.format(baseline=baseline)], [table], plots)


def ideas_gains(found: list[Idea]) -> list[Gain]:
    """Gains over controls, for a figure."""
    items = [(idea.cell, idea.gain) for idea in found]
    return [Gain(cell.name, cell.kind, gain.difference, gain.interval, covers(gain)) for cell, gain in items]


def _step_seconds(cell: Cell) -> float | None:
    """Seconds of the pretrainings over their steps; None where the results do not say."""
    records = [(run.result.get("seconds", {}).get("encoder"), run.result.get("pretraining", {}).get("max_steps"))
               for run in cell.runs.values()]  # fmt: skip
    known = [seconds / steps for seconds, steps in records if seconds and steps]
    return float(np.mean(known)) if known else None


def ideas_lines(found: list[Idea], asked: Questions, bound: float) -> list[str]:
    """How many ideas are ahead of their controls and which are not, in sentences; empty without contenders."""
    said: dict[str, list[str]] = defaultdict(list)
    for idea in found:
        said[idea.verdict(bound)].append(f"{idea.cell.name} ({idea.gain.difference:+.3f})")
    lines = [f"{word.capitalize()}: {', '.join(names)}." for word, names in said.items()]
    compared = {idea.cell.name for idea in found}
    alone = {pair.cell.name: pair.cell.control for pair in asked.control if not pair.comparisons}
    missing = [f"{name} ({control})" for name, control in sorted(alone.items()) if name not in compared]
    return [*lines, *([f"Not compared with a control yet: {', '.join(missing)}."] if missing else [])]
