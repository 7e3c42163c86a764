"""The scores as tables: beside the paper, against baselines, and from one pretraining to the next."""

from collections.abc import Iterable, Mapping

import numpy as np

from genomask.reports.answer import Pairs, covers, gains
from genomask.reports.arms import has_encoder, model_title
from genomask.reports.cells import MARKS, TEST_SET, Cell
from genomask.reports.collect import REQUIRED_SCORES
from genomask.reports.compare import BaselineComparison, differences_by_pretraining, matrix
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
from genomask.reports.plots import forest, learning_curves
from genomask.reports.statistics import Variances, planned_power, pretrainings_needed, variances

TITLES = {"auc": "AUC", "accuracy": "Accuracy", "mcc": "MCC"}  # in the order in which they are read
KEYS = ["<task", "<model", "<tokens", "shots"]
# Shares in a pretraining's summary, and the relative difference from which on a reader must know of it.
UNLIKE = {"realised_masking_rate": ("tokens", 0.04), "masked_share_of_bases": ("bases", 0.1)}
PLANNED = (0.005, 0.01, 0.02)  # true differences in AUC that a plan may hope for
COUNTS = (2, 3, 5, 10, 20)  # pretrainings of a plan
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
BETWEEN = (
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


def scores_section(cells: list[Cell], pairs: Pairs, baseline: str) -> Section | None:
    """Every score of every row: mean and sd, n, the paired difference, the paper's numbers; None without a cell."""
    if not cells:
        return None
    notes = [READING.format(baseline=baseline), *([CHOSEN] if any(cell.chosen for cell in cells) else [])]
    collapsed = len({run.directory for cell in cells for run in cell.collapsed})
    if collapsed:
        notes.append(f"Fine-tunings that gave every test sequence one class: {collapsed}; they count.")
    footnotes = Footnotes()
    columns = [
        *KEYS, "<row", *TITLES.values(), "draws", "pretrainings", "Δ AUC", "95 % interval",
        *(f"paper's {TITLES[score]}" for score in ("auc", "accuracy")), "<notes",
    ]  # fmt: skip
    rows = []
    for pair in pairs:
        cell, auc = pair.cell, pair.comparisons.get("auc")
        summaries = [cell.summary(score) if score in cell.scores else None for score in TITLES]
        rows.append([
            *keys_of(cell),
            row_name(cell),
            *(spread(summary.mean, summary.sd) if summary else "" for summary in summaries),
            str(cell.draws),
            str(cell.pretrainings or ""),
            *((f"{auc.difference:+.3f}", interval_text(auc.interval)) if auc else ("", "")),
            *(paper_value(cell, score) for score in ("auc", "accuracy")),
            footnotes.mark(_remarks(pair)),
        ])  # fmt: skip
    return Section("scores", "All scores", notes, [Table("", columns, rows, len(KEYS), footnotes.notes)])


def keys_of(cell: Cell) -> list[str]:
    """Where a row belongs: task, model, tokens, shots."""
    return [cell.task, model_title(cell.model), str(cell.result.get("tokens") or ABSENT), str(cell.shots)]


def row_name(cell: Cell) -> Entry:
    """The row's short name, with its mark where it was chosen among variants; the whole identity on hover."""
    return Entry(cell.short + MARKS[cell.chosen], full=cell.label)


def paper_value(cell: Cell, score: str) -> str:
    """The paper's ``mean ± sd`` for this cell, as printed, with its asterisk."""
    printed = cell.printed
    if printed is None or score not in REQUIRED_SCORES:
        return ABSENT
    mean, sd = getattr(printed, score)
    return f"{mean} ± {sd}{'*' if printed.starred else ''}"


def _remarks(pair: BaselineComparison) -> Iterable[str]:
    """Remarks that a reader of a cell must know beside its numbers."""
    cell, baseline = pair.cell, pair.baseline
    if cell.collapsed:
        yield f"{len(cell.collapsed)} of {len(cell.runs)} collapsed to one class"
    encoders = cell.pretrainings and baseline and baseline.pretrainings
    if encoders and any(item.pretrainings == 1 for item in pair.comparisons.values()):
        yield "one pretraining: the interval covers draws and speaks of these encoders, not of their masking strategies"
    for share, (what, most) in UNLIKE.items():
        ours, theirs = (other.result.get("pretraining", {}).get(share) for other in (cell, baseline or cell))
        if pair.comparisons and baseline and ours and theirs and abs(ours / theirs - 1) > most:
            yield f"masks {ours:.1%} of the {what}, {baseline.short} {theirs:.1%}: the amounts differ too"
    if cell.chosen:
        yield f"chosen by {cell.chosen}" if cell.chosen != TEST_SET else "chosen on the test set"
    if cell.printed and cell.printed.variant != cell.variant:
        yield f"paper's row: {cell.printed.variant}"
    if not pair.comparisons and not cell.chosen and pair.reason != "the baseline" and has_encoder(cell.result):
        yield pair.reason


def curves_section(cells: list[Cell]) -> Section | None:
    """Scores against shots; None where every row has a single number of shots."""
    plots = learning_curves(cells, TITLES)
    return (
        Section("curves", "Scores against shots", ["Mean and 95 % interval over runs."], [], plots) if plots else None
    )


def comparisons_section(tables: Mapping[str, Pairs], bound: float) -> Section | None:
    """Paired differences, a table for every question; None while nothing can be paired."""
    shown = {title: compared for title, pairs in tables.items() if (compared := [p for p in pairs if p.comparisons])}
    if not shown:
        return None
    notes = [COMPARED.format(bound=bound), *([STRONGEST] if any("strongest" in title for title in shown) else [])]
    made = [_comparison_table(title, pairs, bound) for title, pairs in shown.items()]
    others = list(shown.items())[1:]  # the first question's figure is the report's first
    plots = [plot for title, pairs in others for plot in gains_plots(title, pairs)]
    return Section("comparisons", "Paired comparisons", notes, made, plots)


def gains_plots(title: str, pairs: Pairs) -> list[Plot]:
    """The figure of a question, one plot a score; empty where nothing was compared."""
    return forest(title, {score: gains(pairs, score) for score in TITLES}, TITLES)


def _comparison_table(title: str, pairs: Pairs, bound: float) -> Table:
    """Interval, test, correction, equivalence and power of every paired difference."""
    footnotes = Footnotes()
    columns = [
        *KEYS, "<against", "<score", "<row", "Δ", "95 % interval", "<interval covers", "p", "Holm p", "ahead",
        f"same within ±{bound}", "detectable", "<notes",
    ]  # fmt: skip
    rows = []
    for pair, base in ((pair, pair.baseline) for pair in pairs if pair.baseline):
        for score, item in ((score, pair.comparisons[score]) for score in TITLES if score in pair.comparisons):
            encoders = item.pretrainings == 1 and (pair.cell.pretrainings or base.pretrainings)
            rows.append([
                *keys_of(pair.cell),
                Entry(base.short, full=base.label),
                TITLES[score],
                row_name(pair.cell),
                f"{item.difference:+.3f}",
                interval_text(item.interval),
                covers(item) + (", one pretraining" if encoders else ""),
                p_text(item.p),
                p_text(pair.holm[score]),
                f"{item.improvement:.0%}",
                p_text(item.equivalent),
                number(item.detectable),
                footnotes.mark([item.reason] if item.reason else []),
            ])  # fmt: skip
    return Table(title, columns, rows, len(KEYS) + 2, footnotes.notes)


def between_section(pairs: Pairs, baseline: str) -> Section | None:
    """Rows with several pretrainings, and what more of them would find; None while every row has one."""
    columns = [*KEYS, "<score", "<row", "between", "within", "episodes", "<mean by pretraining", "<Δ by pretraining",
               "95 % interval"]  # fmt: skip
    rows = [row for pair in pairs if not pair.cell.chosen for row in _between(pair)]
    if not rows:
        return None
    tables = [Table("", columns, rows, len(KEYS) + 1), *_power_table(pairs, baseline)]
    return Section("between", "Between pretrainings", [BETWEEN.format(baseline=baseline)], tables)


def _between(pair: BaselineComparison) -> Iterable[list[str]]:
    """A row a score, over the episodes that all pretrainings met; none with fewer than two pretrainings."""
    cell = pair.cell
    seeds = sorted({pretraining for _, pretraining in cell.runs if pretraining is not None})
    for score in (score for score in TITLES if score in cell.scores and len(seeds) > 1):
        values = matrix(
            {seed: {draw: run.result[score] for (draw, own), run in cell.runs.items() if own == seed} for seed in seeds}
        )
        if not values.size:
            continue
        within = float(values.std(axis=1, ddof=1).mean()) if values.shape[1] > 1 else None
        compared = pair.comparisons.get(score)
        apart = differences_by_pretraining(cell, pair.baseline, score) if compared and pair.baseline else {}
        yield [
            *keys_of(cell),
            TITLES[score],
            row_name(cell),
            f"{values.mean(axis=1).std(ddof=1):.3f}",
            number(within),
            str(values.shape[1]),
            ", ".join(f"{mean:.3f}" for mean in values.mean(axis=1)),
            ", ".join(f"{np.mean(list(each.values())):+.3f}" for each in apart.values()) or ABSENT,
            interval_text(compared.interval) if compared else ABSENT,
        ]


def _power_table(pairs: Pairs, baseline: str) -> list[Table]:
    """Power of plans, from the pairs with several pretrainings and draws whose differences have a spread."""
    compared = [(pair.cell, pair.baseline) for pair in pairs if pair.baseline and pair.comparisons]
    values = [matrix(differences_by_pretraining(cell, base, "auc")) for cell, base in compared]
    found = [(variances(each), each.shape[1]) for each in values if min(each.shape) > 1]
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
