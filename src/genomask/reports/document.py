"""A report as a document: sections with notes, tables and plots, written by Markdown and HTML alike."""

from typing import Any, NamedTuple

from genomask.reports.statistics.summary import Interval

ABSENT = "-"


class Table(NamedTuple):
    """A table of text. Columns whose head starts with ``<`` are text and stand left; others are numbers."""

    title: str
    columns: list[str]
    rows: list[list[str]]

    @property
    def heads(self) -> list[str]:
        """The columns' heads as they are read."""
        return [column.removeprefix("<") for column in self.columns]


class Plot(NamedTuple):
    """A plotly figure as plain JSON: ``data`` and ``layout``; ``height`` in pixels."""

    title: str
    data: list[dict[str, Any]]
    layout: dict[str, Any]
    height: int = 360


class Section(NamedTuple):
    """One question and its answer."""

    name: str
    title: str
    notes: list[str]
    tables: list[Table] = []  # noqa: RUF012  (never changed)
    plots: list[Plot] = []  # noqa: RUF012


class Document(NamedTuple):
    """The whole report; ``warnings`` stand before everything else."""

    title: str
    facts: list[tuple[str, str]]
    warnings: list[str]
    sections: list[Section]


def spread(mean: float, sd: float | None, *, signed: bool = False) -> str:
    """``mean ± sd`` to three decimals, as the paper writes it; without a spread the mean alone."""
    first = f"{mean:+.3f}" if signed else f"{mean:.3f}"
    return first if sd is None else f"{first} ± {sd:.3f}"


def interval_text(interval: Interval | None) -> str:
    """An interval of a difference, both ends signed."""
    return f"{interval.low:+.3f} to {interval.high:+.3f}" if interval else ABSENT


def p_value(p: float | None) -> str:
    """A p-value to three decimals; never 0."""
    if p is None:
        return ABSENT
    return "< 0.001" if p < 0.0005 else f"{p:.3f}"


def number(value: float | None, digits: int = 3) -> str:
    """A number, or ``-`` where there is none."""
    return ABSENT if value is None else f"{value:.{digits}f}"


def markdown(document: Document) -> str:
    """The whole document; plots are left to the page."""
    lines = [f"# {document.title}", ""]
    lines += [line for warning in document.warnings for line in (f"> **{warning}**", "")]
    lines += [f"- {name}: {value}" for name, value in document.facts]
    for section in document.sections:
        lines += ["", *_section(section)]
    return "\n".join(lines) + "\n"


def _section(section: Section) -> list[str]:
    lines = [f"## {section.title}", ""]
    for note in section.notes:
        lines += [note, ""]
    for table in section.tables:
        lines += [*([f"### {table.title}", ""] if table.title else []), *_table(table), ""]
    return lines[:-1]


def _table(table: Table) -> list[str]:
    sides = ["---" if column.startswith("<") else "---:" for column in table.columns]
    return [_row(table.heads), _row(sides), *(_row(row) for row in table.rows)]


def _row(values: list[str]) -> str:
    escaped = (value.replace("|", "\\|").replace("\n", " ") for value in values)
    return f"| {' | '.join(escaped)} |"
