"""A report as a document: sections with notes, tables and plots, written by Markdown and HTML alike."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from genomask.console import aligned
from genomask.reports.statistics import Interval

ABSENT = "-"


class Entry(str):
    """A cell's text; ``full`` shows on hover and in the CSV, ``spark`` holds values of a small curve beside it."""

    __slots__ = ("full", "spark")
    full: str
    spark: tuple[float | None, ...]

    def __new__(cls, text: str, *, full: str = "", spark: Iterable[float | None] = ()) -> "Entry":
        entry = super().__new__(cls, text)
        entry.full, entry.spark = full, tuple(spark)
        return entry


class Table(NamedTuple):
    """A table of text. Columns whose head starts with ``<`` are text and stand left; others are numbers.

    The first ``keys`` columns say where a row belongs: readers filter by them, a phone shows them below the
    row's name, and those that are the same in all rows stand above the table instead.
    """

    title: str
    columns: list[str]
    rows: list[list[str]]
    keys: int = 0
    notes: Sequence[str] = ()

    @classmethod
    def of(cls, title: str, rows: list[dict[str, str]], keys: int = 0, remarks: Sequence[list[str]] = ()) -> "Table":
        """A table of rows that all have the same columns.

        Remarks on the rows become footnotes: each is written once, with its mark and its number of rows.
        """
        counts = Counter(remark for own in remarks for remark in own)
        marks = {remark: str(mark) for mark, remark in enumerate(counts, start=1)}
        notes = [f"{marks[each]}: {each} ({n} row{'s' if n > 1 else ''})" for each, n in counts.items()]
        marked = [{"<notes": ",".join(marks[each] for each in own)} for own in remarks] or [{}] * len(rows)
        lines = [row | mark for row, mark in zip(rows, marked, strict=True)]
        return cls(title, list(lines[0]) if lines else [], [list(line.values()) for line in lines], keys, notes)

    def lines(self, *heads: str) -> list[str]:
        """These columns and the keys as lines for a terminal."""
        chosen = [n for n, head in enumerate(self.heads) if n < self.keys or head in heads]
        return aligned([[row[n] for n in chosen] for row in [self.heads, *self.rows]])

    @property
    def heads(self) -> list[str]:
        """The columns' heads as they are read."""
        return [column.removeprefix("<") for column in self.columns]

    def compact(self) -> "Table":
        """The table without columns that hold nothing, and without keys that tell no rows apart."""
        columns = {n: {row[n] for row in self.rows} for n in range(len(self.columns))}
        filled = [n for n, values in columns.items() if not values <= {"", ABSENT}]
        same = [n for n in filled if n < self.keys and len(columns[n]) == 1]
        kept = [n for n in filled if n not in same]
        title = ", ".join(filter(None, [self.title, *(f"{self.heads[n]} {self.rows[0][n]}" for n in same)]))
        rows = [["" if row[n] == ABSENT and n >= self.keys else row[n] for n in kept] for row in self.rows]
        keys = sum(n < self.keys for n in kept)
        return Table(title[:1].upper() + title[1:], [self.columns[n] for n in kept], rows, keys, self.notes)


class Plot(NamedTuple):
    """A plotly figure as plain JSON, ``height`` in pixels; a reader chooses among the ``choice``s of a section."""

    title: str
    data: list[dict[str, Any]]
    layout: dict[str, Any]
    height: int = 360
    choice: str = ""


class Section(NamedTuple):
    """One question and its answer."""

    name: str
    title: str
    notes: Sequence[str] = ()
    tables: Sequence[Table] = ()
    plots: Sequence[Plot] = ()

    def compact(self) -> "Section":
        """The section without empty tables, its tables without empty columns."""
        return self._replace(tables=[table.compact() for table in self.tables if table.rows])

    @property
    def choices(self) -> list[str]:
        """What the plots can be chosen by."""
        return [choice for choice in dict.fromkeys(plot.choice for plot in self.plots) if choice]


class Document(NamedTuple):
    """The whole report; the answer and the warnings stand before everything else."""

    title: str
    answer: list[str]
    facts: list[tuple[str, str]]
    warnings: list[str]
    sections: list[Section]


def spread(mean: float, sd: float | None) -> str:
    """``mean ± sd`` to three decimals, as the paper writes it; without a spread the mean alone."""
    return f"{mean:.3f}" if sd is None else f"{mean:.3f} ± {sd:.3f}"


def interval_text(interval: Interval | None) -> str:
    """An interval of a difference, both ends signed."""
    return f"{interval.low:+.3f} to {interval.high:+.3f}" if interval else ABSENT


def p_text(p: float | None) -> str:
    """A p-value to three decimals; never 0."""
    return "< 0.001" if p is not None and p < 0.0005 else number(p)


def number(value: float | None, digits: int = 3) -> str:
    """A number, or ``-`` where there is none."""
    return ABSENT if value is None else f"{value:.{digits}f}"


def markdown(document: Document) -> str:
    """The whole document as Markdown; plots are left to the page."""
    lines = [f"# {document.title}", *document.answer, *(f"> **{warning}**" for warning in document.warnings)]
    lines.append("\n".join(f"- {name}: {value}" for name, value in document.facts))
    for section in document.sections:
        if section.tables or section.notes:
            lines += [f"## {section.title}", *section.notes]
        for table in section.tables:
            sides = ["---" if column.startswith("<") else "---:" for column in table.columns]
            lines += [f"### {table.title}"] if table.title else []
            lines += ["\n".join(map(_row, [table.heads, sides, *table.rows])), *table.notes]
    return "\n\n".join(filter(None, lines)) + "\n"


def _row(values: list[str]) -> str:
    escaped = (value.replace("|", "\\|").replace("\n", " ") for value in values)
    return f"| {' | '.join(escaped)} |"
