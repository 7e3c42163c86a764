"""The scores as tables: ours beside the paper's, and every comparison with a baseline."""

from collections.abc import Iterable, Mapping

from genomask.reports.answer import gains
from genomask.reports.arms import has_encoder
from genomask.reports.cells import TEST_SET, Cell, model_title
from genomask.reports.collect import REQUIRED_SCORES
from genomask.reports.compare import BaselineComparison
from genomask.reports.document import (
    ABSENT,
    Entry,
    Footnotes,
    Plot,
    Section,
    Table,
    interval_text,
    number,
    p_text,
    spread,
)
from genomask.reports.paired import Comparison
from genomask.reports.plots import forest, learning_curves

TITLES = {"auc": "AUC", "accuracy": "Accuracy", "mcc": "MCC"}  # in the order in which they are read
KEYS = ["<task", "<model", "<tokens", "shots"]
# Shares in a pretraining's summary, and the relative difference from which on a reader must know of it.
UNLIKE = {"realised_masking_rate": ("tokens", 0.04), "masked_share_of_bases": ("bases", 0.1)}
READING = (
    "Mean ± standard deviation over the runs of a row, each on the whole test set. Δ is the mean paired difference "
    "to {baseline} on the same draws, with its 95 % interval. “paper” is what Tables 1 and 2 print for the row of "
    "that name, at the paper's scale (10,000 steps); * means that the paper left FS out."
)
CHOSEN = (
    "† The better of two variants, chosen on the test set as the paper's PMI-best is: an optimistic number, which is "
    "compared with nothing. ‡ The same choice made run by run, by cross-validation within the shots."
)
COMPARED = (
    "Paired over the draws that both rows met: same task, model, shots and seed. The interval covers what stands "
    "beside it. Over draws alone it speaks of the encoders at hand; over pretrainings and draws (a mixed model) it "
    "speaks of pretrainings still to come. p is the sign-flip test's, or the mixed model's; Holm's correction runs "
    "over the rows of one model and score in a table. “same within ±{bound}” is the p of two one-sided tests: small "
    "means that the rows are equivalent. “detectable” is the smallest true difference found with power 0.8."
)
STRONGEST = (
    "The strongest classifier without an encoder, cell by cell: the one with the best mean AUC on these test "
    "sequences, a choice that favours it."
)


def scores_section(cells: list[Cell], pairs: list[BaselineComparison], baseline: str) -> Section | None:
    """Every score of every row; None without a cell."""
    if not cells:
        return None
    notes = [READING.format(baseline=baseline), *([CHOSEN] if any(cell.chosen for cell in cells) else [])]
    collapsed = len({run.directory for cell in cells for run in cell.collapsed})
    if collapsed:
        notes.append(f"Fine-tunings that gave every test sequence one class: {collapsed}; they count.")
    return Section("scores", "All scores", notes, [score_table(pairs)])


def curves_section(cells: list[Cell]) -> Section | None:
    """Scores against shots; None where every row has a single number of shots."""
    plots = learning_curves(cells, TITLES)
    note = (
        "Mean and 95 % interval over runs. The paper's means and standard deviations can be switched on in the legend."
    )
    has_paper = any(cell.printed for cell in cells)
    return Section("curves", "Scores against shots", [note] if has_paper else [], [], plots) if plots else None


def comparisons_section(tables: Mapping[str, list[BaselineComparison]], bound: float) -> Section | None:
    """Paired differences, a table for every question; None while nothing can be paired."""
    shown = {title: [pair for pair in pairs if pair.comparisons] for title, pairs in tables.items()}
    shown = {title: pairs for title, pairs in shown.items() if pairs}
    notes = [COMPARED.format(bound=bound), *([STRONGEST] if any("strongest" in title for title in shown) else [])]
    made = [comparison_table(title, pairs, bound) for title, pairs in shown.items()]
    others = list(shown.items())[1:]  # the first question's figure is the report's first
    plots = [plot for title, pairs in others for plot in gains_plots(title, pairs)]
    return Section("comparisons", "Paired comparisons", notes, made, plots) if made else None


def gains_plots(title: str, pairs: list[BaselineComparison]) -> list[Plot]:
    """The figure of a question, one plot a score; empty where nothing was compared."""
    return forest(title, {score: gains(pairs, score) for score in TITLES}, TITLES)


def keys_of(cell: Cell) -> list[str]:
    """Where a row belongs: task, model, tokens, shots."""
    return [cell.task, model_title(cell.model), str(cell.result.get("tokens") or ABSENT), str(cell.shots)]


def row_name(cell: Cell) -> Entry:
    """The row's short name, with its mark where it was chosen among variants; the whole identity on hover."""
    return Entry(cell.short + {"": "", TEST_SET: " †"}.get(cell.chosen, " ‡"), full=cell.label)


def score_table(pairs: list[BaselineComparison]) -> Table:
    """A line for every row: mean and sd, n, the paired difference, and the paper's numbers."""
    footnotes = Footnotes()
    columns = [
        *KEYS, "<row", *TITLES.values(), "draws", "pretrainings", "Δ AUC", "95 % interval",
        *(f"paper's {TITLES[score]}" for score in ("auc", "accuracy")), "<notes",
    ]  # fmt: skip
    rows = []
    for pair in pairs:
        cell, auc = pair.cell, pair.comparisons.get("auc")
        summaries = [cell.summary(score) if score in cell.scores else None for score in TITLES]
        rows.append(
            [
                *keys_of(cell),
                row_name(cell),
                *(spread(summary.mean, summary.sd) if summary else "" for summary in summaries),
                str(cell.draws),
                str(cell.pretrainings) if cell.pretrainings else "",
                f"{auc.difference:+.3f}" if auc else "",
                interval_text(auc.interval) if auc else "",
                *(paper_value(cell, score) for score in ("auc", "accuracy")),
                footnotes.mark(remarks(pair)),
            ]
        )
    return Table("", columns, rows, len(KEYS), footnotes.notes)


def paper_value(cell: Cell, score: str) -> str:
    """The paper's ``mean ± sd`` for this cell, as printed, with its asterisk."""
    printed = cell.printed
    if printed is None or score not in REQUIRED_SCORES:
        return ABSENT
    mean, sd = getattr(printed, score)
    return f"{mean} ± {sd}{'*' if printed.starred else ''}"


def remarks(pair: BaselineComparison) -> Iterable[str]:
    """Remarks that a reader of a cell must know beside its numbers."""
    cell = pair.cell
    if cell.collapsed:
        yield f"{len(cell.collapsed)} of {len(cell.runs)} collapsed to one class"
    encoders = cell.pretrainings and pair.baseline and pair.baseline.pretrainings
    if encoders and any(item.pretrainings == 1 for item in pair.comparisons.values()):
        yield "one pretraining: the interval covers draws and speaks of these encoders, not of their masking strategies"
    if pair.comparisons and pair.baseline:
        yield from _amounts(cell, pair.baseline)
    if cell.chosen:
        yield f"chosen by {cell.chosen}" if cell.chosen != TEST_SET else "chosen on the test set"
    if cell.printed and cell.printed.variant != cell.variant:
        yield f"paper's row: {cell.printed.variant}"
    if not pair.comparisons and not cell.chosen and pair.reason != "the baseline" and has_encoder(cell.result):
        yield pair.reason


def _amounts(cell: Cell, baseline: Cell) -> Iterable[str]:
    """Where two maskings hide unlike amounts, a difference is of the amount too, and not of the place alone."""
    for share, (what, most) in UNLIKE.items():
        ours, theirs = (other.result.get("pretraining", {}).get(share) for other in (cell, baseline))
        if ours and theirs and abs(ours / theirs - 1) > most:
            yield f"masks {ours:.1%} of the {what}, {baseline.short} {theirs:.1%}: the amounts differ too"


def comparison_table(title: str, pairs: list[BaselineComparison], bound: float) -> Table:
    """Interval, test, correction, equivalence and power of every paired difference."""
    footnotes = Footnotes()
    columns = [
        *KEYS, "<against", "<score", "<row", "Δ", "95 % interval", "<interval covers", "p", "Holm p", "ahead",
        f"same within ±{bound}", "detectable", "<notes",
    ]  # fmt: skip
    rows = []
    for pair, base in ((pair, pair.baseline) for pair in pairs if pair.baseline):
        for score, title_of in TITLES.items():
            if (item := pair.comparisons.get(score)) is None:
                continue
            rows.append(
                [
                    *keys_of(pair.cell),
                    Entry(base.short, full=base.label),
                    title_of,
                    row_name(pair.cell),
                    f"{item.difference:+.3f}",
                    interval_text(item.interval),
                    covers(item, pair.cell, base),
                    p_text(item.p),
                    p_text(pair.holm[score]),
                    f"{item.improvement:.0%}",
                    p_text(item.equivalent),
                    number(item.detectable),
                    footnotes.mark([item.reason] if item.reason else []),
                ]
            )
    return Table(title, columns, rows, len(KEYS) + 2, footnotes.notes)


def covers(compared: Comparison, cell: Cell, baseline: Cell) -> str:
    """What an interval covers: draws alone, or pretrainings and draws."""
    draws = f"{compared.n} draw{'s' if compared.n > 1 else ''}"
    if compared.pretrainings > 1:
        return f"{compared.pretrainings} pretrainings, {draws}"
    return f"{draws}, one pretraining" if cell.pretrainings or baseline.pretrainings else draws
