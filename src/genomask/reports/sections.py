"""The report's sections about scores: what came out, what differs, who ranks where."""

from genomask.reports.arms import NO_ENCODER
from genomask.reports.cells import Cell
from genomask.reports.compare import Against
from genomask.reports.document import Section
from genomask.reports.plots import differences, learning_curves
from genomask.reports.plots_ranks import critical_differences, rank_methods
from genomask.reports.scores import comparison_tables, score_tables

READING = (
    "Mean ± standard deviation over n runs on the whole test set. “paper” is what Tables 1 and 2 print "
    "for the row of that name, at the paper's scale (10,000 steps); * means that the paper left FS out. Δ"
    " is the mean ± standard deviation of the paired differences to the baseline, draw by draw."
)
CHOSEN = (
    "† The better of two variants, chosen on the test set as the paper's PMI-best is: an optimistic "
    "number, which is compared with nothing. ‡ The same choice made run by run, by cross-validation "
    "within the shots."
)
COMPARED = (
    "Every row against {baseline}, over the draws that both met: the same task, model, shots and seed, "
    "several pretrainings of a draw averaged first. The interval is a BCa bootstrap of the mean "
    "difference. Holm's correction of the sign-flip p runs over all rows of a table. “ahead” is the share"
    " of draws won, ties counting half. “detectable Δ” is the smallest true difference that a paired t "
    "test finds with power 0.8 at this n and spread; the last power is against the difference that the "
    "paper prints."
)
ENCODERS = (
    "Draws share their encoders: these tests speak of the encoders at hand, and of a masking strategy "
    "only as far as there are several pretrainings."
)
RANKED = (
    "{title}: {methods} rows ranked by mean accuracy in {blocks} cells of task and shots{friedman}. Rows "
    "joined by a bar differ by less than Nemenyi's critical difference at 0.05."
)


def scores_section(cells: list[Cell], pairs: list[Against]) -> Section | None:
    """Accuracy and AUC beside the paper's; None without a cell."""
    if not cells:
        return None
    notes = [READING, *([CHOSEN] if any(cell.chosen for cell in cells) else [])]
    collapsed = len({run.directory for cell in cells for run in cell.collapsed})
    if collapsed:
        notes.append(f"Fine-tunings that gave every test sequence one class: {collapsed}; they count.")
    return Section("scores", "Accuracy and AUC", notes, score_tables(pairs), learning_curves(cells))


def comparisons_section(pairs: list[Against], baseline: str) -> Section | None:
    """Paired differences to the baseline; None while nothing can be paired."""
    tables, notes = comparison_tables(pairs), [COMPARED.format(baseline=baseline), ENCODERS]
    return Section("comparisons", "Paired comparisons", notes, tables, differences(pairs)) if tables else None


def ranks_section(cells: list[Cell]) -> Section | None:
    """A critical-difference diagram of every model that has two rows in two cells."""
    plots, notes = [], []
    for model in sorted({cell.model for cell in cells} - {NO_ENCODER}):
        ranked = rank_methods([cell for cell in cells if cell.model == model])
        if ranked:
            methods, found = ranked
            plots.append(critical_differences(methods, found, model))
            p = "" if found.friedman is None else f"; Friedman's p {found.friedman:.3f}"
            title = plots[-1].title
            notes.append(RANKED.format(title=title, methods=len(methods), blocks=found.blocks, friedman=p))
    return Section("ranks", "Average ranks", notes, [], plots) if plots else None
