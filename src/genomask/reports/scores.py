"""The scores as tables: beside the paper, against baselines, from one pretraining to the next, over many tasks."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
from scipy.stats import rankdata

from genomask.reports.answer import Pairs, covers, gains
from genomask.reports.arms import has_encoder, model_title
from genomask.reports.cells import MARKS, TEST_SET, Cell, shots_order
from genomask.reports.collect import REQUIRED_SCORES, TITLES, Finetuning, Json
from genomask.reports.compare import BaselineComparison, by_pretraining, differences_by_pretraining, matrix
from genomask.reports.document import (
    ABSENT,
    Entry,
    Plot,
    Section,
    Table,
    interval_text,
    number,
    p_text,
    spread,
)
from genomask.reports.plots import forest
from genomask.reports.statistics import Variances, planned_power, pretrainings_needed, summarise, variances
from genomask.tasks.examples import TARGET_SCORES

KEYS = 4  # columns that say where a row belongs: those of `place`
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
MANY_TASKS = 3
MOST_SUITE_ROWS = 8  # that a table of tasks shows beside each other
SUITE = (
    "AUC over {blocks} combinations of task and shots in which all {rows} rows were scored{left}. Rank 1 is the best; "
    "a win is the best mean, a shared one counts for each. Combinations share encoders and test sequences, so this is "
    "a summary and not a test."
)
TARGETS = "Mean ± standard deviation over seeds; AUROC and AUPRC are means over labels. Shots are rows in all."
SPARKS = "AUC at the largest number of shots that a row has there; the curve beside it runs over all numbers of shots."
Block = tuple[str, int | str]  # task and shots


def scores_section(cells: list[Cell], pairs: Pairs, baseline: str) -> Section:
    """Every score of every row: mean and sd, n, the paired difference, the paper's numbers."""
    notes = [READING.format(baseline=baseline), *([CHOSEN] if any(cell.chosen for cell in cells) else [])]
    collapsed = len({run.directory for cell in cells for run in cell.collapsed})
    if collapsed:
        notes.append(f"Fine-tunings that gave every test sequence one class: {collapsed}; they count.")
    rows = []
    for pair in pairs:
        cell, auc = pair.cell, pair.comparisons.get("auc")
        means = {title: spread(*cell.summary(score)[1:3]) for score, title in TITLES.items() if score in cell.scores}
        rows.append({
            **place(cell),
            "<row": row_name(cell),
            **{title: means.get(title, "") for title in TITLES.values()},
            "draws": str(cell.draws),
            "pretrainings": str(cell.pretrainings or ""),
            "Δ AUC": f"{auc.difference:+.3f}" if auc else "",
            "95 % interval": interval_text(auc.interval) if auc else "",
            **{f"paper's {TITLES[score]}": paper_value(cell, score) for score in ("auc", "accuracy")},
        })  # fmt: skip
    table = Table.of("", rows, KEYS, [list(_remarks(pair)) for pair in pairs])
    return Section("scores", "All scores", notes, [table])


def place(cell: Cell) -> dict[str, str]:
    """Where a row belongs: task, model, tokens, shots."""
    tokens = str(cell.result.get("tokens") or ABSENT)
    return {"<task": cell.task, "<model": model_title(cell.model), "<tokens": tokens, "shots": str(cell.shots)}


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


def comparisons_section(tables: Mapping[str, Pairs], bound: float) -> Section:
    """Paired differences, a table for every question."""
    shown = {title: compared for title, pairs in tables.items() if (compared := [p for p in pairs if p.comparisons])}
    notes = [COMPARED.format(bound=bound), *([STRONGEST] if any("strongest" in title for title in shown) else [])]
    made = [_comparison_table(title, pairs, bound) for title, pairs in shown.items()]
    others = list(shown.items())[1:]  # the first question's figure is the report's first
    plots = [plot for title, pairs in others for plot in gains_plots(title, pairs)]
    return Section("comparisons", "Paired comparisons", notes, made, plots)


def gains_plots(title: str, pairs: Pairs) -> list[Plot]:
    """The figure of a question, one plot a score; empty where nothing was compared."""
    return forest(title, {score: gains(pairs, score) for score in TITLES})


def _comparison_table(title: str, pairs: Pairs, bound: float) -> Table:
    """Interval, test, correction, equivalence and power of every paired difference."""
    rows, remarks = [], []
    compared = [(pair, pair.baseline, score) for pair in pairs for score in TITLES if score in pair.comparisons]
    for pair, base, score in compared:
        item = pair.comparisons[score]
        encoders = item.pretrainings == 1 and (pair.cell.pretrainings or (base and base.pretrainings))
        rows.append({
            **place(pair.cell),
            "<against": Entry(base.short, full=base.label) if base else ABSENT,
            "<score": TITLES[score],
            "<row": row_name(pair.cell),
            "Δ": f"{item.difference:+.3f}",
            "95 % interval": interval_text(item.interval),
            "<interval covers": covers(item) + (", one pretraining" if encoders else ""),
            "p": p_text(item.p),
            "Holm p": p_text(pair.holm[score]),
            "ahead": f"{item.improvement:.0%}",
            f"same within ±{bound}": p_text(item.equivalent),
            "detectable": number(item.detectable),
        })  # fmt: skip
        remarks.append([item.reason] if item.reason else [])
    return Table.of(title, rows, KEYS + 2, remarks)


def between_section(pairs: Pairs, baseline: str) -> Section:
    """Rows with several pretrainings, and what more of them would find."""
    rows = [row for pair in pairs if not pair.cell.chosen for row in _between(pair)]
    tables = [Table.of("", rows, KEYS + 1), *_power_table(pairs, baseline)]
    return Section("between", "Between pretrainings", [BETWEEN.format(baseline=baseline)], tables)


def _between(pair: BaselineComparison) -> Iterable[dict[str, str]]:
    """A row a score, over the episodes that all pretrainings met; none with fewer than two pretrainings."""
    cell = pair.cell
    for score in (score for score in TITLES if score in cell.scores and cell.pretrainings > 1):
        values = matrix(by_pretraining(cell, score))
        if not values.size:
            continue
        within = float(values.std(axis=1, ddof=1).mean()) if values.shape[1] > 1 else None
        compared = pair.comparisons.get(score)
        apart = differences_by_pretraining(cell, pair.baseline, score) if compared else {}
        yield {
            **place(cell),
            "<score": TITLES[score],
            "<row": row_name(cell),
            "between": f"{values.mean(axis=1).std(ddof=1):.3f}",
            "within": number(within),
            "episodes": str(values.shape[1]),
            "<mean by pretraining": ", ".join(f"{mean:.3f}" for mean in values.mean(axis=1)),
            "<Δ by pretraining": ", ".join(f"{np.mean([*each.values()]):+.3f}" for each in apart.values()) or ABSENT,
            "95 % interval": interval_text(compared.interval) if compared else ABSENT,
        }


def _power_table(pairs: Pairs, baseline: str) -> list[Table]:
    """Power of plans, from the pairs with several pretrainings and draws whose differences have a spread."""
    values = [matrix(differences_by_pretraining(pair.cell, pair.baseline, "auc")) for pair in pairs if pair.comparisons]
    spreads = [(variances(each), each.shape[1]) for each in values if min(each.shape) > 1 and np.ptp(each)]
    if not spreads:
        return []
    pooled = Variances(*np.mean([spread for spread, _ in spreads], axis=0).tolist())
    draws = int(np.median([n for _, n in spreads]))
    powers = {str(count): [f"{planned_power(d, pooled, count, draws):.0%}" for d in PLANNED] for count in COUNTS}
    needed = [pretrainings_needed(each, pooled, draws=draws) for each in PLANNED]
    powers["for power 0.8"] = [str(count) if count else "over 50" for count in needed]
    sds = {name: value**0.5 for name, value in pooled._asdict().items()}
    note = POWER.format(baseline=baseline, draws=draws, cells=len(spreads), **sds)
    columns = ["<pretrainings an arm", *(f"true difference {each}" for each in PLANNED)]
    rows = [[count, *found] for count, found in powers.items()]
    return [Table("Power by number of pretrainings", columns, rows, 0, [note])]


def suite_section(cells: list[Cell]) -> Section | None:
    """A summary over tasks and one line a task; None for fewer than three tasks."""
    tasks = list(dict.fromkeys(cell.task for cell in cells))
    if len(tasks) < MANY_TASKS:
        return None
    rows: dict[str, dict[Block, Cell]] = defaultdict(dict)
    for cell in cells:
        if not cell.chosen:
            rows[cell.name][cell.task, cell.shots] = cell
    complete = dict(rows)  # rows with the fewest blocks go until two blocks are left in which all were scored
    while len(complete) > 1 and len(set.intersection(*map(set, complete.values()))) < 2:
        del complete[min(complete, key=lambda name: len(complete[name]))]
    notes, tables, names = [SPARKS], [], list(rows)
    if len(complete) > 1:
        blocks = sorted(set.intersection(*map(set, complete.values())), key=str)
        left = len(rows) - len(complete)
        said = f"; {left} rows that were scored in fewer are left out" if left else ""
        notes.insert(0, SUITE.format(blocks=len(blocks), rows=len(complete), left=said))
        tables.append(_suite_table({name: [own[block] for block in blocks] for name, own in complete.items()}))
        names = [row[0] for row in tables[0].rows]
    lines = [{"<task": task} | {name: _scores(task, rows[name]) for name in names[:MOST_SUITE_ROWS]} for task in tasks]
    return Section("suite", f"{len(tasks)} tasks at a glance", notes, [*tables, Table.of("Task by task", lines)])


def _suite_table(rows: dict[str, list[Cell]]) -> Table:
    """Mean, mean rank and wins of every row over the same blocks, the best row first."""
    means = np.array([[cell.summary("auc").mean for cell in cells] for cells in rows.values()])
    ranks = rankdata(-means, axis=0, method="average").mean(axis=1)
    wins = (means == means.max(axis=0)).sum(axis=1)
    table = [
        [Entry(name, full=cells[0].label), f"{mean:.3f}", f"{rank:.2f}", str(won)]
        for (name, cells), mean, rank, won in zip(rows.items(), means.mean(axis=1), ranks, wins, strict=True)
    ]
    best_first = [table[place] for place in np.argsort(ranks, kind="stable")]
    return Table("Over all tasks", ["<row", "mean AUC", "mean rank", "wins"], best_first)


def _scores(task: str, own: dict[Block, Cell]) -> str:
    """A row's mean AUC on a task at its largest number of shots, with the others as a small curve."""
    cells = sorted((cell for (name, _), cell in own.items() if name == task), key=lambda cell: shots_order(cell.shots))
    means = [cell.summary("auc").mean for cell in cells]
    full = ", ".join(f"{cell.shots} shots: {mean:.3f}" for cell, mean in zip(cells, means, strict=True))
    return Entry(f"{means[-1]:.3f}", full=full, spark=means) if means else ""


def targets_section(items: list[Finetuning]) -> Section:
    """Tasks of regression and of several labels: a table for each kind, a row for all seeds of one setting."""
    kinds: dict[str, dict[tuple[str, ...], list[Json]]] = defaultdict(lambda: defaultdict(list))
    keys = ("task", "classifier", "model", "masking", "shots")
    for item in items:
        kinds[item.result["kind"]][tuple(str(item.result[key]) for key in keys)].append(item.result)
    tables = []
    for kind, rows in kinds.items():
        lines = []
        for row, results in sorted(rows.items()):
            line = {key if key == "shots" else f"<{key}": value for key, value in zip(keys, row, strict=True)}
            summaries = {head: summarise(np.array([r[s] for r in results])) for s, head in TARGET_SCORES[kind].items()}
            means = {head: spread(found.mean, found.sd) for head, found in summaries.items()}
            lines.append(line | {"n": str(len(results)), **means})
        tables.append(Table.of(kind, lines, keys=len(keys)))
    return Section("targets", "Regression and several labels", [TARGETS], tables)
