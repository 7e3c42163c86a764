"""The scores as tables: ours beside the paper's, and every comparison with the baseline."""

from collections.abc import Iterable

from genomask.reports.cells import TEST_SET, Cell
from genomask.reports.collect import SCORES
from genomask.reports.compare import BaselineComparison
from genomask.reports.document import ABSENT, Table, interval_text, number, p_value, spread
from genomask.reports.statistics.power import paired_power

TITLES = {"accuracy": "Accuracy", "auc": "AUC"}
MODEL_TITLES = {"dnabert": "DNABERT", "logo": "LOGO", "-": "no encoder"}


def score_tables(pairs: list[BaselineComparison]) -> list[Table]:
    """One table for every model and task: n, mean and sd beside the paper's, and the paired difference."""
    blocks: dict[tuple[str, str], list[BaselineComparison]] = {}
    for pair in pairs:
        blocks.setdefault((pair.cell.model, pair.cell.task), []).append(pair)
    columns = ["shots", "<row", "n", *(head for score in SCORES for head in _heads(score)), "<remarks"]
    return [
        Table(f"{model_title(model)}, {task}", columns, [_score_row(pair) for pair in block])
        for (model, task), block in blocks.items()
    ]


def _heads(score: str) -> tuple[str, str, str]:
    return TITLES[score], "paper", f"Δ {TITLES[score]}"


def _score_row(pair: BaselineComparison) -> list[str]:
    cell = pair.cell
    row = [str(cell.shots), row_name(cell), str(len(cell.runs))]
    for score in SCORES:
        summary = cell.summary(score)
        found = pair.comparisons.get(score)
        difference = spread(found.difference, found.sd, signed=True) if found else ABSENT
        row += [spread(summary.mean, summary.sd), paper_value(cell, score), difference]
    return [*row, "; ".join(remarks(pair)) or ABSENT]


def row_name(cell: Cell) -> str:
    """The row's name, with its mark where it was chosen among variants."""
    return cell.label + {"": "", TEST_SET: " †"}.get(cell.chosen, " ‡")


def paper_value(cell: Cell, score: str) -> str:
    """The paper's ``mean ± sd`` for this cell, as printed, with its asterisk."""
    found = cell.printed
    if found is None:
        return ABSENT
    mean, sd = getattr(found, score)
    return f"{mean} ± {sd}{'*' if found.starred else ''}"


def remarks(pair: BaselineComparison) -> Iterable[str]:
    """What a reader of a cell must know beside its numbers."""
    cell = pair.cell
    if cell.collapsed:
        yield f"{len(cell.collapsed)} of {len(cell.runs)} collapsed to one class"
    if cell.pretrainings > 1:
        yield f"{cell.pretrainings} pretrainings"
    if cell.chosen:
        yield f"chosen by {cell.chosen}" if cell.chosen != TEST_SET else "chosen on the test set"
    if cell.printed and cell.printed.variant != cell.variant:
        yield f"paper's row: {cell.printed.variant}"
    if not pair.comparisons and not cell.chosen and pair.reason != "the baseline":
        yield pair.reason


def comparison_tables(pairs: list[BaselineComparison]) -> list[Table]:
    """One table for every model: interval, tests, correction and power of every paired difference."""
    columns = [
        "<task", "shots", "<row", "<against", "<score", "n", "Δ", "95 % interval", "Wilcoxon p",
        "sign-flip p", "Holm p", "ahead", "detectable Δ", "power at paper's Δ", "<remark",
    ]  # fmt: skip
    tables = []
    for model in sorted({pair.cell.model for pair in pairs}):
        own = [pair for pair in pairs if pair.cell.model == model]
        rows = [_comparison_row(pair, score) for pair in own for score in pair.comparisons]
        if rows:
            tables.append(Table(model_title(model), columns, rows))
    return tables


def _comparison_row(pair: BaselineComparison, score: str) -> list[str]:
    cell, found = pair.cell, pair.comparisons[score]
    assert pair.baseline is not None  # a comparison has two sides
    expected = _printed_difference(cell, pair.baseline, score)
    power = paired_power(expected, found.sd, found.n) if expected is not None and found.sd else None
    return [
        cell.task,
        str(cell.shots),
        row_name(cell),
        pair.baseline.label,
        TITLES[score],
        str(found.n),
        f"{found.difference:+.3f}",
        interval_text(found.interval),
        p_value(found.wilcoxon),
        p_value(found.permutation),
        p_value(pair.holm[score]),
        f"{found.improvement:.0%}",
        number(found.detectable),
        ABSENT if power is None else f"{power:.0%}",
        found.reason or ABSENT,
    ]


def _printed_difference(cell: Cell, baseline: Cell, score: str) -> float | None:
    """The paper's difference between the two rows, if it prints both."""
    ours, theirs = cell.printed, baseline.printed
    if ours is None or theirs is None:
        return None
    return float(getattr(ours, score)[0]) - float(getattr(theirs, score)[0])


def model_title(model: str) -> str:
    """The model's name as a heading."""
    return MODEL_TITLES.get(model, model)
