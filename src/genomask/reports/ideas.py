"""Ideas of what to mask, each beside the control that it names: gain over it, gain over random, cost a step."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from genomask.reports.answer import SCORE, Gain, Pairs, covers, differences_by_task, grouped
from genomask.reports.arms import model_title
from genomask.reports.cells import Cell
from genomask.reports.compare import Questions, pooled
from genomask.reports.document import ABSENT, Entry, Section, Table, interval_text, number
from genomask.reports.plots import forest
from genomask.reports.statistics import Comparison

READING = (
    "One row an idea: its mean gain in AUC over its control, and over {baseline}, on the same tasks, shots, draws and "
    "pretrainings, with 95 % intervals. An interval over several pretrainings speaks of the idea, one over draws alone "
    "of these encoders. A step's seconds are those of the whole pretraining over its steps, validation included."
)


class Idea(NamedTuple):
    """An idea beside its control, over all tasks and shots in which both were run."""

    cell: Cell
    control: Cell
    pairs: Pairs
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
    compared = [pair for pair in asked.control if pair.comparisons]
    against = {id(pair.cell): pair for pair in asked.masking if pair.comparisons}
    found = []
    for pairs in grouped(compared, lambda cell: (cell.name, cell.result.get("tokens"))).values():
        control, gain = pairs[0].baseline, pooled(pairs, SCORE, bound)
        others = [against[id(pair.cell)] for pair in pairs if id(pair.cell) in against]
        if control is not None and gain is not None:
            over = pooled(others, SCORE, bound) if others else None
            found.append(Idea(pairs[0].cell, control, pairs, gain, over))
    return sorted(found, key=lambda idea: -idea.gain.difference)


def ideas_section(found: list[Idea], baseline: str, bound: float) -> Section:
    """The table and the figure of ideas."""
    rows = []
    for idea in found:
        over, places = idea.over_baseline, f"{len(idea.pairs)} tasks and shots, " if len(idea.pairs) > 1 else ""
        rows.append({
            "<model": model_title(idea.cell.model),
            "<tokens": str(idea.cell.result.get("tokens") or ABSENT),
            "<idea": Entry(idea.cell.short, full=idea.cell.label),
            "gain over control": f"{idea.gain.difference:+.3f}",
            "95 % interval": interval_text(idea.gain.interval),
            "<in words": idea.verdict(bound),
            "<control": Entry(idea.control.short, full=idea.control.label),
            f"gain over {baseline}": f"{over.difference:+.3f}" if over else ABSENT,
            "its 95 % interval": interval_text(over.interval) if over else ABSENT,
            "seconds a step": number(_step_seconds(idea.cell)),
            "control's": number(_step_seconds(idea.control)),
            "<covers": places + covers(idea.gain),
        })  # fmt: skip
    plots = forest("Gain over its control", {SCORE: ideas_gains(found)})
    notes = [READING.format(baseline=baseline)]
    return Section("ideas", "Ideas and their controls", notes, [Table.of("", rows, 2)], plots)


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
        tasks = differences_by_task(idea.pairs, bound)
        said[idea.verdict(bound)].append(f"{idea.cell.name} ({idea.gain.difference:+.3f}{tasks})")
    lines = [f"{word.capitalize()}: {', '.join(names)}." for word, names in said.items()]
    alone = {pair.cell.name: pair.cell.result["control"] for pair in asked.control if not pair.comparisons}
    compared = {idea.cell.name for idea in found}
    missing = [f"{name} ({control})" for name, control in sorted(alone.items()) if name not in compared]
    return [*lines, *([f"Not compared with a control yet: {', '.join(missing)}."] if missing else [])]
